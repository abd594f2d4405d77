"""Scores of each kind of reranker against a reference implementation, in batches of any composition."""

from pathlib import Path

import numpy as np
import pytest

from listill.teachers import scorer
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import CASES, Case


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(scope="module")
def folder(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case.make(tmp_path_factory.mktemp("reranker") / "model")


@pytest.fixture(scope="module")
def expected(case: Case, folder: Path, pairs: Pairs) -> np.ndarray:
    """The scores of all pairs by the reference implementation, one pair at a time."""
    texts = pairs.texts(pairs.text)
    return np.array([case.plain(folder, pairs.queries[q], text) for q, text in zip(pairs.query, texts, strict=True)])


@pytest.mark.parametrize("budget", [1, 150, 4096, 10**6])
def test_scores_equal_the_reference_in_batches_of_any_size(
    case: Case,
    folder: Path,
    pairs: Pairs,
    expected: np.ndarray,
    fresh: Resources,
    budget: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(scorer.BUDGET, "cpu", budget)
    scores = case.member(folder).score(pairs, fresh)
    assert scores.dtype == np.float32
    np.testing.assert_allclose(scores, expected, atol=1e-4)
    assert np.ptp(expected) > 0.1


def test_scores_do_not_depend_on_the_order_of_pairs(case: Case, folder: Path, pairs: Pairs, fresh: Resources) -> None:
    """Queries and their passages are scored in reverse order."""
    reverse = np.arange(len(pairs))[::-1]
    reversed_pairs = Pairs(
        pairs.collection,
        pairs.queries[::-1],
        len(pairs.queries) - 1 - pairs.query[reverse],
        pairs.text[reverse],
        pairs.edited,
    )
    settings = case.member(folder)
    scores = settings.score(reversed_pairs, fresh)[reverse]
    np.testing.assert_allclose(scores, settings.score(pairs, fresh), atol=1e-4)


def test_scores_do_not_depend_on_blocks_and_windows(
    case: Case,
    folder: Path,
    pairs: Pairs,
    expected: np.ndarray,
    fresh: Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scorer, "WINDOW", 7)
    monkeypatch.setattr(scorer, "TOKENISER_BATCH", 3)
    blocks = [pairs.take(np.flatnonzero(pairs.query // 4 == number)).compact() for number in range(3)]
    parts = [case.member(folder).score(block, fresh) for block in blocks]
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-4)


def test_bf16_keeps_the_order_and_has_no_ties(
    case: Case, folder: Path, pairs: Pairs, expected: np.ndarray, fresh: Resources
) -> None:
    """The last layer computes in float32, so that different scores do not become equal."""
    scores = case.member(folder, precision="bf16").score(pairs, fresh)
    assert np.corrcoef(scores, expected)[0, 1] > 0.98
    assert len(np.unique(scores)) >= len(np.unique(expected.astype(np.float32))) - 1


def test_no_pairs(case: Case, folder: Path, pairs: Pairs, fresh: Resources) -> None:
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert case.member(folder).score(none, fresh).shape == (0,)
