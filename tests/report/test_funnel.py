"""The query funnel of the report."""

import pandas as pd

from listill.report import funnel
from summary_tables import FUNNEL


def test_the_funnel_follows_queries_through_the_stages() -> None:
    steps = funnel.steps(FUNNEL, {"listwise": {"lead": 90}})
    assert [(step.name, step.total, step.lost) for step in steps] == [
        ("before cleaning", 240, {}),
        ("after cleaning", 210, {"duplicate": 30}),
        ("after the consistency filter", 120, {"inconsistent": 50}),
        ("in training lists", 95, {"teacher disagrees": 25}),
        ("trained: listwise", 90, {}),
    ]
    assert steps[0].counts == {"human": 40, "lead": 200}


def test_stages_that_have_not_run_are_left_out() -> None:
    steps = funnel.steps(FUNNEL[FUNNEL["stage"] == "queries"], {})
    assert [step.name for step in steps] == ["before cleaning", "after cleaning"]
    assert funnel.steps(FUNNEL.head(0), {}) == []


def test_the_lists_of_a_variant() -> None:
    own = FUNNEL[FUNNEL["stage"] == "lists"].assign(stage="lists.short")
    steps = funnel.steps(pd.concat([FUNNEL, own]), {"short": {"lead": 90}})
    assert [(step.name, step.total) for step in steps][-3:] == [
        ("in training lists", 95),
        ("in lists of short", 95),
        ("trained: short", 90),
    ]


def test_the_funnel_of_another_split() -> None:
    assert [(step.name, step.counts) for step in funnel.steps(FUNNEL, {}, "heldout")] == [
        ("before cleaning", {"lead": 12}),
        ("after cleaning", {"lead": 12}),
    ]


def test_held_out_queries_are_counted() -> None:
    assert funnel.held_out(FUNNEL) == {"heldout": 12}
