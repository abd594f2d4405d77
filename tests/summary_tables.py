"""Hand-made summary and funnel tables for tests."""

import pandas as pd

from listill.schemas import SCHEMAS, TABLES

NAN = float("nan")
FUNNEL_ROWS = [
    ("queries", "lead", "train", "generated", 200),
    ("queries", "lead", "train", "duplicate", 30),
    ("queries", "lead", "train", "kept", 170),
    ("queries", "human", "train", "kept", 40),
    ("queries", "lead", "heldout", "kept", 12),
    ("candidates", "lead", "train", "inconsistent", 50),
    ("candidates", "lead", "train", "kept", 120),
    ("lists", "lead", "train", "teacher disagrees", 25),
    ("lists", "lead", "train", "kept", 95),
]
FUNNEL = pd.DataFrame(FUNNEL_ROWS, columns=SCHEMAS["funnel"].names)


def summary(
    rows: dict[tuple[str, str], tuple[float, float, float]], measures: tuple[str, ...] = ("nDCG@10",)
) -> pd.DataFrame:
    """Return a summary of {(system, split): (value, base, p_value)}."""
    records = [
        (system, split, measure, value, base, value - base, value - base - 0.01, value - base + 0.01, p_value, 812)
        for (system, split), (value, base, p_value) in rows.items()
        for measure in measures
    ]
    required = [name for name in SCHEMAS["summary"].names if name not in TABLES["summary"].optional]
    frame = pd.DataFrame(records, columns=required).assign(clusters=812, seeds=1, seed_sd=NAN)
    frame["kept"] = frame["system"].str.contains(".", regex=False).map({True: 1, False: None}).astype("Int64")
    frame.loc[frame["p_value"].isna(), ["ci_low", "ci_high"]] = 0.0
    return frame


# infonce is better on test, listwise is better on dev.
ROWS = {
    ("minilm", "test"): (0.544, 0.544, NAN),
    ("minilm", "dev"): (0.540, 0.540, NAN),
    ("minilm.listwise", "test"): (0.595, 0.544, 0.0003),
    ("minilm.listwise", "dev"): (0.600, 0.540, 0.0003),
    ("minilm.infonce", "test"): (0.610, 0.544, 0.0002),
    ("minilm.infonce", "dev"): (0.590, 0.540, 0.0003),
    ("bm25", "test"): (0.534, 0.544, 0.2),
    ("teacher", "test"): (0.640, 0.544, 0.00001),
}


def values_of(**systems: list[float]) -> pd.DataFrame:
    """Return a per_query table of test topics; an underscore stands for the dot in the name of a system."""
    rows = [
        (system.replace("_", "."), "test", f"q{i:02}", "nDCG@10", value)
        for system, values in systems.items()
        for i, value in enumerate(values)
    ]
    return pd.DataFrame(rows, columns=SCHEMAS["per_query"].names)
