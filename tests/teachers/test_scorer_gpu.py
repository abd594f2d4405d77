"""Scores on a GPU, and actually running out of memory. Run with ``pytest -m gpu``."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from listill.settings.bm25 import Bm25
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.scorer import Scorer
from plain_rerankers import CASES, Case

pytestmark = [
    pytest.mark.gpu,
    pytest.mark.skipif(not torch.cuda.is_available(), reason="no GPU"),
]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def folder(case: Case, tmp_path: Path) -> Path:
    return case.make(tmp_path / "model")


def fresh(pairs: Pairs) -> Resources:
    return Resources(pairs.collection, {}, Bm25())


def test_scores_equal_those_on_the_cpu(case: Case, folder: Path, pairs: Pairs, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(torch.cuda, "is_available", lambda: False)
        expected = case.member(folder).score(pairs, fresh(pairs))
    torch.backends.cuda.matmul.allow_tf32 = False
    np.testing.assert_allclose(case.member(folder).score(pairs, fresh(pairs)), expected, atol=1e-3)
    bf16_scores = case.member(folder, precision="auto").score(pairs, fresh(pairs))
    assert np.corrcoef(bf16_scores, expected)[0, 1] > 0.98


@pytest.fixture
def little_memory() -> Iterator[None]:
    """Limit this process to 64 MB of GPU memory more than it has already reserved."""
    torch.cuda.empty_cache()
    total = torch.cuda.get_device_properties(0).total_memory
    torch.cuda.set_per_process_memory_fraction((torch.cuda.memory_reserved() + 64 * 2**20) / total)
    yield
    torch.cuda.set_per_process_memory_fraction(1.0)


def test_a_batch_that_does_not_fit_is_halved(tmp_path: Path, pairs: Pairs, little_memory: None) -> None:
    case = CASES["bert"]
    settings = case.member(case.make(tmp_path / "model"))
    many = Pairs(pairs.collection, pairs.queries, np.repeat(pairs.query, 400), np.repeat(pairs.text, 400), pairs.edited)
    resources = fresh(many)
    scorer = resources.loaded(settings, Scorer)
    scorer.budget = before = 10**7
    scores = settings.score(many, resources)
    assert scorer.budget < before
    np.testing.assert_allclose(scores, np.repeat(settings.score(pairs, fresh(pairs)), 400), atol=1e-3)
