"""The losses against plain Python loops in float64."""

import dataclasses
import math
from types import ModuleType

import numpy as np
import pytest
import torch

from listill.settings.training import Temperatures
from listill.training.batches import Step
from listill.training.losses import contrastive, listwise, margin_mse, ranknet, weighted
from listill.training.losses.kernels import masked_entropy, masked_log_softmax

TEMPERATURES = Temperatures(student=0.05, teacher=0.3, contrastive=0.02)


def random_step(seed: int, queries: int = 9, texts: int = 14, copies: bool = False) -> tuple[Step, torch.Tensor]:
    """Return a step with lists of 1 to 6 texts (shared among queries), and similarities of any sign."""
    draw = np.random.default_rng(seed)
    sizes = draw.integers(1, 7, size=queries)
    sizes[0] = 6
    lists = np.zeros((queries, 6), dtype=np.int64)
    mask = np.arange(6)[None] < sizes[:, None]
    for q, size in enumerate(sizes):
        lists[q, :size] = draw.choice(texts, size, replace=False)
    scores = np.where(mask, draw.uniform(-1, 1, size=mask.shape), 0).astype(np.float32)
    scores[1] = np.where(mask[1], 0.5, 0)  # a teacher that tells nothing apart
    negative = draw.random((queries, texts)) < 0.6
    negative[2] = False  # everything masked
    step = Step(
        np.arange(queries),
        np.arange(texts),
        torch.from_numpy(lists),
        torch.from_numpy(mask),
        torch.from_numpy(scores),
        torch.from_numpy(lists[:, 0].copy()),
        torch.from_numpy(negative),
        torch.from_numpy(draw.integers(1, 5, size=texts) if copies else np.ones(texts, dtype=np.int64)),
    )
    return step, torch.from_numpy(draw.uniform(-1, 1, size=(queries, texts)).astype(np.float32))


def softmax(values: list[float]) -> list[float]:
    top = max(values)
    total = sum(math.exp(value - top) for value in values)
    return [math.exp(value - top) / total for value in values]


def naive_listwise(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        entries = [j for j in range(step.lists.shape[1]) if step.mask[q, j]]
        student = softmax([float(similarity[q, step.lists[q, j]]) / 0.05 for j in entries])
        teacher = softmax([float(step.scores[q, j]) / 0.3 for j in entries])
        losses.append(sum(t * (math.log(t) - math.log(s)) for t, s in zip(teacher, student, strict=True)))
    return losses


def naive_contrastive(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        positive = int(step.positive[q])
        others = [t for t in range(len(step.texts)) if step.negative[q, t] and t != positive]
        others = [t for t in others for _ in range(int(step.copies[t]))]
        values = [float(similarity[q, t]) / 0.02 for t in [positive, *others]]
        top = max(values)
        losses.append(top + math.log(sum(math.exp(value - top) for value in values)) - values[0])
    return losses


def entries(step: Step, similarity: torch.Tensor, q: int) -> list[tuple[float, float]]:
    """Return (student's similarity, teacher's score) of the list of a query."""
    real = [j for j in range(step.lists.shape[1]) if step.mask[q, j]]
    return [(float(similarity[q, step.lists[q, j]]), float(step.scores[q, j])) for j in real]


def naive_margin_mse(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        (s, t), *rest = entries(step, similarity, q)
        errors = [((s - other) - (t - liked) * 0.05 / 0.3) ** 2 for other, liked in rest]
        losses.append(sum(errors) / len(errors) if errors else 0.0)
    return losses


def naive_ranknet(step: Step, similarity: torch.Tensor) -> list[float]:
    losses = []
    for q in range(len(step.queries)):
        own = entries(step, similarity, q)
        costs = [math.log1p(math.exp(-(s - z) / 0.05)) for s, t in own for z, u in own if t > u]
        losses.append(sum(costs) / len(costs) if costs else 0.0)
    return losses


NAIVE = {
    listwise: naive_listwise,
    contrastive: naive_contrastive,
    margin_mse: naive_margin_mse,
    ranknet: naive_ranknet,
}


@pytest.mark.parametrize("module", NAIVE)
@pytest.mark.parametrize("seed", range(5))
def test_losses_are_those_of_plain_loops(seed: int, module: ModuleType) -> None:
    step, similarity = random_step(seed, copies=seed > 2)
    found = module.loss(step, similarity, TEMPERATURES)
    assert found.dtype == torch.float32
    np.testing.assert_allclose(found, NAIVE[module](step, similarity), rtol=1e-4, atol=1e-5)


def test_a_list_of_one_and_a_query_without_negatives_cost_nothing() -> None:
    step, similarity = random_step(0)
    alone = step.mask.sum(1) == 1
    assert alone.any()
    for module in (listwise, margin_mse, ranknet):
        assert module.loss(step, similarity, TEMPERATURES)[alone].abs().max() < 1e-6
    assert contrastive.loss(step, similarity, TEMPERATURES)[2] == 0


def test_listwise_is_0_only_for_the_teachers_own_distribution() -> None:
    step, similarity = random_step(1)
    for q in range(len(step.queries)):
        similarity[q, step.lists[q][step.mask[q]]] = step.scores[q][step.mask[q]] * 0.05 / 0.3 + 0.1 * q
    assert listwise.loss(step, similarity, TEMPERATURES).abs().max() < 1e-5
    similarity[:, step.lists[0, 0]] += 0.2
    assert listwise.loss(step, similarity, TEMPERATURES)[0] > 0.01


def test_only_texts_of_the_own_list_matter_in_listwise() -> None:
    step, similarity = random_step(2)
    other = similarity.clone()
    for q in range(len(step.queries)):
        outside = torch.ones(similarity.shape[1], dtype=torch.bool)
        outside[step.lists[q][step.mask[q]]] = False
        other[q, outside] += 7
    assert torch.equal(listwise.loss(step, similarity, TEMPERATURES), listwise.loss(step, other, TEMPERATURES))


@pytest.mark.parametrize("module", NAIVE)
def test_gradients_are_finite_and_those_of_the_loops(module: ModuleType) -> None:
    step, similarity = random_step(3)
    similarity.requires_grad_()
    module.loss(step, similarity, TEMPERATURES).sum().backward()
    assert similarity.grad is not None
    assert torch.isfinite(similarity.grad).all()
    naive = NAIVE[module]
    plain = similarity.detach().double()
    for q, t in [(0, int(step.lists[0, 0])), (0, int(step.lists[0, 3])), (4, int(step.positive[4])), (5, 5)]:
        up, down = plain.clone(), plain.clone()
        up[q, t] += 1e-6
        down[q, t] -= 1e-6
        slope = (sum(naive(step, up)) - sum(naive(step, down))) / 2e-6
        assert float(similarity.grad[q, t]) == pytest.approx(slope, rel=1e-3, abs=1e-3)


@pytest.mark.parametrize("module", NAIVE)
def test_extreme_similarities_stay_finite(module: ModuleType) -> None:
    step, similarity = random_step(4)
    similarity = (similarity.sign() * 1e4).requires_grad_()
    loss = module.loss(step, similarity, TEMPERATURES)
    assert torch.isfinite(loss).all()
    loss.sum().backward()
    assert similarity.grad is not None
    assert torch.isfinite(similarity.grad).all()


def test_the_weighted_sum_is_in_fp32_and_names_its_parts() -> None:
    step, similarity = random_step(5)
    total, parts = weighted(step, similarity.bfloat16(), {"listwise": 1.0, "contrastive": 0.1}, TEMPERATURES)
    rounded = similarity.bfloat16().float()
    one, two = (module.loss(step, rounded, TEMPERATURES).mean() for module in (listwise, contrastive))
    assert total.dtype == torch.float32
    assert float(total) == pytest.approx(float(one + 0.1 * two), rel=1e-6)
    assert parts == {"listwise": pytest.approx(float(one)), "contrastive": pytest.approx(float(two))}
    alone, parts = weighted(step, similarity, {"contrastive": 2.0}, TEMPERATURES)
    assert float(alone) == pytest.approx(2 * parts["contrastive"], rel=1e-6)


def test_a_softmax_over_masked_entries() -> None:
    draw = np.random.default_rng(0)
    scores = draw.normal(scale=20, size=(12, 7))
    mask = draw.random((12, 7)) < 0.5
    mask[:, 2] = True
    log_p = masked_log_softmax(torch.from_numpy(scores), torch.from_numpy(mask)).numpy()
    entropy = masked_entropy(torch.from_numpy(scores), torch.from_numpy(mask)).numpy()
    for row, real, found, h in zip(scores, mask, log_p, entropy, strict=True):
        p = softmax(row[real].tolist())
        np.testing.assert_allclose(np.exp(found[real]), p, atol=1e-12)
        assert (found[~real] == -np.inf).all()
        assert h == pytest.approx(-sum(v * math.log(v) for v in p if v > 0), abs=1e-9)
    assert masked_entropy(torch.zeros(1, 5), torch.tensor([[True] * 4 + [False]])).item() == pytest.approx(math.log(4))


def test_counting_every_copy_is_encoding_every_copy() -> None:
    """The papers' counting: a text that stands in three lists is in the denominator three times."""
    step, similarity = random_step(6, copies=True)
    copies = step.copies.tolist()
    wide = torch.cat([similarity[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1)
    first = [sum(copies[:t]) for t in range(len(copies))]
    negative = torch.cat([step.negative[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1).clone()
    for q, t in enumerate(step.positive.tolist()):  # but never the positive's own
        negative[q, first[t] : first[t] + copies[t]] = False
    plain = dataclasses.replace(
        step,
        negative=negative,
        positive=torch.tensor([first[t] for t in step.positive.tolist()]),
        copies=torch.ones(wide.shape[1], dtype=torch.int64),
    )
    expected = contrastive.loss(plain, wide, TEMPERATURES)
    torch.testing.assert_close(contrastive.loss(step, similarity, TEMPERATURES), expected)


@pytest.mark.parametrize("seed", range(3))
def test_listwise_over_the_step(seed: int) -> None:
    """The student's softmax over the list and the negatives of the step, against plain loops."""
    step, similarity = random_step(seed)
    step = dataclasses.replace(step, others=step.negative)
    expected = []
    for q in range(len(step.queries)):
        own = step.lists[q][step.mask[q]].tolist()
        seen = sorted(set(own) | {t for t in range(len(step.texts)) if step.negative[q, t]})
        student = dict(zip(seen, softmax([float(similarity[q, t]) / 0.05 for t in seen]), strict=True))
        teacher = softmax([float(score) / 0.3 for score in step.scores[q][step.mask[q]]])
        expected.append(sum(p * (math.log(p) - math.log(student[t])) for t, p in zip(own, teacher, strict=True)))
    found = listwise.loss(step, similarity, TEMPERATURES)
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    assert (found >= listwise.loss(dataclasses.replace(step, others=None), similarity, TEMPERATURES) - 1e-5).all()


def test_listwise_over_the_step_with_all_or_nothing_is_infonce() -> None:
    step, similarity = random_step(4)
    own = torch.zeros(step.negative.shape).scatter_add(1, step.lists, step.mask.float()) > 0
    sure = torch.where(torch.arange(step.lists.shape[1])[None] == 0, 1e4, 0.0).expand_as(step.scores).float()
    step = dataclasses.replace(step, negative=step.negative | own, scores=sure, others=step.negative | own)
    same = Temperatures(student=0.05, teacher=0.3, contrastive=0.05)
    torch.testing.assert_close(listwise.loss(step, similarity, same), contrastive.loss(step, similarity, same))
