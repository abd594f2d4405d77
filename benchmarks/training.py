"""Training speed: listill against sentence-transformers and against the method of the papers.

python benchmarks/training.py [--quick]

The systems run in turns on the same task, each in a separate process. A passage counts once for every list that
contains it, even if it is encoded only once. `listill-lean` is listill limited to the memory of the papers' method. The
last lines are `NAME ratio VALUE`: listill's passages per second as a multiple of those of the other system (median of
the repetitions), and its peak memory as a multiple of the other's.
"""

import argparse
import dataclasses
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "workflow"), str(HERE)]

from sides import Task  # noqa: E402

SHAPES = {"minilm": (6, 384, 1536), "bert-base": (12, 768, 3072)}  # layers, width, inner width; 12 heads


def texts(folder: Path, mixed: bool) -> Path:
    """Write real passages (docstrings of numpy and pandas) as JSON.

    If not ``mixed``, neighbours are joined, so that all passages are long.
    """
    from listill.corpus.sources.python_api import PythonApi

    corpus = PythonApi(kind="python_api", packages=["numpy", "pandas"]).read()
    passages = [f"{doc.title}\n{doc.text}" for doc in corpus.documents]
    if not mixed:
        passages = [" ".join(passages[i : i + 8]) for i in range(len(passages))]
    path = folder / f"texts-{mixed}.json"
    path.write_text(json.dumps(passages))
    return path


def model(folder: Path, shape: str, passages: list[str]) -> Path:
    """Save a BERT of the given shape with random weights and a WordPiece vocabulary trained on the passages."""
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.sentence_transformer.modules import Normalize, Pooling, Transformer
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertConfig, BertModel, BertTokenizerFast

    pieces = BertWordPieceTokenizer()
    pieces.train_from_iterator(passages, vocab_size=30_522, show_progress=False)
    pieces.save(str(folder / "tokenizer.json"))
    tokenizer = BertTokenizerFast(tokenizer_file=str(folder / "tokenizer.json"), model_max_length=512)
    layers, width, inner = SHAPES[shape]
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=30_522,
        num_hidden_layers=layers,
        hidden_size=width,
        intermediate_size=inner,
        num_attention_heads=12,
    )
    bert = folder / "bert"
    BertModel(config).save_pretrained(bert)
    tokenizer.save_pretrained(bert)
    out = folder / shape
    modules = [Transformer(str(bert)), Pooling(width, pooling_mode="mean"), Normalize()]
    SentenceTransformer(modules=modules, device="cpu").save_pretrained(str(out))
    return out


def matmul_rate() -> float:
    """Return the measured rate of bf16 matrix products, in floating-point operations per second."""
    device = "cuda" if torch.cuda.is_available() else "cpu"
    size = 8192 if device == "cuda" else 1536
    one, two = (torch.randn(size, size, device=device, dtype=torch.bfloat16) for _ in range(2))
    best = 0.0
    for _ in range(6):
        start = time.perf_counter()
        for _ in range(5):
            one @ two
        if device == "cuda":
            torch.cuda.synchronize()
        best = max(best, 5 * 2 * size**3 / (time.perf_counter() - start))
    return best


def operations(task: Task, shape: str) -> float:
    """Return the minimum floating-point operations of a step, for its distinct passages without padding.

    Forward and backward pass take three times the matrix products of the forward pass. In each layer, these are
    2 (4 d^2 + 2 d f) per token, and 4 n d per token for attention over n tokens.
    """
    from transformers import AutoTokenizer

    queries, passages, lists = task.data()
    layers, width, inner = SHAPES[shape]
    first = lists[: task.batch]
    distinct = [passages[p] for p in sorted({int(p) for row in first for p in row})] + queries[: task.batch]
    tokenizer = AutoTokenizer.from_pretrained(task.model)
    lengths = [len(ids) for ids in tokenizer(distinct, truncation=True, max_length=task.tokens)["input_ids"]]
    return 3 * layers * sum(n * 2 * (4 * width**2 + 2 * width * inner) + 4 * n * n * width for n in lengths)


def run(side: str, task: Task, threads: int) -> dict[str, object]:
    """Run one system in a separate process."""
    paths = os.pathsep.join([str(HERE.parent / "workflow"), os.environ.get("PYTHONPATH", "")])
    env = {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": str(threads)}
    env |= {"OMP_WAIT_POLICY": "PASSIVE", "GOMP_SPINCOUNT": "20000"}  # as in listill's stages, for all systems
    if side.startswith("listill"):
        env["ONEDNN_PRIMITIVE_CACHE_CAPACITY"] = "64"  # as in listill's stages
    command = [sys.executable, str(HERE / "sides.py"), side, json.dumps(dataclasses.asdict(task)), str(threads)]
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{side}: {done.stderr[-2000:]}")
    measured: dict[str, object] = json.loads(done.stdout.splitlines()[-1])
    return measured


def tasks(folder: Path, quick: bool, gpu: bool) -> list[tuple[str, str, Task]]:
    """Return (name, shape, task)."""
    shape = "bert-base" if gpu else "minilm"
    files = {mixed: texts(folder, mixed) for mixed in (True, False)}
    base = Task(
        model=str(model(folder, shape, json.loads(files[True].read_text()))),
        texts=str(files[True]),
        batch=16,
        length=8,
        tokens=128,
        steps=6,
        fits=True,
    )
    large = {"texts": str(files[False]), "tokens": 512}
    if gpu:
        settings = {
            "batch32-list20-mixed": {"batch": 32, "length": 20, "tokens": 512, "steps": 10},
            "batch256-list20-mixed": {"batch": 256, "length": 20, "tokens": 512, "steps": 1, "fits": False},
            "batch4096-list20-mixed": {"batch": 4096, "length": 20, "tokens": 512, "steps": 1, "fits": False},
            "batch1024-list20-512": {"batch": 1024, "length": 20, "steps": 1, "fits": False, **large},
        }
        if quick:
            settings = {name: settings[name] for name in ("batch32-list20-mixed", "batch256-list20-mixed")}
    else:
        cached = {"steps": 1, "fits": False}
        if quick:
            settings = {
                "batch16-list8": {"steps": 3},
                "batch16-list20": {"length": 20, "steps": 1},
                "batch64-list8-cached": {"batch": 64, **cached},
            }
        else:
            settings = {
                "batch16-list8": {},
                "batch16-list20": {"length": 20, "steps": 3},
                "batch128-list8-cached": {"batch": 128, **cached},
                "batch64-list8": {"batch": 64, "steps": 2},
                "batch16-list8-512": {"steps": 3, **large},
            }
    return [
        (name, shape, dataclasses.replace(base, **changes))  # type: ignore[arg-type]
        for name, changes in settings.items()
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="fewer tasks and repetitions: under 10 minutes on 2 cores")
    parser.add_argument("--tasks", nargs="*", metavar="NAME", help="tasks to run; default: all")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    gpu = torch.cuda.is_available()
    machine = (
        torch.cuda.get_device_name()
        if gpu
        else f"{platform.processor() or platform.machine()}, {options.threads} threads"
    )
    rate = matmul_rate()
    print(f"# {time.strftime('%Y-%m-%d')}; {machine}; torch {torch.__version__}; bf16 matmul {rate / 1e12:.2f} TFLOP/s")
    sides = ["listill", "listill-lean", "sentence-transformers", "papers"]
    if gpu:
        sides.remove("listill-lean")  # LEAN is chosen for CPUs
    elif not options.quick:
        sides.append("sentence-transformers-eager")
    ratios: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, shape, task in tasks(Path(folder), options.quick, gpu):
            if options.tasks and name not in options.tasks:
                continue
            speeds: dict[str, list[float]] = {side: [] for side in sides}
            peaks: dict[str, float] = {}
            for _ in range(1 if options.quick else 2):
                for side in sides:
                    measured = run(side, task, options.threads)
                    seconds: list[float] = measured["seconds"]  # type: ignore[assignment]
                    speeds[side].append(task.batch * task.length / statistics.median(seconds))
                    peaks[side] = max(peaks.get(side, 0.0), float(measured["peak"]))  # type: ignore[arg-type]
            middle = {side: statistics.median(values) for side, values in speeds.items()}
            share = operations(task, shape) / (task.batch * task.length / middle["listill"]) / rate
            print(f"\n## {name} ({shape}, {task.tokens} tokens; listill at {share:.0%} of the matmul rate)")
            for side in sides:
                print(f"{side:28} {middle[side]:9.1f} passages/s {peaks[side]:9.0f} MB")
            others = [side for side in sides if not side.startswith("listill")]
            for ours in [side for side in sides if side not in others]:
                title = name + ours.removeprefix("listill")
                ratios += [f"{title}-{other} ratio {middle[ours] / middle[other]:.2f}" for other in others]
                ratios += [f"{title}-{other}-memory ratio {peaks[ours] / peaks[other]:.2f}" for other in others]
            sys.stdout.flush()
    print("\n" + "\n".join(ratios))


if __name__ == "__main__":
    main()
