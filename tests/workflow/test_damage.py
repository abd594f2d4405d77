"""A finished run with damaged results: the stage that reads them ends with one line, and what was removed is made again."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow


def fails(folder: Path, settings: dict[str, Any], *arguments: str) -> str:
    """Run Snakemake, which must fail without a traceback, and return what it said."""
    done = flow.run(folder, settings, *arguments)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout + done.stderr
    return done.stdout + done.stderr


def flip(path: Path) -> None:
    """Flip a bit in the last third of a file."""
    content = bytearray(path.read_bytes())
    content[len(content) * 2 // 3] ^= 1
    path.write_bytes(content)


def test_a_damaged_table_and_a_damaged_model(
    finished: Path, copied: Callable[[], Path], settings: dict[str, Any]
) -> None:
    folder = copied()
    results = flow.results(folder)
    model = results / "models/small/listwise"
    flip(model / "model.safetensors")
    said = fails(folder, settings, "--forcerun", "search_trained", "--until", "search_trained")
    expected = (
        "model results/tiny/models/small/listwise: model.safetensors has been changed since it was trained: delete"
    )
    assert expected in said
    flip(results / "scores.parquet")
    said = fails(folder, settings, "lists")
    assert (
        "listill lists: error: results/tiny/scores.parquet: is damaged (its checksum differs): delete the file" in said
    )

    shutil.rmtree(model)
    (results / "scores.parquet").unlink()
    flow.make(folder, settings)
    flow.assert_same(flow.frames(finished, settings), flow.frames(folder, settings))
