"""SIGKILL in the middle of every stage: nothing half stands under a declared name, and the end is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pyarrow.parquet as pq
import pytest
from sentence_transformers import SentenceTransformer

# When to strike: a stage with several outputs between the first and the last, a long one in the middle of its work. And
# the rules that are done before, so that the run that is killed begins with the stage.
MOMENTS: dict[str, tuple[list[str], Callable[[Path], bool]]] = {
    "corpus": ([], lambda folder: any(folder.glob(".topics.parquet.*.tmp")) or (folder / "topics.parquet").exists()),
    "queries": (["make_corpus"], lambda folder: (folder / "funnel/queries.parquet").exists()),
    "encode": (["generate_queries"], lambda folder: any(folder.glob(".work/encode-*/lock"))),
    "candidates": (["encode_corpus"], lambda folder: any(folder.glob(".candidates.parquet.*.tmp"))),
    "scores": (["mine_candidates"], lambda folder: any(folder.glob(".scores.parquet.*.tmp"))),
    "lists": (["score_candidates", "gate_teacher"], lambda folder: (folder / "funnel/lists.small.parquet").exists()),
    "train": (["build_lists"], lambda folder: any(folder.glob("models/small/.*.tmp"))),
    "evaluate": (["fuse_runs", "rerank_topics"], lambda folder: (folder / "per_query.parquet").exists()),
}


def check_declared_files(folder: Path, settings: dict[str, Any]) -> None:
    for name in flow.declared(settings):
        if (folder / name).exists():
            assert pq.read_table(folder / name).num_columns
    for variant in flow.VARIANTS:
        model = folder / "models" / flow.STUDENT / variant
        if (model / "modules.json").exists():
            assert SentenceTransformer(str(model), device="cpu").encode("x").shape == (32,)
            assert (model / "history.parquet").exists()


@pytest.mark.parametrize(
    "stages",
    [
        ["queries", "candidates", "train", "evaluate"],
        pytest.param([*MOMENTS], marks=pytest.mark.slow),
    ],
    ids=["four stages", "every stage"],
)
def test_killed_runs_end_as_others(finished: Path, settings: dict[str, Any], tmp_path: Path, stages: list[str]) -> None:
    """One run, killed with all its jobs in several stages; each time the next run resumes.

    The jobs that are killed are processes as in a user's run; those that resume the work are forked. Kills of each stage
    alone are in tests/faults.
    """
    folder = flow.results(tmp_path)
    for stage in stages:
        before, ready = MOMENTS[stage]
        if before:
            flow.make(tmp_path, settings, "--until", *before)
        assert flow.kill_when(tmp_path, settings, lambda ready=ready: ready(folder)), f"the run was never in {stage}"
        check_declared_files(folder, settings)
    flow.make(tmp_path, settings)
    flow.assert_same(flow.frames(finished, settings), flow.frames(tmp_path, settings))
    assert not (folder / ".work").exists()
