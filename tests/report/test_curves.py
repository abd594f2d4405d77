"""The training curves."""

import pandas as pd

from listill.report.curves import curves
from listill.report.material import History


def history(variant: str, kept: int | None, dev: list[float]) -> History:
    steps = [{"step": 10 * i, "split": "dev", "nDCG@10": value} for i, value in enumerate(dev)]
    steps += [{"step": i, "split": "train", "loss": 1.0 / i, "lr": 1e-5} for i in (1, 2, 3)]
    columns = ["step", "split", "nDCG@10", "loss", "lr"]
    return History("m", variant, pd.DataFrame(steps, columns=columns), {"lead": 3}, kept, 0.2)


def test_the_kept_step_is_that_of_the_training_or_else_the_best() -> None:
    stated, found = curves([history("a", 0, [0.5, 0.6]), history("b", None, [0.5, 0.6, 0.6])])
    assert (stated.kept, found.kept) == (0, 10)
    assert (stated.lists, stated.temperature) == (3, 0.2)
    assert list(stated.plots) == ["nDCG@10 on dev queries", "training loss", "learning rate"]
    assert "0.600 at the kept step 10, 0.500 at the start" in found.plots["nDCG@10 on dev queries"]
    assert "1 in step 1, 0.333 in step 3" in found.plots["training loss"]


def test_a_training_without_dev_has_no_kept_step() -> None:
    [bare] = curves([history("a", None, [])])
    assert bare.kept is None
    assert list(bare.plots) == ["training loss", "learning rate"]
