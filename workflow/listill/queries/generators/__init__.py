"""Generators, one file each, named after their ``kind`` in the config.

One that needs no model is a module with ``generate(settings, collection, passages, seed)``, which returns a frame with the
columns ``query_id, text, type, doc_id, generator, prompt, seed, finish_reason, start, end``; ``passages`` are positions in
the collection. One with a language model has ``answers(settings, requests, work, details)``, which yields the answers to
the requests in batches, in any order; ``work`` is a folder for messages, ``details`` takes what is to be noted (versions).
"""

import importlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from listill.corpus.collection import Collection
from listill.queries.answers import Answer
from listill.queries.requests import Request
from listill.settings import Extractive, OpenAi, Own, Transformers, Vllm


def generate(settings: Extractive | Own, collection: Collection, passages: list[int], seed: int) -> pd.DataFrame:
    """Run the generator that ``settings`` is of."""
    module = importlib.import_module(f"listill.queries.generators.{settings.kind}")
    return module.generate(settings, collection, passages, seed)


def answers(
    settings: Vllm | OpenAi | Transformers, requests: list[Request], work: Path, details: dict[str, Any]
) -> Iterator[list[Answer]]:
    """Put the requests to the language model that ``settings`` is of."""
    module = importlib.import_module(f"listill.queries.generators.{settings.kind}")
    return module.answers(settings, requests, work, details)
