"""Fuse runs with reciprocal rank fusion."""

from listill.settings.config import Settings
from listill.stages.command import Ins, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1


class FuseStage(StageSettings):
    """The settings that a fused run depends on."""

    system: str = "fusion"
    k: float = 60.0
    depth: int = 100


def settings(config: Settings, corpus: str, system: str) -> FuseStage:
    """Return the settings of this stage for ``<student>+bm25`` or ``<student>.<variant>+bm25``."""
    return FuseStage(version=VERSION, system=system, k=config.evaluation.fusion_k, depth=config.evaluation.depth)


def run(settings: FuseStage, job: Job, runs: Ins, out: Out) -> None:
    """Write the fused run."""
    from listill import tables
    from listill.retrieval.fusion import reciprocal_rank
    from listill.retrieval.runs import blocks, rows_of

    read = [tables.read_arrow(path, "runs") for path in runs]
    query_ids = {name for run in read for name in run["query_id"].unique().to_pylist()}
    with tables.writer(out, "runs", job.provenance(f"runs/{settings.system}")) as table:
        for block in blocks(query_ids):
            fused = reciprocal_rank([rows_of(run, block) for run in read], settings.k, settings.depth)
            table.write_table(tables.as_table("runs", fused))


if __name__ == "__main__":
    main(run, FuseStage, "fuse")
