"""Build the table of queries: generated queries, cleaned, and the human train topics."""

import logging
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.funnel import count_reasons
from listill.queries.cleaning import RequestInfo, reasons
from listill.queries.generator import Generator
from listill.queries.passages import human_queries, passages
from listill.settings.generation import Cleaning

log = logging.getLogger("listill")


def from_answers(files: list[Path], collection: Collection) -> tuple[pd.DataFrame, RequestInfo]:
    """Return the queries of all shards, in the order of the requests, and the facts about the requests."""
    if not files:
        raise UserError("generator is null: pass the output files of the stage ask with --generated")
    queries = pd.concat([tables.read(file, "queries") for file in files], ignore_index=True)
    types = tables.provenance(files[0]).details.get("types", {})
    positions = collection.positions(queries["doc_id"].tolist(), str(files[0]))
    passage_texts = {doc_id: collection.rendered(i) for doc_id, i in zip(queries["doc_id"], positions, strict=True)}
    words, prompts, examples = (
        {name: details[key] for name, details in types.items()} for key in ("words", "prompt", "examples")
    )
    return queries, RequestInfo(words, passage_texts, prompts, examples)


def from_generator(
    generator: Generator,
    collection: Collection,
    split: dict[str, str],
    budget: int | None,
    seed: int,
    relevant: np.ndarray | None = None,
) -> pd.DataFrame:
    """Return the queries that a generator writes for the chosen passages (see ``passages``), with their split.

    ``split`` is the split of each held-out passage. Raises UserError if a training query has a held-out passage.
    """
    chosen = passages(collection, split, budget, seed, relevant)
    queries = generator.generate(collection, chosen, seed)
    if "split" not in queries:
        queries["split"] = [split.get(doc_id, "train") for doc_id in queries["doc_id"]]
    if (leak := (queries["split"] == "train") & queries["doc_id"].isin(split)).any():
        raise UserError(
            f"query '{queries.loc[leak, 'query_id'].iloc[0]}' has split train, but its passage is held out; "
            "remove the column split, or set corpora.<name>.heldout to 0"
        )
    return queries


def finish(
    queries: pd.DataFrame,
    topics: pd.DataFrame,
    qrels: pd.DataFrame | None,
    cleaning: Cleaning,
    requests: RequestInfo | None = None,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the cleaned queries with the human train topics, sorted by id, and the rows of the funnel.

    ``topics`` are the human topics of all splits. Without ``qrels``, no human train topics are added. ``requests``
    holds the facts about requests to a language model. Raises UserError if a topic and a generated query have the same
    id.
    """
    evaluation_topics = topics.loc[topics["split"].isin(["dev", "test"]), "text"].tolist()
    verdict = reasons(queries, evaluation_topics, cleaning, requests)
    counts = [count_reasons("queries", queries, pd.Series("generated", index=queries.index))]
    counts.append(count_reasons("queries", queries, verdict))
    log.info("generate: %d of %d queries kept", (verdict == "kept").sum(), len(queries))
    for reason, count in verdict[verdict != "kept"].value_counts().items():
        log.info("generate: %d dropped: %s", count, reason)
    kept = queries[verdict == "kept"]
    if qrels is not None:
        human = human_queries(topics, qrels)
        log.info("generate: %d human train topics", len(human))
        clash = human["query_id"][human["query_id"].isin(kept["query_id"])]
        if len(clash):
            raise UserError(f"query_id '{min(clash)}' is both a topic and a generated query: rename the topic")
        for reason in ("generated", "kept"):
            counts.append(count_reasons("queries", human, pd.Series(reason, index=human.index)))
        kept = pd.concat([kept, human])
    return kept.sort_values("query_id"), pd.concat(counts)
