"""Listwise distillation."""

import dataclasses
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch

from listill.settings.training import Temperatures
from listill.training.losses import infonce, listwise
from loss_checks import CHECKS
from plain_losses import TEMPERATURES, random_step, softmax


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_listwise(check: Callable[[str], None]) -> None:
    check("listwise")


def test_a_list_with_a_single_document_has_loss_0() -> None:
    step, similarity = random_step(0)
    single = step.mask.sum(1) == 1
    assert single.any()
    assert listwise.loss(step, similarity, TEMPERATURES)[single].abs().max() < 1e-6


def test_listwise_is_0_only_for_the_teachers_distribution() -> None:
    step, similarity = random_step(1)
    for q in range(len(step.queries)):
        similarity[q, step.lists[q][step.mask[q]]] = step.scores[q][step.mask[q]] * 0.05 / 0.3 + 0.1 * q
    assert listwise.loss(step, similarity, TEMPERATURES).abs().max() < 1e-5
    similarity[:, step.lists[0, 0]] += 0.2
    assert listwise.loss(step, similarity, TEMPERATURES)[0] > 0.01


def test_equally_relevant_positives_share_the_teachers_probability() -> None:
    """The loss is least if the student gives both the same similarity."""
    step, similarity = random_step(2)
    assert step.mask[0].sum() == 6
    scores = step.scores.clone()
    scores[0] = torch.tensor([1.3, 1.3, 1.0, 0.6, 0.3, 0.0])
    step = dataclasses.replace(step, scores=scores)
    similarity[0, step.lists[0]] = scores[0] * 0.05 / 0.3
    assert listwise.loss(step, similarity, TEMPERATURES)[0] < 1e-6
    similarity[0, step.lists[0, 0]] += 0.05
    assert listwise.loss(step, similarity, TEMPERATURES)[0] > 0.01


def test_listwise_depends_only_on_the_texts_of_the_list() -> None:
    step, similarity = random_step(2)
    other = similarity.clone()
    for q in range(len(step.queries)):
        outside = torch.ones(similarity.shape[1], dtype=torch.bool)
        outside[step.lists[q][step.mask[q]]] = False
        other[q, outside] += 7
    assert torch.equal(listwise.loss(step, similarity, TEMPERATURES), listwise.loss(step, other, TEMPERATURES))


@pytest.mark.parametrize("seed", range(3))
def test_listwise_over_the_step(seed: int) -> None:
    """The student's softmax over the list and the negatives of the step equals that of plain loops."""
    step, similarity = random_step(seed)
    step = dataclasses.replace(step, others=step.negative)
    expected = []
    for q in range(len(step.queries)):
        in_list = step.lists[q][step.mask[q]].tolist()
        texts = sorted(set(in_list) | {t for t in range(len(step.texts)) if step.negative[q, t]})
        student = dict(zip(texts, softmax([float(similarity[q, t]) / 0.05 for t in texts]), strict=True))
        teacher = softmax([float(score) / 0.3 for score in step.scores[q][step.mask[q]]])
        expected.append(sum(p * (math.log(p) - math.log(student[t])) for t, p in zip(in_list, teacher, strict=True)))
    values = listwise.loss(step, similarity, TEMPERATURES)
    np.testing.assert_allclose(values, expected, rtol=1e-4, atol=1e-5)
    over_lists = listwise.loss(dataclasses.replace(step, others=None), similarity, TEMPERATURES)
    assert (values >= over_lists - 1e-5).all()


def test_listwise_over_the_step_with_all_or_nothing_targets_is_infonce() -> None:
    step, similarity = random_step(4)
    in_list = torch.zeros(step.negative.shape).scatter_add(1, step.lists, step.mask.float()) > 0
    targets = torch.where(torch.arange(step.lists.shape[1])[None] == 0, 1e4, 0.0).expand_as(step.scores).float()
    negative = step.negative | in_list
    first = (torch.arange(step.lists.shape[1]) == 0).expand_as(step.positives)
    step = dataclasses.replace(step, positives=first, negative=negative, scores=targets, others=negative)
    temperatures = Temperatures(student=0.05, teacher=0.3, infonce=0.05)
    torch.testing.assert_close(
        listwise.loss(step, similarity, temperatures), infonce.loss(step, similarity, temperatures)
    )
