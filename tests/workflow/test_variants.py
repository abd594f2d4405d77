"""What variants do differently, through the real Snakefile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd
import pytest

VARIANTS: dict[str, dict[str, Any]] = {
    "free": {},
    "none-vetoed": {"negatives": {"guide": flow.STUDENT, "margin": 3.0}},
    "all-vetoed": {"negatives": {"guide": flow.STUDENT, "margin": -3.0}},
    "reseeded": {"seed": 5},
}


@pytest.fixture
def histories(copied: Callable[[], Path], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The training curves of variants with InfoNCE."""
    folder = copied()
    asked = flow.changed(
        settings, "training.variants", {name: {"losses": {"contrastive": 1}, **own} for name, own in VARIANTS.items()}
    )
    asked = flow.changed(asked, "training.selection.queries", 3)
    flow.make(folder, asked, "train")
    models = flow.results(folder) / "models" / flow.STUDENT
    return {name: pd.read_parquet(models / name / "history.parquet") for name in VARIANTS}


def test_a_guide_and_a_seed(histories: dict[str, pd.DataFrame]) -> None:
    """A guide that vetoes every text leaves InfoNCE nothing, one that vetoes none changes nothing.

    A seed of its own gives a variant another order, and no other dev queries: their step 0 is the same base.
    """
    losses = {name: table.loc[table["split"] == "train", "contrastive"] for name, table in histories.items()}
    assert (losses["free"] > 0.01).all()
    pd.testing.assert_series_equal(losses["none-vetoed"], losses["free"], check_exact=True)
    assert (losses["all-vetoed"].abs() < 1e-6).all()
    assert not np.allclose(losses["reseeded"], losses["free"])
    bases = {float(table.loc[table["step"] == 0, "nDCG@10"].iloc[0]) for table in histories.values()}
    assert len(bases) == 1
