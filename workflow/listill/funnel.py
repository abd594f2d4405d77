"""The query funnel: how many queries each step keeps, and why it drops the others."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


def count_reasons(step: str, queries: "pd.DataFrame", reasons: "pd.Series") -> "pd.DataFrame":
    """Return the rows of a funnel table: the number of queries by type, split and reason.

    ``queries`` has the columns type and split. ``reasons`` has the same index; a value is ``kept`` or why a query is
    dropped.
    """
    counted = queries[["type", "split"]].assign(stage=step, reason=reasons)
    groups = counted.groupby(["stage", "type", "split", "reason"], as_index=False)
    return groups.size().rename(columns={"size": "queries"})
