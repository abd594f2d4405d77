"""Rerankers that generate an answer token."""

from pathlib import Path

import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.teachers.answers import AnsweringReranker
from listill.teachers.scorer import Scorer
from plain_rerankers import member


def test_an_answer_that_is_not_in_the_vocabulary(tmp_path: Path) -> None:
    folder = tiny_rerankers.t5(tmp_path / "model")
    settings = member(kind="t5", model=str(folder), format="monot5", true_token="▁perhaps", false_token="▁false")
    with pytest.raises(UserError, match="'▁perhaps' is not in its vocabulary; set true_token"):
        Scorer(settings)


def test_the_score_is_yes_minus_no_or_yes_alone() -> None:
    logits = torch.tensor([[3.0, 1.0], [-2.0, 4.0]])
    assert AnsweringReranker.difference(logits).tolist() == [2.0, -6.0]
    assert AnsweringReranker.difference(logits[:, :1]).tolist() == [3.0, -2.0]
