"""Scores in parts that outlive an interruption: at most one part is computed twice."""

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

# Pairs, about: a part holds whole queries. A cross-encoder on a CPU takes minutes; late interaction encodes each passage
# once a part.
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
    """Yield the raw scores of all teachers and pairs as tables: query_id, doc_id, teacher, score; see ``in_parts``.

    ``queries`` are those of the pairs: query_id and, where texts were edited, doc_id, whose text an edited one stands for.
    """
    ids = np.array(collection.doc_ids, dtype=object)
    query_ids = queries["query_id"].to_numpy()
    source = collection.positions(queries["doc_id"].tolist(), "queries") if pairs.edited else None
    for name, block, first, values in in_parts(members, pairs, resources, work):
        query, document = block.query + first, block.text
        if source is not None:
            document = np.where(document < len(collection), document, source[query])
        columns = {"query_id": query_ids[query], "doc_id": ids[document], "teacher": name, "score": values}
        yield pd.DataFrame(columns)


def in_parts(
    members: Mapping[str, Teacher], pairs: Pairs, resources: Resources, work: Path
) -> Iterator[tuple[str, Pairs, int, np.ndarray]]:
    """Yield (teacher, block of pairs, number of the block's first query, raw scores) for all teachers and pairs.

    Parts that are in ``work`` are reused; the others are scored and written there.
    """
    queries = max(1, PART * len(pairs.queries) // max(1, len(pairs)))
    for name, member in members.items():
        found = 0
        for number, block in enumerate(pairs.blocks(queries)):
            first = number * queries
            part = work / f"{name}-{first}-{first + len(block.queries)}.npy"
            if part.exists():
                found += 1
            else:
                values = np.asarray(member.score(block, resources), dtype=np.float32)
                assert values.shape == (len(block),)
                if not np.isfinite(values).all():
                    where = block.name(int(np.flatnonzero(~np.isfinite(values))[0]))
                    raise UserError(f"teacher {name}: its score of {where} is not a number")
                tables.write_array(part, values)
            yield name, block, first, np.load(part)
        if found:
            log.info("teacher %s: %d parts were there already", name, found)
