"""Evaluation: measures and depth."""

import pytest

from checked_config import config, fault, parsed


def test_runs_must_be_as_deep_as_the_deepest_measure() -> None:
    assert parsed(evaluation={"measures": ["R@100"], "depth": 100}).evaluation.depth == 100
    message = fault(config(evaluation={"measures": ["nDCG@10", "R@101"], "depth": 100}))
    assert "depth (100) is smaller than the cut-off of R@101: raise depth" in message


@pytest.mark.parametrize("measure", ["nDCG", "nDCG@", "nDCG@0", "nDCG@ten", "MRR@10"])
def test_unknown_measures(measure: str) -> None:
    message = fault(config(evaluation={"measures": [measure]}))
    assert f"evaluation.measures.0: unknown measure '{measure}': write nDCG, R, RR, P or AP with a cut-off" in message


def test_shares_of_a_learning_curve() -> None:
    assert parsed(evaluation={"learning_curve": [0.25, 0.5, 1]}).evaluation.learning_curve == [0.25, 0.5, 1.0]
    for share in (0, 1.5, 0.125, -0.5):
        message = fault(config(evaluation={"learning_curve": [share]}))
        assert f"{share:g} is not a share of the lists: give whole hundredths, above 0 and at most 1" in message
