"""Score distributions: of the teachers, and of a student before and after training."""

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables

BINS = 40
TOP = 10  # the documents of a run that are looked at besides the relevant ones
SOURCE, OTHERS = "source passages", "other candidates"
RELEVANT, IRRELEVANT = "relevant documents", f"other documents of the top {TOP}"


@dataclass(frozen=True)
class Histogram:
    """The share of scores in each bin (float [bins], sum 1) of each kind of document; ``edges``: float [bins + 1].

    ``counts`` and ``means``: number and mean of the scores of each kind.
    """

    edges: np.ndarray
    shares: dict[str, np.ndarray]
    counts: dict[str, int] = field(default_factory=dict)
    means: dict[str, float] = field(default_factory=dict)


def histogram(scores: dict[str, np.ndarray], span: tuple[float, float] | None = None) -> Histogram | None:
    """Return the distribution of each kind of scores over the same bins; None if there are no scores.

    ``span`` is the range of the bins (default: that of all scores), so that two histograms can be compared.
    """
    there = {name: values for name, values in scores.items() if len(values)}
    if not there:
        return None
    everything = np.concatenate(list(there.values()))
    low, high = span or (float(everything.min()), float(everything.max()))
    edges = np.linspace(low, high if high > low else low + 1, BINS + 1)
    shares = {name: np.histogram(values, edges)[0] / len(values) for name, values in there.items()}
    counts = {name: len(values) for name, values in there.items()}
    return Histogram(edges, shares, counts, {name: float(values.mean()) for name, values in there.items()})


def teachers(scores: Path, queries: pd.DataFrame) -> dict[str, Histogram]:
    """Return the distribution of each teacher's raw scores on the training queries: their sources and other candidates.

    ``queries``: query_id, doc_id (the source passage, or the judged document of a human topic), split.
    """
    frame = tables.read(scores, "scores", ["query_id", "doc_id", "teacher", "score"])
    train = queries[queries["split"] == "train"]
    source = dict(zip(train["query_id"], train["doc_id"], strict=True))
    frame = frame[frame["query_id"].isin(source)]
    is_source = (frame["query_id"].map(source) == frame["doc_id"]).to_numpy(dtype=bool)
    found = {}
    for teacher in sorted(frame["teacher"].unique()):
        mine = (frame["teacher"] == teacher).to_numpy(dtype=bool)
        values = frame["score"].to_numpy(dtype=np.float64)
        result = histogram({OTHERS: values[mine & ~is_source], SOURCE: values[mine & is_source]})
        if result:
            found[str(teacher)] = result
    return found


def students(runs: tuple[pd.DataFrame, pd.DataFrame], qrels: pd.DataFrame, query_ids: set[str]) -> list[Histogram]:
    """Return the distributions of the scores of a student before and after training, over the same bins.

    ``runs``: query_id, doc_id, rank, score of both. ``qrels``: query_id, doc_id, relevance. Relevant documents that a run
    does not contain are missing. The list is empty if one of the runs has no scores.
    """
    relevant = qrels[(qrels["relevance"] > 0) & qrels["query_id"].isin(query_ids)][["query_id", "doc_id"]]
    parts = []
    for run in runs:
        rows = run[run["query_id"].isin(query_ids)].merge(
            relevant, on=["query_id", "doc_id"], how="left", indicator=True
        )
        is_relevant = (rows["_merge"] == "both").to_numpy(dtype=bool)
        scores, near = rows["score"].to_numpy(dtype=np.float64), (rows["rank"] <= TOP).to_numpy(dtype=bool)
        parts.append({IRRELEVANT: scores[near & ~is_relevant], RELEVANT: scores[is_relevant]})
    everything = np.concatenate([values for part in parts for values in part.values()])
    if not len(everything):
        return []
    found = [histogram(part, (float(everything.min()), float(everything.max()))) for part in parts]
    return [one for one in found if one] if all(found) else []
