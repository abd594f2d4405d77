"""The ensemble: its default members, and unknown kinds."""

from checked_config import config, fault, parsed
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.kinds.late_interaction import LateInteraction


def test_the_default_members_need_no_model_of_their_own() -> None:
    members = parsed().teacher.members
    assert {name: type(member) for name, member in members.items()} == {
        "maxsim": LateInteraction,
        "dense": DenseTeacher,
        "bm25": Bm25Teacher,
    }


def test_an_unknown_kind_names_the_known_ones() -> None:
    message = fault(config(teacher={"members": {"m": {"kind": "oracle"}}}))
    assert message.startswith("config.yaml: teacher.members.m: ")
    assert "'cross_encoder', 'dense', 'file', 'late_interaction', 't5'" in message


def test_an_ensemble_has_at_least_one_member() -> None:
    assert "teacher.members: " in fault(config(teacher={"members": {}}))
