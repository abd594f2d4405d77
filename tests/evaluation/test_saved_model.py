"""What a table of checks says."""

import pandas as pd
import pytest

from listill.evaluation.saved_model import DEPTH, ROUNDED, read
from listill.retrieval.encoder import BF16_TOLERANCE


def said(same: int, base: int, difference: float, base_difference: float) -> str:
    """Return the sentence on two queries, of which the second is equal in every way."""
    rows = [(DEPTH, same, base, difference, base_difference), (DEPTH, DEPTH, DEPTH, 0.0, 0.0)]
    return read(pd.DataFrame(rows, columns=["documents", "same", "base", "difference", "base_difference"])).sentence


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ((10, 4, 1e-6, 0.5), "ranks as measured: it has 100.0% of the first 10 documents of 2 queries"),
        ((10, 4, 1e-6, 0.5), "The base model has 70.0% of them."),
        ((10, 4, 0.01, 0.5), "(the run was computed with rounding to bf16)"),
        ((10, 9, 0.03, 0.05), "The base model has 95.0% of them."),
        ((10, 10, 1e-6, 1e-6), "Up to rounding, the base model ranks in the same way."),
        ((10, 4, 0.2, 0.5), "The saved model does NOT rank as measured"),
        ((4, 4, 1e-6, 0.5), "The saved model does NOT rank as measured: SentenceTransformer(folder) has only 70.0%"),
    ],
)
def test_the_sentence(row: tuple[int, int, float, float], sentence: str) -> None:
    assert sentence in said(*row)


def test_the_tolerance_is_that_of_the_encoder() -> None:
    assert ROUNDED == BF16_TOLERANCE
