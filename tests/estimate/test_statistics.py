from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd

from listill.estimate.statistics import Contents, of_source, of_tables, statistics
from listill.frozen import parse
from listill.settings.config import Settings


def words(texts: list[str]) -> np.ndarray:
    return np.array([len(text.split()) for text in texts])


def test_source_and_tables_give_the_same_numbers(finished: Path, settings: dict[str, Any]) -> None:
    parsed = parse(Settings, settings, "config")
    of_run = of_tables(flow.results(finished))
    assert of_run is not None
    first, second = (statistics(one, words) for one in (of_run, of_source(parsed.corpora[flow.CORPUS], parsed.seed)))
    assert {key: value for key, value in vars(first).items() if "lengths" not in key} == {
        key: value for key, value in vars(second).items() if "lengths" not in key
    }
    np.testing.assert_array_equal(first.lengths, second.lengths)
    np.testing.assert_array_equal(first.query_lengths, second.query_lengths)


def test_the_numbers_of_the_tiny_corpus(finished: Path) -> None:
    folder = flow.results(finished)
    contents = of_tables(folder)
    assert contents is not None
    known = statistics(contents, words)
    corpus, heldout = (pd.read_parquet(folder / f"{name}.parquet") for name in ("corpus", "heldout"))
    assert known.documents == 60
    assert known.characters == corpus["text"].str.len().sum() + corpus["title"].str.len().sum()
    assert known.trainable == 60 - len(heldout)
    assert known.relevant == 16  # the relevant documents of 20 train topics less those of 4 dev topics
    assert known.topics == {"train": 16, "dev": 4, "test": 20}
    assert known.heldout == heldout["split"].value_counts().to_dict()
    assert known.lengths.mean() == words((corpus["title"] + " " + corpus["text"]).tolist()).mean()
    assert known.tokens(5) == 5
    assert known.query_tokens(1000) == known.query_lengths.mean()


def test_queries_without_topics(finished: Path) -> None:
    contents = of_tables(flow.results(finished))
    assert contents is not None
    without = Contents(contents.collection, contents.topics[:0], contents.qrels, contents.heldout)
    assert all(0 < len(text.split()) <= 12 for text in without.queries(5))
    assert len(without.queries(5)) == 5


def test_a_folder_without_tables(tmp_path: Path) -> None:
    assert of_tables(tmp_path) is None
