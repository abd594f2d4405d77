"""SIGKILL in the middle of every stage: nothing half stands under a declared name, and the end is the same."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import pyarrow.parquet as pq
from sentence_transformers import SentenceTransformer

# When to strike: a stage with several outputs between the first and the last, a long one in the middle of its work.
MOMENTS: dict[str, Callable[[Path], bool]] = {
    "corpus": lambda folder: any(folder.glob(".topics.parquet.*.tmp")) or (folder / "topics.parquet").exists(),
    "queries": lambda folder: (folder / "funnel/queries.parquet").exists(),
    "encode": lambda folder: any(folder.glob(".work/encode-*/lock")),
    "candidates": lambda folder: any(folder.glob(".candidates.parquet.*.tmp")),
    "scores": lambda folder: any(folder.glob(".scores.parquet.*.tmp")),
    "lists": lambda folder: (folder / "funnel/lists.small.parquet").exists(),
    "train": lambda folder: any(folder.glob("models/small/.*.tmp")),
    "evaluate": lambda folder: (folder / "per_query.parquet").exists(),
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


def test_killed_at_every_stage(finished: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    """One run, killed with all its jobs in eight stages; each time the next run resumes."""
    folder = flow.results(tmp_path)
    for stage, ready in MOMENTS.items():
        assert flow.kill_when(tmp_path, settings, lambda ready=ready: ready(folder)), f"the run was never in {stage}"
        check_declared_files(folder, settings)
    flow.make(tmp_path, settings)
    flow.assert_same(flow.frames(finished, settings), flow.frames(tmp_path, settings))
    assert not (folder / ".work").exists()
