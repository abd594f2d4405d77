"""Compute scores in parts. Finished parts survive an interruption, so at most one part is computed again."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.teacher import Teacher

# Approximate number of pairs per part; a part holds whole queries. A cross-encoder on a CPU takes minutes per part.
# Late interaction encodes each passage once per part.
PART = 65_536
log = logging.getLogger("listill")


def scores_in_parts(
    collection: Collection,
    queries: pd.DataFrame,
    pairs: Pairs,
    members: Mapping[str, Teacher],
    resources: Resources,
    work: Path,
) -> Iterator[pd.DataFrame]:
    """Yield the raw scores of all teachers and pairs as tables (query_id, doc_id, teacher, score); see ``in_parts``.

    ``queries`` are the queries of the pairs, with query_id. If the pairs have edited texts, ``queries`` also needs
    doc_id: the scores of an edited text are stored under the id of the query's source passage.
    """
    doc_ids = np.array(collection.doc_ids, dtype=object)
    query_ids = queries["query_id"].to_numpy()
    source = collection.positions(queries["doc_id"].tolist(), "queries") if pairs.edited else None
    for name, block, first, values in in_parts(members, pairs, resources, work):
        query, document = block.query + first, block.text
        if source is not None:
            document = np.where(document < len(collection), document, source[query])
        columns = {"query_id": query_ids[query], "doc_id": doc_ids[document], "teacher": name, "score": values}
        yield pd.DataFrame(columns)


def in_parts(
    members: Mapping[str, Teacher], pairs: Pairs, resources: Resources, work: Path
) -> Iterator[tuple[str, Pairs, int, np.ndarray]]:
    """Yield (teacher, block of pairs, position of the block's first query, raw scores) for all teachers and pairs.

    Parts that exist in ``work`` are reused. The others are scored and written to ``work``.
    """
    block_size = max(1, PART * len(pairs.queries) // max(1, len(pairs)))
    for name, member in members.items():
        reused = 0
        for number, block in enumerate(pairs.blocks(block_size)):
            first = number * block_size
            part = work / f"{name}-{first}-{first + len(block.queries)}.npy"
            if part.exists():
                reused += 1
            else:
                scores = np.asarray(member.score(block, resources), dtype=np.float32)
                if scores.shape != (len(block),):
                    raise UserError(
                        f"teacher {name}: its scores of {len(block)} pairs have the shape {scores.shape}; "
                        "return one score per pair"
                    )
                if not np.isfinite(scores).all():
                    pair = block.describe(int(np.flatnonzero(~np.isfinite(scores))[0]))
                    raise UserError(f"teacher {name}: its score of {pair} is not a number; check the teacher's model")
                tables.write_array(part, scores)
            yield name, block, first, np.load(part)
        if reused:
            log.info("teacher %s: reusing %d finished parts", name, reused)
