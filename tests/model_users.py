"""All that reads the folder of a model: students, each kind of teacher, and the generator; and a small model for each."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

import tiny
import tiny_chat
import tiny_rerankers
from plain_rerankers import member

TEXTS = ["lava and ash", "The old crater of the volcano depends on the lava and the ash, and on much else. " * 3]


def student(folder: Path, **settings: Any) -> np.ndarray:
    """Encode two texts of different lengths."""
    from listill.retrieval.encoder import Encoder
    from listill.settings.students import Student

    encoder = Encoder(Student.model_validate({"model": str(folder), "precision": "fp32", **settings}))
    return encoder.encode(TEXTS, "document")


def teacher(folder: Path, kind: str, **settings: Any) -> np.ndarray:
    """Score a query with two passages of different lengths."""
    from listill.corpus.collection import Collection
    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources

    pairs = Pairs(
        Collection(["1", "2"], [None, None], TEXTS, np.arange(2), "{text}"),
        ["which volcano"],
        np.array([0, 0]),
        np.array([0, 1]),
        [],
    )
    one = member(kind=kind, model=str(folder), precision="fp32", **settings)
    one.identity(None)
    return one.score(pairs, Resources(None, {}, {}))  # type: ignore[arg-type]


def generator(folder: Path, **settings: Any) -> np.ndarray:
    """Answer two prompts of different lengths."""
    from listill.queries.engines import transformers
    from listill.queries.generators.transformers import Transformers
    from listill.queries.requests import Request

    options = {"precision": "fp32", "max_tokens": 3, **settings}
    asked = Transformers(kind="transformers", model=str(folder), **options)  # type: ignore[arg-type]
    requests = [Request(str(i), "d", "question", "p", i, text) for i, text in enumerate(TEXTS)]
    answers = [answer for batch in transformers.answers(asked, requests) for answer in batch]
    return np.array([answer.prompt_tokens for answer in answers], dtype=np.float32)


def cross_encoder(folder: Path, **settings: Any) -> np.ndarray:
    """Score with a cross-encoder."""
    return teacher(folder, "cross_encoder", **{"max_length": 100} | settings)


def causal(folder: Path, **settings: Any) -> np.ndarray:
    """Score with a causal language model."""
    return teacher(folder, "causal", **{"max_length": 200, "format": "bge-gemma"} | settings)


def t5(folder: Path, **settings: Any) -> np.ndarray:
    """Score with a T5."""
    return teacher(folder, "t5", **{"max_length": 200, "format": "rankt5"} | settings)


def late_interaction(folder: Path, **settings: Any) -> np.ndarray:
    """Score with token vectors."""
    return teacher(folder, "late_interaction", **settings)


def chat_model(folder: Path) -> Path:
    """Save a model for the generator."""
    return tiny_chat.make_chat_model(folder, "qwen")


# What reads a model, and what makes a model for it.
USERS: dict[str, tuple[Callable[..., np.ndarray], Callable[[Path], Path]]] = {
    "student": (student, tiny.make_tiny_model),
    "cross_encoder": (cross_encoder, tiny_rerankers.bert_classifier),
    "modular": (cross_encoder, tiny_rerankers.modular),
    "causal": (causal, tiny_rerankers.llama),
    "t5": (t5, tiny_rerankers.t5),
    "late_interaction": (late_interaction, tiny.make_tiny_model),
    "generator": (generator, chat_model),
}
