"""The proof that the saved model is the trained one: what users load ranks as what was measured, and differs from the base.

Users load the folder with ``SentenceTransformer(folder)``, whose batches, precision and attention are not those of this
program. For some queries, the first documents of the measured run and of the base model's run are encoded and ranked again in
this way. The first documents of the measured run must come first again. ``saved_model`` says what follows from the table.
"""

from pathlib import Path

import numpy as np
import pandas as pd
from sentence_transformers import SentenceTransformer

from listill.corpus.collection import Collection
from listill.evaluation.saved_model import DEPTH
from listill.models.loading import load, pooling_of
from listill.models.locate import resolve
from listill.retrieval.search import top_k
from listill.settings.students import Student

QUERIES = 20


def compare(
    folder: Path,
    student: Student,
    queries: pd.DataFrame,
    run: pd.DataFrame,
    base_run: pd.DataFrame,
    collection: Collection,
    *,
    query_only: bool = False,
) -> pd.DataFrame:
    """Return the rows of the table ``checks`` for the trained model in ``folder``, without the name of the system.

    ``queries`` has query_id and text; ``run`` and ``base_run`` are the tables ``runs`` of the model and of its base. With
    ``query_only``, documents are encoded by the base model of ``student``, as in a training of queries only.
    """
    chosen = _some(queries[queries["query_id"].isin(run["query_id"])])
    first, base_first = (_first(one, chosen["query_id"]) for one in (run, base_run))
    pool = collection.positions(sorted(set(first["doc_id"]) | set(base_first["doc_id"])), "runs")
    trust = student.trust_remote_code
    model = SentenceTransformer(str(folder), trust_remote_code=trust)
    documents_model = model
    if query_only:
        # With the prompts and pooling of the config: they may not be in the folder of the base model.
        folder = resolve(student.model, student.revision, pooling_of(student))
        documents_model = load(student, folder, model.device)
        documents_model.max_seq_length = model.max_seq_length
    documents = documents_model.encode_document([collection.rendered(int(i)) for i in pool], show_progress_bar=False)
    asked = model.encode_query(chosen["text"].tolist(), show_progress_bar=False)
    scores = model.similarity(asked, documents).cpu().numpy()
    largest = float(run["score"].abs().max()) or 1.0
    measured, base = _by_query(first), _by_query(base_first)
    base_scores = _by_query(base_run[base_run["query_id"].isin(chosen["query_id"])])
    rows = []
    for query_id, row in zip(chosen["query_id"], scores, strict=True):
        allowed = np.array([not collection.topics_are_documents or collection.doc_ids[i] != query_id for i in pool])
        ranked, _ = top_k(row[allowed], pool[allowed], len(measured[query_id]), collection.id_order)
        loaded = dict(zip((collection.doc_ids[i] for i in pool), row.tolist(), strict=True))
        top = measured[query_id]
        known = base_scores.get(query_id, {})
        rows.append(
            {
                "query_id": query_id,
                "documents": len(top),
                "same": len(top.keys() & {collection.doc_ids[i] for i in ranked}),
                "base": len(top.keys() & base.get(query_id, {}).keys()),
                "difference": max(abs(top[doc_id] - loaded[doc_id]) for doc_id in top) / largest,
                "base_difference": max(
                    (abs(top[doc_id] - known[doc_id]) for doc_id in top if doc_id in known), default=largest
                )
                / largest,
            }
        )
    return pd.DataFrame(rows)


def _some(queries: pd.DataFrame) -> pd.DataFrame:
    """Return at most ``QUERIES`` queries, spread evenly over all by their ids."""
    ordered = queries.sort_values("query_id", ignore_index=True)
    places: np.ndarray = np.unique(np.linspace(0, len(ordered) - 1, min(QUERIES, len(ordered))).astype(int))
    return ordered.iloc[places]


def _first(run: pd.DataFrame, query_ids: pd.Series) -> pd.DataFrame:
    """Return the first ``DEPTH`` documents of some queries of a run."""
    ranked = run[run["query_id"].isin(query_ids)].sort_values(["query_id", "rank", "doc_id"])
    return ranked[ranked.groupby("query_id").cumcount() < DEPTH]


def _by_query(run: pd.DataFrame) -> dict[str, dict[str, float]]:
    """Return {query_id: {doc_id: score}}."""
    nested: dict[str, dict[str, float]] = {}
    for query_id, doc_id, score in zip(*(run[name].tolist() for name in ("query_id", "doc_id", "score")), strict=True):
        nested.setdefault(query_id, {})[doc_id] = score
    return nested
