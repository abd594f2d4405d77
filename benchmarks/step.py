"""A training step of the papers' size: how long it takes, and where the time goes.

python benchmarks/step.py [--queries 4096] [--length 20] [--tokens 32] [--share 0.01]

The model has the shape of BERT-base and random weights. A step has `--queries` queries with lists of `--length` passages of
`--tokens` random tokens; passages are drawn from a corpus in which lists share about 2 % of them. Losses and negatives are
the defaults: listwise and InfoNCE over the whole step, with 80 further candidates per query that the teacher scored.

The table has the time up to the first gradient, that of the embeddings: collation (which the workflow does while the last
step is trained), encoding without activations, as of texts that do not fit into memory, and the losses with their backward
pass. `--share` of the chunks is encoded, and the time of the others is extrapolated; collation and losses have the full
size. Without a GPU, all of these are processor time. With a GPU, whole steps are trained, too: passages per second, the
share of the measured rate of bf16 matrix products, and peak memory.
"""

import argparse
import platform
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import TypeVar

import numpy as np
import torch

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "workflow"), str(HERE)]

from sides import peak  # noqa: E402

from listill.ragged import Ragged  # noqa: E402
from listill.retrieval.encoder import Encoder  # noqa: E402
from listill.retrieval.tokens import Tokens  # noqa: E402
from listill.settings.students import Student  # noqa: E402
from listill.settings.training import Recipe  # noqa: E402
from listill.training import allocator, batches, loop  # noqa: E402
from listill.training.blocks import Blocks  # noqa: E402
from listill.training.engine import Engine, padded  # noqa: E402
from listill.training.examples import Examples  # noqa: E402
from listill.training.parts import Part  # noqa: E402
from listill.training.processes import Processes  # noqa: E402
from listill.training.state import State  # noqa: E402
from training import SHAPES, matmul_rate, model  # noqa: E402

Item = TypeVar("Item")
OTHERS = 80  # candidates of each query that its list leaves out
WORDS = [f"{a}{b}" for a in "bcdfghjklmnpqrstvwz" for b in "aeiou"]  # of which the tokenizer's vocabulary is made
GOAL_TRAINING, GOAL_ENCODING = 0.55, 0.65


class Share(Processes):
    """Processes of which this one encodes a share of the chunks, evenly spread; the others' embeddings are random."""

    def __init__(self, share: float) -> None:
        super().__init__()
        self.every = max(1, round(1 / share))

    def share(self, items: Sequence[Item]) -> list[Item]:
        """Return every n-th item."""
        return list(items[:: self.every])

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Fill the rows that have not been encoded with random vectors of length 1."""
        missing = ~tensor.any(1)
        tensor[missing] = torch.nn.functional.normalize(torch.randn_like(tensor[missing]), dim=1)
        return tensor


def examples(queries: int, length: int) -> Examples:
    """Return random lists with scores as of a teacher; 1 of 20 texts is a duplicate of another one."""
    draw = np.random.default_rng(0)
    texts = queries * length * 25
    group = np.arange(texts)
    group[1::20] = group[::20][: len(group[1::20])]
    lists = draw.integers(0, texts, (queries, length))
    scores = -np.sort(-draw.normal(size=(queries, length)).astype(np.float32), axis=1)
    others = draw.integers(0, texts, (queries, OTHERS))
    others_scores = draw.normal(size=(queries, OTHERS)).astype(np.float32)

    def rows(matrix: np.ndarray) -> Ragged:
        return Ragged(matrix.ravel(), np.arange(len(matrix) + 1) * matrix.shape[1])

    return Examples(
        query_ids=[""] * queries,
        types=["lead"] * queries,
        queries=[""] * queries,
        lists=rows(lists),
        scores=rows(scores),
        relevant=rows(group[lists[:, :1]]),
        texts=[""] * texts,
        group=group,
        document=np.arange(texts),
        left_out=(rows(group[others]), rows(others_scores)),
    )


def random_tokens(encoder: Encoder, texts: int, length: int) -> Tokens:
    """Return texts of ``length`` random tokens between the tokenizer's special ones."""
    tokenizer = encoder.model.tokenizer
    ids = np.random.default_rng(1).integers(5, len(tokenizer), (texts, length), dtype=np.int32)
    ids[:, 0], ids[:, -1] = tokenizer.cls_token_id, tokenizer.sep_token_id
    return Tokens(ids.ravel(), np.arange(texts + 1) * length, 1)


def operations(lengths: np.ndarray, passes: int) -> float:
    """Return the floating-point operations of texts with these numbers of tokens; a forward pass counts once.

    In each layer, these are 2 (4 d^2 + 2 d f) per token, and 4 n d per token for attention over n tokens.
    """
    layers, width, inner = SHAPES["bert-base"]
    return float(passes * layers * (lengths * 2 * (4 * width**2 + 2 * width * inner) + 4 * lengths**2 * width).sum())


def now(device: torch.device) -> float:
    """Return the time when the device has done all its work; without a GPU, processor time, as others may use the machine."""
    if device.type == "cuda":
        torch.cuda.synchronize()
        return time.perf_counter()
    return time.process_time()


def first_gradient(
    training: loop.Training, step: batches.Step, share: float, memory: float
) -> tuple[dict[str, float], int]:
    """Return the seconds of encoding a step and of its losses, up to the gradient of the embeddings; and the blocks."""
    encoder, part, recipe = training.encoder, training.parts[0], training.recipe
    processes = Share(share)
    engine = Engine(encoder, memory, processes)
    engine.bytes_per_token = 1.0  # chunks are limited by the token budget only
    chunks = engine._chunks("query", part.queries, step.queries, 0)
    chunks += engine._chunks("document", part.texts, step.texts, len(step.queries))
    local = processes.share(chunks)
    start = now(encoder.device)
    engine._forward(local, 0.0)  # no activations are kept
    encoding = (now(encoder.device) - start) * sum(map(padded, chunks)) / sum(map(padded, local))
    embeddings = torch.zeros((len(step.queries) + len(step.texts), encoder.dimension), device=encoder.device)
    for chunk in local:
        assert chunk.embeddings is not None
        embeddings[chunk.rows] = chunk.embeddings
    processes.sum(embeddings)
    start = now(encoder.device)
    loss = Blocks(step.to(encoder.device), recipe.losses, part.temperatures, memory * loop.LOSS_SHARE)
    engine._loss(loss, *embeddings.split([len(step.queries), len(step.texts)]))
    return {"encoding": encoding, "losses": now(encoder.device) - start}, -(
        -len(step.queries) // loss.queries_per_block
    )


def report(times: dict[str, list[float]], share: float) -> None:
    """Print the median seconds of each part of the step, and its share."""
    seconds = {name: statistics.median(values) for name, values in times.items()}
    total = sum(seconds.values())
    for name, value in seconds.items():
        note = f" (extrapolated from {share:.1%} of the chunks)" if name == "encoding" and share < 1 else ""
        print(f"{name:10} {value:10.3f} s {value / total:8.3%}{note}")
    print(f"{'step':10} {total:10.3f} s up to the first gradient")
    print(f"collation-share ratio {seconds['collation'] / total:.6f}")


def train(training: loop.Training, steps: int, rate: float) -> None:
    """Train whole steps on a GPU, and print their speed."""
    state, seconds, counts, tokens = State(history=[{}]), [], [], []
    for step in training.collated(0):
        start = now(training.encoder.device)
        training.advance(state, step)
        seconds.append(now(training.encoder.device) - start)
        counts.append(step.lists.numel())
        part = training.parts[0]
        tokens.append(np.concatenate([part.queries.lengths[step.queries], part.texts.lengths[step.texts]]))
    for number in range(1, steps):
        work = operations(tokens[number], 3) / seconds[number] / rate
        print(f"step {number}: {seconds[number]:.2f} s, {counts[number] / seconds[number]:.0f} passages/s, ", end="")
        print(f"{work:.1%} of the matmul rate (goal {GOAL_TRAINING:.0%}), peak {peak():.0f} MB")


def encode(encoder: Encoder, texts: Tokens, rate: float) -> None:
    """Encode texts on a GPU, and print the speed."""
    encoder.encode(texts.take(np.arange(min(len(texts), 4096))), "document")
    start = now(encoder.device)
    encoder.encode(texts, "document")
    seconds = now(encoder.device) - start
    share = operations(texts.lengths, 1) / seconds / rate
    print(f"encoding {len(texts) / seconds:.0f} passages/s, {share:.1%} of the matmul rate (goal {GOAL_ENCODING:.0%})")


def main() -> None:
    gpu = torch.cuda.is_available()
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--queries", type=int, default=4096)
    parser.add_argument("--length", type=int, default=20, help="passages per list")
    parser.add_argument("--tokens", type=int, default=128 if gpu else 32, help="tokens per passage")
    parser.add_argument("--share", type=float, default=1.0 if gpu else 0.01, help="share of the chunks to encode")
    parser.add_argument("--memory", type=float, help="training.memory; default: that of the workflow")
    parser.add_argument("--steps", type=int, default=3, help="repetitions")
    parser.add_argument("--quick", action="store_true", help="a tenth of the queries, one repetition")
    options = parser.parse_args()
    if options.quick:
        options.queries, options.steps = options.queries // 10, 1
    allocator.keep_freed()  # as in the stage train
    rate = matmul_rate()
    machine = torch.cuda.get_device_name() if gpu else f"{platform.machine()}, {torch.get_num_threads()} threads"
    print(f"# {time.strftime('%Y-%m-%d')}; {machine}; torch {torch.__version__}; bf16 matmul {rate / 1e12:.2f} TFLOP/s")
    with tempfile.TemporaryDirectory() as folder:
        student = Student(model=str(model(Path(folder), "bert-base", WORDS)), precision="bf16")
        encoder = Encoder(student, trainable=True)
    data = examples(options.queries, options.length)
    tokens = tuple(random_tokens(encoder, count, options.tokens) for count in (options.queries, len(data.texts)))
    settings = {"batch": options.queries, "epochs": options.steps, "memory": options.memory}
    recipe = Recipe.model_validate({**settings, "temperatures": {"teacher": 0.3}})
    part = Part(data, *tokens, recipe.temperatures, None)  # type: ignore[arg-type]
    training = loop.Training(encoder, [part], recipe, seed=0)
    memory = loop.memory(recipe, encoder.device)
    times: dict[str, list[float]] = {"collation": [], "encoding": [], "losses": []}
    for turn in training.steps[: options.steps]:
        start = now(encoder.device)
        step = training._collate(turn)
        times["collation"].append(now(encoder.device) - start)
        seconds, blocks = first_gradient(training, step, options.share, memory)
        for name, value in seconds.items():
            times[name].append(value)
    per_query = 1e3 * statistics.median(times["collation"]) / options.queries
    print(f"{options.queries} queries, {len(step.texts)} distinct passages of {options.tokens} tokens")
    print(f"collation {per_query:.4f} ms per query; losses in {blocks} blocks of queries; peak {peak():.0f} MB")
    report(times, options.share)
    if gpu:
        train(training, options.steps, rate)
        with tempfile.TemporaryDirectory() as folder:
            student = Student(model=str(model(Path(folder), "bert-base", WORDS)), precision="bf16")
            encode(Encoder(student), part.texts.take(np.arange(32_768)), rate)


if __name__ == "__main__":
    main()
