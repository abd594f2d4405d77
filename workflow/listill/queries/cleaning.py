"""What is dropped from the generated queries, and why."""

import unicodedata

import numpy as np
import pandas as pd
from sklearn.feature_extraction.text import CountVectorizer

from listill.settings import Cleaning

BLOCK = 10_000


def fold(text: str) -> str:
    """Return the text as it counts for equality: NFKC, case folded, blanks squeezed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


def overlaps(queries: list[str], topics: list[str], threshold: float) -> list[bool]:
    """Tell for each query whether its set of words has a Jaccard similarity of at least ``threshold`` with a topic."""
    if not topics or not queries:
        return [False] * len(queries)
    counter = CountVectorizer(binary=True, token_pattern=r"(?u)\b\w+\b", lowercase=False)
    try:
        right = counter.fit_transform([fold(topic) for topic in topics])
    except ValueError:  # no topic has a word
        return [False] * len(queries)
    sizes = np.asarray(right.sum(axis=1)).ravel()
    found: list[bool] = []
    for start in range(0, len(queries), BLOCK):
        block = [fold(query) for query in queries[start : start + BLOCK]]
        # Words that no topic has count for the union, though not for the vocabulary.
        lengths = [len(set(counter.build_analyzer()(query))) for query in block]
        common = (counter.transform(block) @ right.T).tocoo()
        hit = [False] * len(block)
        for row, column, shared in zip(common.row, common.col, common.data, strict=True):
            if shared >= threshold * (lengths[row] + sizes[column] - shared):
                hit[row] = True
        found.extend(hit)
    return found


def reasons(queries: pd.DataFrame, topics: list[str], settings: Cleaning) -> pd.Series:
    """Return for each query why it is dropped, or ``kept``.

    ``queries`` has text and finish_reason; ``topics`` are the human dev and test topics, which must not leak into training.
    """
    lengths = queries["text"].str.split().str.len()
    verdict = pd.Series("kept", index=queries.index, dtype=object)
    checks = {
        "empty": lengths == 0,
        "cut off": queries["finish_reason"] == "length",
        "short": lengths < settings.min_words,
        "long": lengths > settings.max_words,
        "topic overlap": pd.Series(overlaps(queries["text"].tolist(), topics, settings.topic_overlap), queries.index),
    }
    for reason, hit in checks.items():
        verdict[hit.fillna(False).astype(bool) & (verdict == "kept")] = reason
    kept = verdict == "kept"
    folded = queries.loc[kept, "text"].map(fold)
    verdict.loc[folded.index[folded.duplicated()]] = "duplicate"
    return verdict


def funnel(stage: str, queries: pd.DataFrame, verdict: pd.Series) -> pd.DataFrame:
    """Return the rows of a funnel table: how many queries of each type and split had which verdict."""
    counted = queries[["type", "split"]].assign(stage=stage, reason=verdict)
    return (
        counted.groupby(["stage", "type", "split", "reason"], as_index=False).size().rename(columns={"size": "queries"})
    )
