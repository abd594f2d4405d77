"""Scores in parts that outlive an interruption: at most one part is computed twice."""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from listill import tables
from listill.errors import UserError
from listill.settings import Teacher
from listill.teachers import score
from listill.teachers.pairs import Pairs, Resources

# Pairs, about: a part holds whole queries. A cross-encoder on a CPU takes minutes; late interaction encodes each passage
# once a part.
PART = 65_536
log = logging.getLogger("listill")


def in_parts(
    members: Mapping[str, Teacher], pairs: Pairs, resources: Resources, work: Path
) -> Iterator[tuple[str, Pairs, int, np.ndarray]]:
    """Yield (teacher, block of pairs, number of the block's first query, raw scores) for all teachers and pairs.

    Parts that lie in ``work`` are taken from there; the others are scored and put there.
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
                values = score(member, block, resources)
                if not np.isfinite(values).all():
                    where = block.name(int(np.flatnonzero(~np.isfinite(values))[0]))
                    raise UserError(f"teacher {name}: its score of {where} is not a number")
                tables.write_array(part, values)
            yield name, block, first, np.load(part)
        if found:
            log.info("teacher %s: %d parts were there already", name, found)
