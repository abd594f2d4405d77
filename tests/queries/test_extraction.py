"""Extraction from passages in other scripts and languages, and from long ones."""

import time

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.queries.generators.extractive import Extractive


def generate_one(title: str | None, text: str, **settings: object) -> pd.DataFrame:
    alone = Collection(["d"], [title], [text], np.arange(1))
    return Extractive(kind="extractive", **settings).generate(alone, [0], 7)  # type: ignore[arg-type]


def test_queries_in_a_script_without_blanks_have_none() -> None:
    text = "没有面粉的面包店很快就会关门。每个面包店都需要新的烤箱。" * 2
    made = generate_one(None, text, types={"lead": 1, "cloze": 1, "crop": 1, "keyphrases": 1})
    assert set(made["type"]) == {"lead", "cloze", "crop", "keyphrases"}
    cut = made[made["start"].notna()]
    assert not cut["text"].str.contains(" ").any()
    for row in cut.itertuples():
        rest = iter(text[row.start : row.end])
        assert all(character in rest for character in row.text)
    assert len(cut.loc[cut["type"] == "lead", "text"].iloc[0]) < len(
        "没有面粉的面包店很快就会关门。"
    )  # some are dropped


def test_the_time_is_linear_in_the_length_of_a_passage() -> None:
    """One document of 1 MB took minutes for each query."""
    text = " ".join(
        f"Every volcano number {i} needs a crater, some ash and one more vent nearby." for i in range(13_000)
    )
    assert len(text) > 900_000
    start = time.process_time()
    made = generate_one("Book", text, types={"lead": 1, "cloze": 20, "crop": 20, "title": 1})
    assert time.process_time() - start < 20
    assert len(made) == 42
    for row in made[made["start"].notna()].itertuples():
        assert len(row.text) <= row.end - row.start < 200
