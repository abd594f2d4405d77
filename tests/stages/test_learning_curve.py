"""The stage learning_curve: a training on a share of the lists, with the settings of the whole training."""

import pytest

from checked_config import parsed
from listill.stages import learning_curve, train


@pytest.mark.parametrize(("percent", "share"), [("25", 0.25), ("7", 0.07), ("100", 1.0)])
def test_settings_are_those_of_the_training(percent: str, share: float) -> None:
    config = parsed(evaluation={"measures": ["nDCG@5"], "depth": 50})
    (student,), variant = config.students, next(iter(config.training.variants))
    point = learning_curve.settings(config, "c", student, f"{variant}-seed2", percent)
    whole = train.settings(config, "c", student, f"{variant}-seed2")
    assert (point.share, point.measures, point.depth) == (share, ["nDCG@5"], 50)
    assert point.training_seed == whole.training_seed == config.seed + 1
    left_out = {"share", "measures", "depth", "version"}
    assert point.model_dump(exclude=left_out) == whole.model_dump(exclude={"version"})
    assert "memory" not in point.identity()["recipe"]
