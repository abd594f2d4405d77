"""Other corpora on which the kept weights must not lose: ``training.selection.retention``.

Weights that are best on the dev queries of the corpus may have lost what the base model can do elsewhere. Their measure on
other corpora tells, and mixtures with the base model's weights give up little of the gain for it (Wortsman et al. 2022,
arXiv 2109.01903).
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from listill import tables
from listill.corpus import collection
from listill.errors import UserError
from listill.evaluation.topics import EvaluationQueries, evaluation_queries
from listill.measure_names import SELECTION
from listill.retrieval import embeddings, stored_tokens
from listill.retrieval.encoder import Encoder
from listill.schemas import HUMAN
from listill.settings.training import Recipe
from listill.training.selection import Selector, all_dev_queries, selector

log = logging.getLogger("listill")

NEEDED = ("corpus", "topics", "qrels", "tokens", "embeddings")


@dataclass(frozen=True)
class Other:
    """A corpus on which nothing is trained: its queries, what the base model reaches there, and the loss that is accepted."""

    name: str
    selector: Selector
    base: float
    max_loss: float

    def loses(self, measure: float) -> bool:
        """Tell whether weights with this measure lose more than is accepted."""
        return self.base - measure > self.max_loss


def load(files: Sequence[Path], encoder: Encoder, recipe: Recipe, seed: int, own: Sequence[str | None]) -> list[Other]:
    """Read the corpora of ``selection.retention``; ``encoder`` is the untrained student.

    ``files`` are the tables of these corpora (see the stage ``train``), in any order; each says itself what it is and of
    which corpus. ``seed`` draws the queries and documents that weights are measured on. ``own`` are the corpora that are
    trained on, which are left out. Raises UserError if a table or a corpus is missing, or if a corpus has no queries.
    """
    settings = recipe.selection.retention
    if settings is None:
        return []
    by_corpus: dict[str, dict[str, Path]] = {}
    for path in files:
        about = tables.provenance(path)
        if about.corpus is None:
            raise UserError(f"{path}: is no table of a listill run: pass those of the corpora in selection.retention")
        by_corpus.setdefault(about.corpus, {})[about.key.partition("/")[0]] = path
    if absent := sorted(set(settings.corpora) - by_corpus.keys() - {*own}):
        raise UserError(f"training.selection.retention: pass the tables of corpus {absent[0]} with --retention")
    others = []
    for name, of_corpus in by_corpus.items():
        if missing := [table for table in NEEDED if table not in of_corpus]:
            raise UserError(f"corpus {name}: pass its {missing[0]} with --retention")
        evaluated = _queries(name, of_corpus)
        documents = collection.load(of_corpus["corpus"])
        matrix = embeddings.load(of_corpus["embeddings"], documents)
        whole = all_dev_queries(documents, evaluated, encoder, stored_tokens.load(of_corpus["tokens"], documents))
        whole.fixed = matrix if recipe.tower == "query" else None
        part, base = selector(whole, evaluated, encoder, matrix, recipe.selection, seed)
        log.info(
            "selection: weights that lose more than %g on %s are not kept (%d queries, %d documents, base %s %.4f)",
            *(settings.max_loss, name, len(part.queries), len(part.collection), SELECTION, base),
        )
        others.append(Other(name, part, base, settings.max_loss))
    return others


def losing(others: Sequence[Other], measures: Mapping[str, float]) -> list[str]:
    """Return the names of the corpora on which weights with these measures lose more than is accepted."""
    return [other.name for other in others if other.loses(measures[other.name])]


def _queries(name: str, files: Mapping[str, Path]) -> EvaluationQueries:
    """Return the train and dev topics of a corpus, which no report measures; without any, its synthetic dev queries."""
    human = tables.read(files["topics"], "topics")
    human = human[human["split"].isin(["train", "dev"])].assign(type=HUMAN, split="dev")
    qrels = tables.read(files["qrels"], "qrels")
    qrels = qrels[qrels["query_id"].isin(human["query_id"]) & qrels["split"].isin(["train", "dev"])].assign(split="dev")
    columns = ["query_id", "text", "split", "type"]
    found = EvaluationQueries(_sorted(human[columns], ["query_id"]), _sorted(qrels, ["query_id", "doc_id"]))
    if found.judged.empty and "queries" in files:
        found = evaluation_queries(files["topics"], files["qrels"], files["queries"], files["corpus"])
        dev = found.queries["split"] == "dev"
        found = EvaluationQueries(found.queries[dev], found.qrels[found.qrels["split"] == "dev"], found.group)
    if found.judged.empty:
        raise UserError(
            f"training.selection.retention: corpus {name} has neither train or dev topics nor synthetic dev queries: add "
            "topics, or name another corpus"
        )
    return found


def _sorted(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    return rows.drop_duplicates(keys).sort_values(keys, ignore_index=True)
