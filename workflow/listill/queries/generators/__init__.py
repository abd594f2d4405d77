"""Generators, one file each, named after their ``kind`` in the config.

A generator is a module with ``generate(settings, collection, passages, seed)`` that returns a frame with the columns
``query_id, text, type, doc_id, generator, prompt, seed, finish_reason, start, end``; ``passages`` are positions in the
collection.
"""

import importlib

import pandas as pd

from listill.corpus.collection import Collection
from listill.settings import Extractive, Own


def generate(settings: Extractive | Own, collection: Collection, passages: list[int], seed: int) -> pd.DataFrame:
    """Run the generator that ``settings`` is of."""
    module = importlib.import_module(f"listill.queries.generators.{settings.kind}")
    return module.generate(settings, collection, passages, seed)
