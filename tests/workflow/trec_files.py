"""Runs and judgements as other programs read them: the package takes no part."""

from pathlib import Path

import pandas as pd

Qrels = dict[str, dict[str, int]]
Run = dict[str, dict[str, float]]


def judgements(folder: Path) -> dict[str, Qrels]:
    """Return the judgements of each split: human ones, and the sources of held-out queries with their duplicates."""
    found: dict[str, Qrels] = {"test": {}, "heldout": {}}
    for row in pd.read_parquet(folder / "qrels.parquet").query("split == 'test'").itertuples():
        found["test"].setdefault(row.query_id, {})[row.doc_id] = int(row.relevance)
    documents = pd.read_parquet(folder / "corpus.parquet")
    first = dict(zip(documents["doc_id"], documents["duplicate_of"].fillna(documents["doc_id"]), strict=True))
    for row in pd.read_parquet(folder / "queries.parquet").query("split == 'heldout'").itertuples():
        twins = {doc_id: 1 for doc_id, one in first.items() if one == first[row.doc_id]}
        found["heldout"][row.query_id] = twins
    return found


def read_run(path: Path) -> Run:
    """Read a TREC run."""
    run: Run = {}
    for line in path.read_text().splitlines():
        query, _, document, _, score, _ = line.split()
        run.setdefault(query, {})[document] = float(score)
    return run
