"""Listwise distillation."""

import dataclasses
import math

import numpy as np
import pytest
import torch

from listill.settings.training import Temperatures
from listill.training.losses import infonce, listwise
from plain_losses import TEMPERATURES, random_step, softmax


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
    same = Temperatures(student=0.05, teacher=0.3, infonce=0.05)
    torch.testing.assert_close(listwise.loss(step, similarity, same), infonce.loss(step, similarity, same))
