"""The weighted sum of the losses."""

import pytest
import torch

from listill.training.losses import infonce, listwise
from listill.training.objective import use_temperature, weighted
from plain_losses import TEMPERATURES, random_step


def test_the_weighted_sum_is_in_fp32_and_names_its_parts() -> None:
    step, similarity = random_step(5)
    total, parts = weighted(step, similarity.bfloat16(), {"listwise": 1.0, "infonce": 0.1}, TEMPERATURES)
    rounded = similarity.bfloat16().float()
    one, two = (module.loss(step, rounded, TEMPERATURES).mean() for module in (listwise, infonce))
    assert total.dtype == torch.float32
    assert float(total) == pytest.approx(float(one + 0.1 * two), rel=1e-6)
    assert parts == {"listwise": pytest.approx(float(one)), "infonce": pytest.approx(float(two))}
    alone, parts = weighted(step, similarity, {"infonce": 2.0}, TEMPERATURES)
    assert float(alone) == pytest.approx(2 * parts["infonce"], rel=1e-6)


@pytest.mark.parametrize(
    ("losses", "used"),
    [
        (["listwise"], {"student", "teacher"}),
        (["margin_mse"], {"student", "teacher"}),
        (["ranknet"], {"student"}),
        (["infonce"], {"infonce"}),
        (["infonce", "ranknet"], {"student", "infonce"}),
        ([], set()),
    ],
    ids=str,
)
def test_which_temperatures_are_used(losses: list[str], used: set[str]) -> None:
    weights = dict.fromkeys(losses, 1.0)
    assert {name for name in ("student", "teacher", "infonce") if use_temperature(weights, name)} == used
