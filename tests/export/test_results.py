"""The figures of a model card."""

import pandas as pd

from listill.export.results import Figures, figures

COLUMNS = "system split measure value base delta ci_low ci_high p_value queries clusters seeds seed_sd kept"


def summary(kept: int = 1, seeds: int = 1, delta: float = 0.1) -> pd.DataFrame:
    rows = [
        ("bm25", 0.4, -0.1, -0.2, 0.0, 0.2, 1, None),
        ("s", 0.5, 0.0, 0.0, 0.0, None, 1, None),
        ("s.v", 0.5 + delta, delta, delta - 0.05, delta + 0.05, 0.001, seeds, kept),
        ("s.w", 0.7, 0.2, 0.1, 0.3, 0.001, 1, 1),
    ]
    frames = [
        (name, split, measure, value, 0.5, difference, low, high, p, 12, 10, n, None, k)
        for name, value, difference, low, high, p, n, k in rows
        for split in ("dev", "test")
        for measure in ("R@100", "nDCG@10")
    ]
    return pd.DataFrame(frames, columns=COLUMNS.split())


def test_the_system_beside_those_it_is_compared_with() -> None:
    result = figures(summary(), "s.v", "s", 0.95, {})
    assert result.split == "test"
    assert result.queries == "12 test topics in 10 clusters"
    assert result.measures == ["nDCG@10", "R@100"]
    assert result.values == {"nDCG@10": 0.6, "R@100": 0.6}
    assert result.rows == [
        ["bm25", "0.400", "0.400", "-0.100", "-0.200 to +0.000"],
        ["s (base)", "0.500", "0.500", "", ""],
        ["**s.v**", "0.600", "0.600", r"+0.100\*\*", "+0.050 to +0.150"],
    ]
    assert (result.seeds, result.caveat, result.confidence) == ("", "", "95%")


def test_a_seed_has_the_figures_of_all_seeds() -> None:
    result = figures(summary(seeds=3), "s.v-seed2", "s", 0.9, {})
    assert result.values["nDCG@10"] == 0.6
    assert result.seeds == "The figures of s.v are means over 3 seeds; this is the model of one of them."


def test_retention() -> None:
    result = figures(summary(), "s.v", "s", 0.95, {"other": summary(delta=-0.2)})
    assert result.retention == [
        ["other", "12 test topics in 10 clusters", "0.500", "0.300", r"-0.200\*\*", "-0.250 to -0.150"]
    ]


def test_a_system_that_was_not_measured() -> None:
    assert figures(summary(), "s.gone", "s", 0.95, {}) == Figures()
