"""The user's own scores as a teacher, from a Parquet file with the columns query_id, doc_id and score."""

import functools
import logging
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.errors import UserError
from listill.section import Text
from listill.source_files import checksum, existing, expand
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources

log = logging.getLogger("listill")


class ScoreFile(Teacher):
    """Your own scores, from a file. They are found by the ids of query and document."""

    kind: Literal["file"] = Field(description="your own scores, read from a file")
    path: Text = Field(description="a Parquet file with the columns query_id, doc_id and score (higher is better)")
    teacher: str | None = Field(
        None, description="which teacher's rows are read, if the file has a column `teacher` with several"
    )
    missing: Literal["error", "lowest"] = Field(
        "error",
        description="what happens to a pair that is not in the file. error: the run stops; lowest: it gets the lowest score "
        "of the file. The gate and the teacher's run need scores of dev and test topics, too",
    )

    def files(self) -> list[str]:
        """Return the file, if it exists."""
        return existing(self.path)

    def identity(self, resources: "Resources") -> str:
        """Return the checksum of the file; UserError if it is missing."""
        path = expand(self.path)
        if not path.is_file():
            raise UserError(f"teacher.members: path: {path}: no such file")
        return checksum(path)[:16]

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return the score of each pair in the file; a pair whose passage was edited has that of the passage."""
        import numpy as np
        import pandas as pd

        path = expand(self.path)
        state = path.stat()
        scores = _table(path, self.teacher, (state.st_size, state.st_mtime_ns))
        document = pairs.document()
        doc_ids = np.array(pairs.collection.doc_ids, dtype=object)[document]
        query_ids = np.array(pairs.query_ids, dtype=object)[pairs.query]
        found = scores.reindex(pd.MultiIndex.from_arrays([query_ids, doc_ids])).to_numpy(dtype=np.float64)
        absent = np.isnan(found)
        if absent.any() and self.missing == "error":
            p = int(absent.argmax())
            raise UserError(
                f"{path}: has no score for {absent.sum()} of {len(pairs)} pairs, such as query '{query_ids[p]}' and document "
                f"'{doc_ids[p]}': add them, or set missing: lowest for this teacher"
            )
        if absent.any():
            log.info("%s: %d of %d pairs have no score and get the lowest", path, absent.sum(), len(pairs))
        return np.where(absent, scores.min(), found).astype(np.float32)


@functools.lru_cache(maxsize=4)
def _table(path: Path, teacher: str | None, state: tuple[int, int]) -> "pd.Series[float]":
    """Return the scores of a file, or of one teacher in it, by query_id and doc_id; read once for all parts."""
    from listill.corpus.own_table import read_pairs, require

    frame = read_pairs(path, "teacher.members: path", ["score"])
    if teacher is not None:
        require(path, frame, ["query_id", "doc_id", "score", "teacher"])
        frame = frame[frame["teacher"] == teacher]
    elif "teacher" in frame and frame["teacher"].nunique() > 1:
        names = ", ".join(sorted(frame["teacher"].astype(str).unique()))
        raise UserError(f"{path}: has the scores of several teachers: set teacher to one of {names}")
    if frame.empty:
        raise UserError(f"{path}: has no scores" + (f" of the teacher '{teacher}'" if teacher else ""))
    return frame.set_index(["query_id", "doc_id"])["score"]
