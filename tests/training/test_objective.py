"""The weighted sum of the losses."""

import pytest
import torch

from listill.training.losses import anchor, anchor_kl, infonce, listwise
from listill.training.objective import use_base, use_temperature, weighted
from plain_losses import TEMPERATURES, random_embeddings, random_step


def test_the_weighted_sum_is_in_fp32_and_has_named_parts() -> None:
    step, _ = random_step(5)
    queries, texts = random_embeddings(step)
    losses = {"listwise": 1.0, "infonce": 0.1}
    total, parts = weighted(step, queries.bfloat16(), texts.bfloat16(), losses, TEMPERATURES)
    rounded = queries.bfloat16().float() @ texts.bfloat16().float().T
    listwise_loss, infonce_loss = (module.loss(step, rounded, TEMPERATURES).mean() for module in (listwise, infonce))
    assert total.dtype == torch.float32
    assert float(total) == pytest.approx(float(listwise_loss + 0.1 * infonce_loss), rel=1e-6)
    assert parts == {"listwise": pytest.approx(float(listwise_loss)), "infonce": pytest.approx(float(infonce_loss))}
    total, parts = weighted(step, queries, texts, {"infonce": 2.0}, TEMPERATURES)
    assert float(total) == pytest.approx(2 * parts["infonce"], rel=1e-6)


def test_a_loss_reads_similarities_or_embeddings() -> None:
    step, _ = random_step(5)
    queries, texts = random_embeddings(step)
    total, parts = weighted(step, queries, texts, {"anchor": 3.0, "anchor_kl": 0.5}, TEMPERATURES)
    squared = anchor.loss(step, torch.cat([queries, texts]), TEMPERATURES)
    divergence = anchor_kl.loss(step, queries @ texts.T, TEMPERATURES)
    assert squared.shape == (len(queries) + len(texts),)
    assert divergence.shape == (len(queries),)
    assert parts == {
        "anchor": pytest.approx(float(squared.mean())),
        "anchor_kl": pytest.approx(float(divergence.mean())),
    }
    assert float(total) == pytest.approx(float(3 * squared.mean() + 0.5 * divergence.mean()), rel=1e-6)


@pytest.mark.parametrize("normalise", [True, False])
def test_a_loss_of_similarities_is_the_mean_over_the_sizes(normalise: bool) -> None:
    """An anchor on embeddings is that of whole embeddings; an anchor on similarities keeps the whole base model's."""
    step, _ = random_step(5)
    queries, texts = random_embeddings(step)
    losses = {"listwise": 1.0, "infonce": 0.1, "anchor": 1.0, "anchor_kl": 1.0}
    _, whole = weighted(step, queries, texts, losses, TEMPERATURES)
    total, parts = weighted(step, queries, texts, losses, TEMPERATURES, [9, 4], normalise)
    assert parts["anchor"] == whole["anchor"]
    for name, module in (("listwise", listwise), ("infonce", infonce), ("anchor_kl", anchor_kl)):
        values = []
        for size in (16, 9, 4):
            query, text = queries[:, :size].double(), texts[:, :size].double()
            if normalise:
                query, text = query / query.norm(dim=1, keepdim=True), text / text.norm(dim=1, keepdim=True)
            values.append(float(module.loss(step, (query @ text.T).float(), TEMPERATURES).mean()))
        assert parts[name] == pytest.approx(sum(values) / 3, rel=1e-4)
        assert parts[name] != pytest.approx(whole[name], rel=1e-3)
    assert float(total) == pytest.approx(sum(losses[name] * parts[name] for name in losses), rel=1e-5)


@pytest.mark.parametrize(
    ("losses", "used"),
    [
        (["listwise"], ["student", "teacher"]),
        (["margin_mse"], ["student", "teacher"]),
        (["pair_mse"], ["student", "teacher"]),
        (["ranknet"], ["student"]),
        (["infonce"], ["infonce"]),
        (["infonce", "ranknet"], ["student", "infonce"]),
        (["anchor"], []),
        (["anchor_kl"], ["student"]),
        ([], []),
    ],
    ids=str,  # lists: the order of a set, and so the id, would differ between processes
)
def test_temperatures_that_losses_use(losses: list[str], used: list[str]) -> None:
    weights = dict.fromkeys(losses, 1.0)
    assert [name for name in ("student", "teacher", "infonce") if use_temperature(weights, name)] == used


def test_losses_that_use_the_base_models_embeddings() -> None:
    assert use_base({"listwise": 1.0, "anchor": 0.1})
    assert use_base({"anchor_kl": 0.1})
    assert not use_base({"listwise": 1.0, "infonce": 1.0, "margin_mse": 1.0, "pair_mse": 1.0, "ranknet": 1.0})
