"""A run of the teachers: candidates in, ranking out."""

import pandas as pd

from listill.corpus.collection import Collection
from listill.retrieval.fusion import ranked
from listill.settings import TeacherEnsemble
from listill.teachers import score
from listill.teachers.ensemble import combine
from listill.teachers.pairs import Resources, pairs_of


def rerank(
    collection: Collection, queries: pd.DataFrame, pool: pd.DataFrame, teacher: TeacherEnsemble, resources: Resources
) -> pd.DataFrame:
    """Return the run (query_id, doc_id, rank, score) of the ensemble over ``pool`` (query_id, doc_id).

    ``queries`` has query_id and text; the passages are whole, as any user would have them ranked.
    """
    pairs = pairs_of(collection, queries, pool, cut=False)
    names = {
        "query_id": queries["query_id"].to_numpy()[pairs.query],
        "doc_id": [collection.doc_ids[i] for i in pairs.text],
    }
    members = teacher.members.items()
    scores = pd.concat(
        [pd.DataFrame({**names, "teacher": name, "score": score(m, pairs, resources)}) for name, m in members]
    )
    combined = combine(scores, {name: member.weight for name, member in members}, teacher.normalise)
    return ranked(combined, len(collection))
