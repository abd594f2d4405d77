"""Choose the passages that get queries, and turn human train topics into queries."""

import random
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.schemas import HUMAN


def split_of(heldout: pd.DataFrame) -> dict[str, str]:
    """Return the split (dev or heldout) of each held-out passage."""
    return dict(zip(heldout["doc_id"], heldout["split"], strict=True))


def passages(
    collection: Collection,
    split: dict[str, str],
    budget: int | None,
    seed: int,
    relevant: np.ndarray | None = None,
) -> list[int]:
    """Return the positions of the passages that get queries: ``budget`` training passages and all held-out passages.

    Only the first document of a duplicate group gets queries, and empty passages get none. With ``relevant``
    (positions), the training passages are limited to these, or to the first documents of their duplicate groups.
    """
    size = len(collection)
    eligible = np.fromiter((bool(text) for text in collection.all_rendered()), bool, size)
    eligible &= collection.group == np.arange(size)
    held_out = np.zeros(size, dtype=bool)
    positions = collection.doc_ids.positions(sorted(split))
    held_out[positions[positions >= 0]] = True
    train = eligible & ~held_out
    if relevant is not None:
        in_group = np.zeros(size, dtype=bool)
        in_group[collection.group[relevant]] = True
        train &= in_group
    if budget is not None and budget < train.sum():
        by_id = np.argsort(collection.id_order)
        by_id = by_id[train[by_id]]
        train[by_id] = False
        train[by_id[random.Random(f"{seed}:passages").sample(range(len(by_id)), budget)]] = True
    chosen: list[int] = np.flatnonzero(train | (eligible & held_out)).tolist()
    return chosen


def relevant_to_train_topics(collection: Collection, qrels: Path) -> np.ndarray:
    """Return the positions of the documents that are relevant to a human train topic."""
    judged = tables.read(qrels, "qrels").query("split == 'train' and relevance > 0")
    if judged.empty:
        raise UserError(f"{qrels}: no train topic has a relevant document: set corpora.<name>.passages_from to all")
    return collection.positions(judged["doc_id"].unique().tolist(), str(qrels))


def human_queries(topics: pd.DataFrame, qrels: pd.DataFrame) -> pd.DataFrame:
    """Return the train topics as queries of type ``human``; the doc_id is that of the most relevant document."""
    judged = qrels[(qrels["split"] == "train") & (qrels["relevance"] > 0)]
    best = judged.sort_values(["query_id", "relevance", "doc_id"], ascending=[True, False, True])
    best = best.drop_duplicates("query_id")[["query_id", "doc_id"]]
    human = topics[topics["split"] == "train"].merge(best, on="query_id")
    return human.assign(
        type=HUMAN, generator=HUMAN, prompt=None, seed=pd.NA, finish_reason=None, start=pd.NA, end=pd.NA
    ).astype({"seed": "Int64", "start": "Int32", "end": "Int32"})


def passages_without_queries(collection: Collection, queries: pd.DataFrame) -> dict[int, str]:
    """Return, by row of ``queries``, the source passage without the text that the query was taken from.

    If the passage contained the query's own words, teacher scores and training pairs would reward copying.
    """
    extracted = queries["start"].notna().to_numpy()
    sources = collection.positions(queries.loc[extracted, "doc_id"].tolist(), "queries")
    ranges = zip(
        np.flatnonzero(extracted), sources, queries.loc[extracted, "start"], queries.loc[extracted, "end"], strict=True
    )
    return {int(row): collection.without(int(i), int(start), int(end)) for row, i, start, end in ranges}
