"""Score a share of the candidates (teacher.shards), so that several jobs score them at the same time.

The scores are stored; the stage ``score`` then finds all of them, and writes the table.
"""

import re
from pathlib import Path

from listill.stages.command import In, Ins, Out, main
from listill.stages.job import Job
from listill.stages.score import ScoreStage, prepared


def run(
    settings: ScoreStage, job: Job, corpus: In, queries: In, candidates: In, out: Out, embeddings: Ins = []
) -> None:
    """Store the scores of the share that the name of ``out`` tells, such as ``2-of-4.done``; then write this empty file.

    The settings are those of the stage ``score``.
    """
    from listill import tables
    from listill.teachers.parts import score_share

    shard, shards = share_of(out)
    _, work = prepared(settings, job, corpus, queries, candidates, out, embeddings)
    score_share(*work, shard, shards)
    with tables.atomic(out) as temporary:
        temporary.touch()


def share_of(out: Path) -> tuple[int, int]:
    """Return the number of the share (from 1) and of all shares; raises UserError if the file's name is no such share."""
    from listill.errors import UserError

    if found := re.fullmatch(r"(\d+)-of-(\d+)", out.stem):
        shard, shards = map(int, found.groups())
        if 1 <= shard <= shards:
            return shard, shards
    raise UserError(
        f"{out}: its name is no share of the scores: call it 1-of-4.done, for example, for the first of four"
    )


if __name__ == "__main__":
    main(run, ScoreStage, "score_share")
