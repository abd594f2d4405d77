"""Retention: the corpora on which trained students are measured besides their own."""

from typing import Any

import pytest

from listill.errors import UserError
from listill.plan import Plan
from plan_config import CONFIG


def plan(retention: dict[str, Any], trained_on: list[str] | None = None) -> Plan:
    """Return the plan of two corpora, ``c`` and ``d``; both variants are trained on ``trained_on`` (default: both)."""
    variants = {
        name: variant | ({"corpora": trained_on} if trained_on else {})
        for name, variant in CONFIG["training"]["variants"].items()
    }
    return Plan({**CONFIG, "training": {"variants": variants}, "evaluation": {"retention": retention}})


def test_students_are_measured_on_the_corpora_that_are_not_their_own() -> None:
    both = plan({"corpora": ["c", "d"]})
    assert (both.retention_of("c"), both.retention_of("d")) == (["d"], ["c"])
    assert both.reported == ["c", "d"]
    assert both.settings.evaluation.retention is not None
    assert both.settings.evaluation.retention.max_loss == 0.005


def test_a_corpus_on_which_nothing_is_trained_has_no_report() -> None:
    only = plan({"corpora": ["d"]}, trained_on=["c"])
    assert (only.retention_of("c"), only.retention_of("d")) == (["d"], [])
    assert only.reported == ["c"]
    assert only.students_on("c") == ["s", "t"]
    assert only.students_on("d") == []
    assert Plan(CONFIG).reported == ["c", "d"]
    assert Plan(CONFIG).retention_of("c") == []


@pytest.mark.parametrize(
    ("retention", "trained_on", "message"),
    [
        ({"corpora": ["e"]}, None, "evaluation.retention.corpora: no corpus 'e'"),
        ({"corpora": []}, None, "evaluation.retention.corpora"),
        ({"corpora": ["d", "d"]}, None, "evaluation.retention.corpora"),
        ({"corpora": ["d"], "max_loss": -0.1}, None, "evaluation.retention.max_loss"),
        ({"corpora": ["c"]}, ["c"], "no student is trained on another corpus than these: add a corpus"),
    ],
)
def test_faults_are_one_line(retention: dict[str, Any], trained_on: list[str] | None, message: str) -> None:
    with pytest.raises(UserError) as raised:
        plan(retention, trained_on)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
