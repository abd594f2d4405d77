"""Score a share of the candidates (teacher.shards), so that several jobs score them at the same time.

The scores are stored; the stage ``score`` then finds all of them, and writes the table.
"""

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
    from listill.shares import share_of
    from listill.teachers.parts import score_share

    share = share_of(out)
    _, work = prepared(settings, job, corpus, queries, candidates, out, embeddings)
    score_share(*work, share)
    with tables.atomic(out) as temporary:
        temporary.touch()


if __name__ == "__main__":
    main(run, ScoreStage, "score_share")
