"""The table of queries: written by a generator or a language model, cleaned, with the human train topics."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.funnel import count_reasons
from listill.queries.cleaning import Asked, reasons
from listill.queries.generator import Generator
from listill.queries.passages import human_queries, passages
from listill.settings.generation import Cleaning

log = logging.getLogger("listill")


def from_answers(files: list[Path], collection: Collection) -> tuple[pd.DataFrame, Asked]:
    """Return the queries of all shards in the order in which they were requested, and what is known of them."""
    if not files:
        raise UserError("generator is null: give the files that the stage ask wrote with --generated")
    queries = pd.concat([tables.read(file, "queries") for file in files], ignore_index=True)
    types = tables.provenance(files[0]).details.get("types", {})
    positions = collection.positions(queries["doc_id"].tolist(), str(files[0]))
    texts = {doc_id: collection.rendered(i) for doc_id, i in zip(queries["doc_id"], positions, strict=True)}
    return queries, Asked({name: about["words"] for name, about in types.items()}, texts)


def from_generator(
    generator: Generator,
    collection: Collection,
    split: dict[str, str],
    budget: int | None,
    seed: int,
    relevant: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the queries that a generator writes for the chosen passages (see ``passages``), with their split.

    ``split``: that of held-out passages. Raises UserError if a query trains on a held-out passage.
    """
    chosen = passages(collection, split, budget, seed, relevant)
    queries = generator.generate(collection, chosen, seed)
    if "split" not in queries:
        queries["split"] = [split.get(doc_id, "train") for doc_id in queries["doc_id"]]
    if (leak := (queries["split"] == "train") & queries["doc_id"].isin(split)).any():
        raise UserError(
            f"query '{queries.loc[leak, 'query_id'].iloc[0]}' has split train, but its passage is held out; "
            "leave out the column split, or let corpora.<name>.heldout be 0"
        )
    return queries


def finish(
    queries: pd.DataFrame,
    topics: pd.DataFrame,
    qrels: pd.DataFrame | None,
    cleaning: Cleaning,
    asked: Asked | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cleaned queries with the human train topics, sorted by id, and the rows of the funnel.

    ``topics`` are the human topics of all splits; without ``qrels`` those for training are left out. Raises UserError if an
    id stands for a topic and a query, or if no query for training is left.
    """
    unseen = topics.loc[topics["split"].isin(["dev", "test"]), "text"].tolist()
    verdict = reasons(queries, unseen, cleaning, asked)
    counts = [count_reasons("queries", queries, pd.Series("generated", index=queries.index))]
    counts.append(count_reasons("queries", queries, verdict))
    log.info("generate: %d of %d queries kept", (verdict == "kept").sum(), len(queries))
    for reason, count in verdict[verdict != "kept"].value_counts().items():
        log.info("generate: %d dropped: %s", count, reason)
    kept = queries[verdict == "kept"]
    if qrels is not None:
        human = human_queries(topics, qrels)
        log.info("generate: %d human train topics", len(human))
        if clash := set(human["query_id"]) & set(kept["query_id"]):
            raise UserError(f"query_id '{min(clash)}' stands for a topic and for a generated query; rename the topic")
        for reason in ("generated", "kept"):
            counts.append(count_reasons("queries", human, pd.Series(reason, index=human.index)))
        kept = pd.concat([kept, human])
    if not (kept["split"] == "train").any():
        raise UserError("no query to train on is left: see the counts above, and generation in the config")
    return kept.sort_values("query_id"), pd.concat(counts)
