"""The students on tasks of MTEB."""

import pandas as pd

from listill.report.mteb import Task, tasks


def table(**values: float) -> pd.DataFrame:
    """Return the table of a system: a value for each subset of the task T."""
    rows = [{"task": "T", "subset": subset, "split": "test", "measure": "ndcg_at_10"} for subset in values]
    return pd.DataFrame(rows).assign(value=list(values.values()), revision="r")


def test_trained_systems_stand_beside_their_own_base() -> None:
    """Neither c.x, whose base was not measured, nor d, from which nothing was trained, has a row."""
    rows = tasks(
        {
            "b": table(default=0.4),
            "a.x": table(default=0.6, de=0.1),
            "a": table(default=0.5, de=0.2),
            "b.x": table(default=0.3),
            "a.y": table(default=0.7),
            "c.x": table(default=0.9),
            "d": table(default=0.8),
        }
    )
    assert rows == [
        Task("T", "ndcg_at_10", "a", 0.5, {"a.x": 0.6, "a.y": 0.7}),
        Task("T (de)", "ndcg_at_10", "a", 0.2, {"a.x": 0.1}),
        Task("T", "ndcg_at_10", "b", 0.4, {"b.x": 0.3}),
    ]


def test_without_tables_there_are_no_rows() -> None:
    assert tasks({}) == []
