"""The numbers of queries that are kept and dropped."""

import numpy as np
import pandas as pd

from listill import tables
from listill.funnel import count_reasons


def test_queries_are_counted_by_type_split_and_reason() -> None:
    queries = pd.DataFrame({"type": ["lead", "lead", "crop", "lead"], "split": ["train", "train", "train", "heldout"]})
    counted = count_reasons("queries", queries, pd.Series(["kept", "short", "kept", "kept"]))
    rows = counted[["stage", "type", "split", "reason", "queries"]].to_numpy().tolist()
    assert rows == [
        ["queries", "crop", "train", "kept", 1],
        ["queries", "lead", "heldout", "kept", 1],
        ["queries", "lead", "train", "kept", 1],
        ["queries", "lead", "train", "short", 1],
    ]
    assert np.issubdtype(counted["queries"].dtype, np.integer)


def test_a_funnel_without_queries_is_a_valid_table() -> None:
    counted = count_reasons("lists", pd.DataFrame({"type": [], "split": []}, dtype=object), pd.Series([], dtype=object))
    assert tables.as_table("funnel", counted).num_rows == 0


def test_other_columns_and_the_index_do_not_matter() -> None:
    queries = pd.DataFrame({"text": ["a", "b"], "split": "train", "type": "lead"}, index=[7, 3])
    counted = count_reasons("candidates", queries, pd.Series({3: "kept", 7: "inconsistent"}))
    assert dict(zip(counted["reason"], counted["queries"], strict=True)) == {"kept": 1, "inconsistent": 1}
    assert "text" in queries
    assert "stage" not in queries
