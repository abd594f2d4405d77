"""The weighted sum of the losses."""

import pytest
import torch

from listill.training.losses import infonce, listwise
from listill.training.objective import use_temperature, weighted
from plain_losses import TEMPERATURES, random_step


def test_the_weighted_sum_is_in_fp32_and_has_named_parts() -> None:
    step, similarity = random_step(5)
    total, parts = weighted(step, similarity.bfloat16(), {"listwise": 1.0, "infonce": 0.1}, TEMPERATURES)
    rounded = similarity.bfloat16().float()
    listwise_loss, infonce_loss = (module.loss(step, rounded, TEMPERATURES).mean() for module in (listwise, infonce))
    assert total.dtype == torch.float32
    assert float(total) == pytest.approx(float(listwise_loss + 0.1 * infonce_loss), rel=1e-6)
    assert parts == {"listwise": pytest.approx(float(listwise_loss)), "infonce": pytest.approx(float(infonce_loss))}
    total, parts = weighted(step, similarity, {"infonce": 2.0}, TEMPERATURES)
    assert float(total) == pytest.approx(2 * parts["infonce"], rel=1e-6)


@pytest.mark.parametrize(
    ("losses", "used"),
    [
        (["listwise"], ["student", "teacher"]),
        (["margin_mse"], ["student", "teacher"]),
        (["pair_mse"], ["student", "teacher"]),
        (["ranknet"], ["student"]),
        (["infonce"], ["infonce"]),
        (["infonce", "ranknet"], ["student", "infonce"]),
        ([], []),
    ],
    ids=str,  # lists: the order of a set, and so the id, would differ between processes
)
def test_temperatures_that_losses_use(losses: list[str], used: list[str]) -> None:
    weights = dict.fromkeys(losses, 1.0)
    assert [name for name in ("student", "teacher", "infonce") if use_temperature(weights, name)] == used
