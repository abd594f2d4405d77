"""Each kind of reranker against a plain computation, whatever it is batched with."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.teachers import score, scorer
from listill.teachers.pairs import Pairs, Resources
from plain_rerankers import CASES, Case, member


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture(scope="module")
def folder(case: Case, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return case.make(tmp_path_factory.mktemp("reranker") / "model")


@pytest.fixture(scope="module")
def expected(case: Case, folder: Path, pairs: Pairs) -> np.ndarray:
    """The plain scores of all pairs, one at a time."""
    texts = pairs.texts(pairs.text)
    return np.array([case.plain(folder, pairs.queries[q], text) for q, text in zip(pairs.query, texts, strict=True)])


@pytest.fixture
def fresh(pairs: Pairs) -> Resources:
    return Resources(pairs.collection, {}, Bm25())


@pytest.mark.parametrize("budget", [1, 150, 4096, 10**6])
def test_scores_are_the_plain_ones_in_batches_of_any_size(
    case: Case,
    folder: Path,
    pairs: Pairs,
    expected: np.ndarray,
    fresh: Resources,
    budget: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(scorer.BUDGET, "cpu", budget)
    found = score(case.member(folder), pairs, fresh)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.ptp(expected) > 0.1


def test_the_order_of_pairs_does_not_matter(case: Case, folder: Path, pairs: Pairs, fresh: Resources) -> None:
    """Queries in reverse, and their passages too."""
    back = np.arange(len(pairs))[::-1]
    turned = Pairs(
        pairs.collection,
        pairs.queries[::-1],
        len(pairs.queries) - 1 - pairs.query[back],
        pairs.text[back],
        pairs.edited,
    )
    settings = case.member(folder)
    np.testing.assert_allclose(score(settings, turned, fresh)[back], score(settings, pairs, fresh), atol=1e-4)


def test_blocks_and_windows_do_not_matter(
    case: Case,
    folder: Path,
    pairs: Pairs,
    expected: np.ndarray,
    fresh: Resources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scorer, "WINDOW", 7)
    monkeypatch.setattr(scorer, "TOKENISED", 3)
    parts = [score(case.member(folder), block, fresh) for block in pairs.blocks(4)]
    np.testing.assert_allclose(np.concatenate(parts), expected, atol=1e-4)


def test_bf16_keeps_the_order_and_has_no_ties(
    case: Case, folder: Path, pairs: Pairs, expected: np.ndarray, fresh: Resources
) -> None:
    """The last layer computes in float32: scores that differ do not fall together."""
    found = score(case.member(folder, precision="bf16"), pairs, fresh)
    assert np.corrcoef(found, expected)[0, 1] > 0.98
    assert len(np.unique(found)) >= len(np.unique(expected.astype(np.float32))) - 1


def test_no_pairs(case: Case, folder: Path, pairs: Pairs, fresh: Resources) -> None:
    none = Pairs(pairs.collection, pairs.queries, pairs.query[:0], pairs.text[:0], pairs.edited)
    assert score(case.member(folder), none, fresh).shape == (0,)


def test_cross_encoder_of_sentence_transformers(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    texts = pairs.texts(pairs.text)
    joined = [(pairs.queries[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    theirs = CrossEncoder(str(folder), device="cpu", max_length=128, activation_fn=torch.nn.Identity())
    ours = score(CASES["bert"].member(folder), pairs, fresh)
    np.testing.assert_allclose(ours, theirs.predict(joined), atol=1e-4)


def test_several_classes(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    """The log-odds of the class, whose sigmoid is the softmax."""
    import transformers

    folder = tiny_rerankers.bert_classifier(tmp_path / "model", labels=3)
    settings = {"kind": "cross_encoder", "model": str(folder), "max_length": 128, "precision": "fp32"}
    message = r"has 3 outputs \(0: LABEL_0, 1: LABEL_1, 2: LABEL_2\); set label to the one for relevant"
    for label in (None, 3):
        with pytest.raises(UserError, match=message):
            score(member(**settings, label=label), pairs, fresh)
    found = score(member(**settings, label=1), pairs, fresh)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for p, (q, text) in enumerate(zip(pairs.query[:9], pairs.texts(pairs.text[:9]), strict=True)):
        with torch.inference_mode():
            logits = model(**tokenizer(pairs.queries[q], text, return_tensors="pt")).logits[0]
        assert torch.sigmoid(torch.tensor(found[p])) == pytest.approx(float(logits.softmax(0)[1]), abs=1e-4)


def test_only_one_model_is_held(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    loads = []

    def load(settings: str) -> str:
        loads.append(settings)
        return settings.upper()

    assert [fresh.loaded(name, load) for name in ("a", "a", "b", "a")] == ["A", "A", "B", "A"]
    assert loads == ["a", "b", "a"]
