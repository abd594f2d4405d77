"""The training set in memory: the queries, the distinct texts, and the lists that refer to them."""

import dataclasses
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.queries.passages import passages_without_queries
from listill.ragged import Ragged, beside, flat, starts_of
from listill.retrieval import embeddings
from listill.retrieval.encoder import Encoder
from listill.retrieval.tokens import Tokens
from listill.settings.students import Student
from listill.settings.training import Recipe


@dataclass(frozen=True)
class Examples:
    """Queries with their lists.

    ``lists[q]`` are positions in ``texts`` (the positives first), ``scores[q]`` their targets. ``group[t]`` is the
    duplicate group of text t. A passage from which a query was removed stays in the group of the passage.
    ``relevant[q]`` are the groups that are known to be relevant to q, or that the lists take to be (near positives).
    ``document[t]`` is the position in the corpus, or -1 for a passage from which a query was removed. ``left_out``:
    groups and scores of the candidates that the teacher scored but each list leaves out; None if they are unknown.
    ``guide``: embeddings of queries and texts by the model that filters likely false negatives. ``base``: those by the
    base model, if a loss uses them. ``anchors`` are positions of texts that are in no list, of which each step has
    ``anchors_per_step``; only losses that keep the student close to the base model use them.
    """

    query_ids: list[str]
    types: list[str]
    queries: list[str]
    lists: Ragged
    scores: Ragged
    relevant: Ragged
    texts: list[str]
    group: np.ndarray
    document: np.ndarray
    left_out: tuple[Ragged, Ragged] | None = None
    guide: tuple[np.ndarray, np.ndarray] | None = None
    base: tuple[np.ndarray, np.ndarray] | None = None
    anchors: np.ndarray | None = None
    anchors_per_step: int = 0

    def __len__(self) -> int:
        return len(self.queries)

    @property
    def counts(self) -> dict[str, int]:
        """Number of lists of each query type."""
        return {kind: self.types.count(kind) for kind in sorted(set(self.types))}

    def pool(self, queries: np.ndarray) -> tuple[Ragged, Ragged]:
        """Return the groups and scores of all documents that the teacher scored for each query: its list comes first."""
        lists, scores = self.lists.take(queries), self.scores.take(queries)
        groups = lists.with_values(self.group[lists.values])
        if self.left_out is None:
            return groups, scores
        other_groups, other_scores = (part.take(queries) for part in self.left_out)
        return beside(groups, other_groups), beside(scores, other_scores)

    def tokenise(self, encoder: Encoder, stored: Tokens) -> tuple[Tokens, Tokens]:
        """Return the tokens of queries and texts; ``stored`` are the tokens of all documents of the corpus."""
        edited = encoder.tokenise([self.texts[t] for t in np.flatnonzero(self.document < 0)], "document")
        place = np.where(self.document < 0, len(stored) + np.cumsum(self.document < 0) - 1, self.document)
        return encoder.tokenise(self.queries, "query"), (stored + edited).take(place)

    def embed(
        self, encoder: Encoder, corpus: np.ndarray, queries: np.ndarray, texts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """Return the embeddings of queries and texts (positions); ``corpus`` are the encoder's of all documents."""
        return encoder.encode([self.queries[q] for q in queries], "query"), self.embed_texts(encoder, corpus, texts)

    def embed_texts(self, encoder: Encoder, corpus: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """Return the embeddings of texts (positions); ``corpus`` are the encoder's of all documents."""
        document = self.document[texts]
        vectors = np.empty((len(texts), corpus.shape[1]), dtype=np.float32)
        vectors[document >= 0] = corpus[document[document >= 0]]
        vectors[document < 0] = encoder.encode([self.texts[t] for t in texts[document < 0]], "document")
        return vectors

    def with_guide(self, encoder: Encoder, corpus: np.ndarray) -> "Examples":
        """Return the examples with the embeddings of a guide; ``corpus`` are its embeddings of all documents."""
        everything = np.arange(len(self)), np.arange(len(self.texts))
        return dataclasses.replace(self, guide=self.embed(encoder, corpus, *everything))


def prepare(
    collection: Collection,
    lists: pd.DataFrame,
    queries: pd.DataFrame,
    qrels: pd.DataFrame,
    recipe: Recipe,
    variant: str,
    seed: int,
    share: float = 1.0,
) -> Examples:
    """Return the examples that a variant is trained on, from the tables lists, queries and qrels.

    With a ``share`` below 1, it is trained on a sample of its lists; a smaller share is a part of a larger one.
    """
    chosen = choose_lists(lists, recipe, variant, seed, share)
    return load(collection, chosen, queries, qrels[qrels["split"] == "train"])


def load_guide(examples: Examples, collection: Collection, model: Student | None, file: Path | None) -> Examples:
    """Return the examples with the embeddings of the guide ``model``; ``file`` contains those of all documents."""
    if model is None or file is None:
        raise UserError(
            "training.negatives.guide is set, but the option --guide (its embeddings) or the key `guide` of --config "
            "(its model) is missing: give both"
        )
    return examples.with_guide(Encoder(model), embeddings.load(file, collection))


def choose_lists(lists: pd.DataFrame, recipe: Recipe, variant: str, seed: int, share: float = 1.0) -> pd.DataFrame:
    """Return the lists that a variant is trained on, sorted by query_id: those of its types, at most ``max_lists``.

    Of these, a ``share`` is drawn; it has at least one list.
    """
    chosen = lists.sort_values("query_id", ignore_index=True)
    if recipe.types is not None:
        if unknown := set(recipe.types) - set(chosen["type"]):
            known = ", ".join(sorted(set(chosen["type"])))
            raise UserError(
                f"variant {variant}: types: no list has the type '{min(unknown)}'; the types of the lists are {known}"
            )
        chosen = chosen[chosen["type"].isin(recipe.types)].reset_index(drop=True)
    allowed = len(chosen) if recipe.max_lists is None else min(recipe.max_lists, len(chosen))
    size = max(1, round(share * allowed))
    if size < len(chosen):
        sample = np.random.default_rng(seed).permutation(len(chosen))[:size]
        chosen = chosen.iloc[np.sort(sample)].reset_index(drop=True)
    return chosen


def load(collection: Collection, lists: pd.DataFrame, queries: pd.DataFrame, qrels: pd.DataFrame) -> Examples:
    """Join the lists with the texts of their queries and documents; ``qrels`` are the train judgements."""
    queries = queries.set_index("query_id", drop=False).loc[lists["query_id"]].reset_index(drop=True)
    edited = passages_without_queries(collection, queries)
    source = collection.positions(queries["doc_id"].tolist(), "queries")
    documents, scores = _scored(collection, lists, "doc_ids", "scores")
    if not documents.lengths.all():
        empty = lists["query_id"].iloc[int(documents.lengths.argmin())]
        raise UserError(f"lists: query {empty} has no doc_ids: remove its row, or name its documents")
    used, places = np.unique(documents.values, return_inverse=True)
    texts = [collection.rendered(int(i)) for i in used]
    # The source passage of a query that was taken from it is a text of its own, without the query.
    changed = np.zeros(len(queries), dtype=bool)
    changed[list(edited)] = True
    in_source = changed[documents.rows] & (documents.values == source[documents.rows])
    of_query, number = np.unique(documents.rows[in_source], return_inverse=True)
    places[in_source] = len(texts) + number
    return Examples(
        query_ids=queries["query_id"].tolist(),
        types=queries["type"].tolist(),
        queries=queries["text"].tolist(),
        lists=documents.with_values(places),
        scores=scores,
        relevant=_relevant(collection, lists, source, qrels[qrels["relevance"] > 0]),
        texts=[*texts, *(edited[q] for q in of_query.tolist())],
        group=collection.group[np.concatenate([used, source[of_query]])],
        document=np.concatenate([used, np.full(len(of_query), -1)]),
        left_out=_left_out(collection, lists),
    )


def _relevant(collection: Collection, lists: pd.DataFrame, source: np.ndarray, judged: pd.DataFrame) -> Ragged:
    """Return the groups of each query's source passage, of the ``judged`` documents and of the lists' near positives."""
    of_query: dict[str, list[str]] = {}
    for query_id, doc_id in zip(judged["query_id"], judged["doc_id"], strict=True):
        of_query.setdefault(query_id, []).append(doc_id)
    of_judged = _documents(collection, map(of_query.get, lists["query_id"]), "qrels")
    of_near = _documents(collection, lists["near_positives"], "lists")
    documents = beside(of_judged, of_near, Ragged(source, np.arange(len(source) + 1)))
    return documents.with_values(collection.group[documents.values])


def _left_out(collection: Collection, lists: pd.DataFrame) -> tuple[Ragged, Ragged] | None:
    """Return the groups and scores of the candidates that each list leaves out; None if the table does not say."""
    if lists["other_ids"].isna().all():
        return None
    documents, scores = _scored(collection, lists, "other_ids", "other_scores")
    return documents.with_values(collection.group[documents.values]), scores


def _scored(collection: Collection, lists: pd.DataFrame, ids: str, scores: str) -> tuple[Ragged, Ragged]:
    """Return the documents (positions) and their scores in two columns of the lists; null is none."""
    documents = _documents(collection, lists[ids], "lists")
    values, lengths = flat(lists[scores])
    if (wrong := lengths != documents.lengths).any():
        q = int(wrong.argmax())
        raise UserError(
            f"lists: query {lists['query_id'].iloc[q]} has {documents.lengths[q]} {ids}, but {lengths[q]} {scores}: give "
            "each document one score"
        )
    return documents, documents.with_values(np.array(values, dtype=np.float32))


def _documents(collection: Collection, rows: Iterable[Sequence[str] | None], source: str) -> Ragged:
    """Return the positions of rows of doc_ids; None is an empty row. ``source`` is for the message about an unknown id."""
    doc_ids, lengths = flat(rows)
    return Ragged(collection.positions(doc_ids, source), starts_of(lengths))
