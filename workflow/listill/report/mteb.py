"""The students on tasks of MTEB, before and after training."""

from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from listill.system_names import is_variant


@dataclass(frozen=True)
class Task:
    """One task: the values of the base model and of each system trained from it, by name of the system."""

    name: str
    measure: str
    student: str
    base: float
    trained: dict[str, float]


def tasks(tables: Mapping[str, pd.DataFrame]) -> list[Task]:
    """Return a row for each student and each subset of a task, from the table ``mteb`` of each system.

    Trained systems whose base model was not measured are left out, and so are base models without trained systems.
    """
    rows = []
    for student in sorted(name for name in tables if "." not in name):
        trained = {name: table for name, table in tables.items() if is_variant(name, student)}
        if not trained:
            continue
        for one in tables[student].to_dict("records"):
            values = {name: _value(table, one) for name, table in sorted(trained.items())}
            name = one["task"] if one["subset"] == "default" else f"{one['task']} ({one['subset']})"
            found = {name: value for name, value in values.items() if value is not None}
            rows.append(Task(name, one["measure"], student, one["value"], found))
    return rows


def _value(table: pd.DataFrame, like: dict[str, object]) -> float | None:
    """Return the value of a table's row of the same task, subset and split."""
    same = table[(table[["task", "subset", "split"]] == [like["task"], like["subset"], like["split"]]).all(axis=1)]
    return None if same.empty else float(same["value"].iloc[0])
