"""Cross-encoders: as sentence-transformers scores, and with several classes."""

from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import CASES, member


def test_cross_encoder_of_sentence_transformers(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    from sentence_transformers import CrossEncoder

    folder = tiny_rerankers.bert_classifier(tmp_path / "model")
    texts = pairs.texts(pairs.text)
    joined = [(pairs.queries[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    theirs = CrossEncoder(str(folder), device="cpu", max_length=128, activation_fn=torch.nn.Identity())
    ours = CASES["bert"].member(folder).score(pairs, fresh)
    np.testing.assert_allclose(ours, theirs.predict(joined), atol=1e-4)


def test_several_classes(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    """The log-odds of the class, whose sigmoid is the softmax."""
    import transformers

    folder = tiny_rerankers.bert_classifier(tmp_path / "model", labels=3)
    settings = {"kind": "cross_encoder", "model": str(folder), "max_length": 128, "precision": "fp32"}
    message = r"has 3 outputs \(0: LABEL_0, 1: LABEL_1, 2: LABEL_2\); set label to the one for relevant"
    for label in (None, 3):
        with pytest.raises(UserError, match=message):
            member(**settings, label=label).score(pairs, fresh)
    found = member(**settings, label=1).score(pairs, fresh)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    for p, (q, text) in enumerate(zip(pairs.query[:9], pairs.texts(pairs.text[:9]), strict=True)):
        with torch.inference_mode():
            logits = model(**tokenizer(pairs.queries[q], text, return_tensors="pt")).logits[0]
        assert torch.sigmoid(torch.tensor(found[p])) == pytest.approx(float(logits.softmax(0)[1]), abs=1e-4)
