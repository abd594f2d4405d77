"""Cross-encoders: the scores of sentence-transformers, and models with several classes."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import CASES, member


def test_scores_equal_those_of_sentence_transformers(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    texts = pairs.texts(pairs.text)
    text_pairs = [(pairs.queries[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    reference = CrossEncoder(str(folder), device="cpu", max_length=128, activation_fn=torch.nn.Identity())
    scores = CASES["bert"].member(folder).score(pairs, fresh)
    np.testing.assert_allclose(scores, reference.predict(text_pairs), atol=1e-4)


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
