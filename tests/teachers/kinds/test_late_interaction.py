"""MaxSim of a bi-encoder's token vectors against a naive implementation, and the settings of a model of its own."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tiny_colbert
from listill.errors import UserError
from listill.settings.students import Student
from listill.teachers import query_vectors
from listill.teachers.kinds import late_interaction
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import member, naive_maxsim


def test_late_interaction(pairs: Pairs, resources: Resources) -> None:
    scores = LateInteraction(kind="late_interaction").score(pairs, resources)
    encoder = resources.encoder("s")
    queries = encoder.token_vectors(pairs.queries, "query")
    texts = encoder.token_vectors(pairs.texts(pairs.text), "document")
    expected = [naive_maxsim(queries[q], text) for q, text in zip(pairs.query, texts, strict=True)]
    np.testing.assert_allclose(scores, expected, atol=0.005)  # bf16
    assert np.ptp(expected) > 0.05


@pytest.mark.parametrize(
    ("text_block", "pair_block", "memory"), [(1, 1, 0), (3, 2, 1 << 30), (7, 256, 0), (512, 5, 9000), (512, 256, 1)]
)
def test_late_interaction_does_not_depend_on_blocks(
    pairs: Pairs,
    resources: Resources,
    monkeypatch: pytest.MonkeyPatch,
    text_block: int,
    pair_block: int,
    memory: int,
) -> None:
    member = LateInteraction(kind="late_interaction")
    expected = member.score(pairs, resources)
    resources.loaded(None, lambda _: None)  # forgets the token vectors of the queries
    monkeypatch.setattr(query_vectors, "MEMORY", memory)
    monkeypatch.setattr(query_vectors, "BLOCK", 3)
    monkeypatch.setattr(late_interaction, "TEXT_BLOCK", text_block)
    monkeypatch.setattr(late_interaction, "PAIR_BLOCK", pair_block)
    np.testing.assert_allclose(member.score(pairs, resources), expected, atol=0.005)


def test_a_model_of_its_own_uses_no_student(tmp_path: Path, fresh: Resources) -> None:
    folder = tiny_colbert.save(tmp_path / "model")
    teacher = member(kind="late_interaction", model=str(folder), weight=2)
    assert teacher.students_used() == []
    assert teacher.resolved(["s"]) is teacher
    assert teacher.basis(fresh) == teacher.model_dump(exclude={"weight"})
    names = ["modules.json", "config.json", "model.safetensors", "1_Dense/model.safetensors"]
    assert teacher.files() == [str(folder / name) for name in [*names, "config_sentence_transformers.json"]]


def test_scores_of_a_student_depend_on_no_setting_of_a_model(resources: Resources) -> None:
    """Scores that were stored before there was ``model`` are found."""
    teacher = member(kind="late_interaction")
    student = Student(model=resources.students["s"].model, precision="fp32").model_dump(mode="json")
    assert teacher.basis(resources) == {"kind": "late_interaction", "student": student}
    assert teacher.files() == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"student": "s", "model": "m"}, "student and model: set only one of them"),
        ({"max_length": 99}, "max_length: it is a setting of `model`, which is not set"),
        ({"student": "s", "precision": "fp32"}, "precision: it is a setting of `model`, which is not set"),
        ({"revision": "main"}, "revision: it is a setting of `model`"),
        ({"trust_remote_code": True}, "trust_remote_code: it is a setting of `model`"),
    ],
)
def test_settings_that_do_not_go_together(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        member(kind="late_interaction", **settings)
    assert message in str(caught.value)


def test_settings_survive_a_round_trip() -> None:
    for settings in ({}, {"student": "s"}, {"model": "m", "max_length": 200, "precision": "bf16"}):
        one = member(kind="late_interaction", **settings)
        assert member(**one.model_dump()) == one
