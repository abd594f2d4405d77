"""Cross-encoders: the scores of sentence-transformers, and models with several classes."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.teachers import scorer
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import CASES, member


def predicted(folder: Path, pairs: Pairs) -> np.ndarray:
    """Return the raw scores of CrossEncoder.predict, with the limit of 128 tokens."""
    from sentence_transformers import CrossEncoder

    text_pairs = [(pairs.queries[q], text) for q, text in zip(pairs.query, pairs.texts(pairs.text), strict=True)]
    reference = CrossEncoder(str(folder), device="cpu", max_length=128, activation_fn=torch.nn.Identity())
    return np.array(reference.predict(text_pairs))


def test_scores_equal_those_of_sentence_transformers(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    scores = CASES["bert"].member(folder).score(pairs, fresh)
    np.testing.assert_allclose(scores, predicted(folder, pairs), atol=1e-4)


MODULAR = {
    "plain": {},
    "normalised": {"norm": "Normalize"},
    "ettin": {"norm": "LayerNorm", "pooling": "mean"},
    "activation": {"activation_fn": torch.nn.Sigmoid()},
}


@pytest.mark.parametrize("settings", MODULAR.values(), ids=MODULAR)
def test_a_cross_encoder_of_modules(
    settings: dict[str, Any], pairs: Pairs, fresh: Resources, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Raw scores, whatever activation the folder names; batches of any size; an order that survives bf16."""
    folder = tiny_rerankers.modular(tmp_path / "model", **settings)
    expected = predicted(folder, pairs)
    for budget in (150, 10**6):
        monkeypatch.setitem(scorer.BUDGET, "cpu", budget)
        one = Resources(fresh.collection, {}, fresh.bm25)
        np.testing.assert_allclose(CASES["bert"].member(folder).score(pairs, one), expected, atol=1e-4)
    scores = CASES["bert"].member(folder, precision="bf16").score(pairs, fresh)
    assert np.corrcoef(scores, expected)[0, 1] > 0.98
    assert len(np.unique(scores)) >= len(np.unique(expected.astype(np.float32))) - 1


def test_modules_with_several_classes(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    folder = tiny_rerankers.modular(tmp_path / "model", labels=3)
    case = CASES["bert"]
    with pytest.raises(UserError, match=r"has 3 classes .*; set label of this teacher to the class for relevant"):
        case.member(folder).score(pairs, fresh)
    expected = torch.tensor(predicted(folder, pairs)).softmax(1)[:, 2].logit()
    np.testing.assert_allclose(case.member(folder, label=2).score(pairs, fresh), expected, atol=1e-3)


def test_several_classes(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    """The score is the log-odds of the class, whose sigmoid is the softmax."""
    import transformers

    folder = tiny_rerankers.bert_classifier(tmp_path / "model", labels=3)
    settings = {"kind": "cross_encoder", "model": str(folder), "max_length": 128, "precision": "fp32"}
    message = (
        r"has 3 classes \(0: LABEL_0, 1: LABEL_1, 2: LABEL_2\); set label of this teacher to the class for relevant"
    )
    for label in (None, 3):
        with pytest.raises(UserError, match=message):
            member(**settings, label=label).score(pairs, fresh)
    scores = member(**settings, label=1).score(pairs, fresh)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for p, (q, text) in enumerate(zip(pairs.query[:9], pairs.texts(pairs.text[:9]), strict=True)):
        with torch.inference_mode():
            logits = model(**tokenizer(pairs.queries[q], text, return_tensors="pt")).logits[0]
        assert torch.sigmoid(torch.tensor(scores[p])) == pytest.approx(float(logits.softmax(0)[1]), abs=1e-4)
