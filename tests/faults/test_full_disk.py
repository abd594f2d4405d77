"""A full disk in every stage, stood for by a limit on the size of files: one line, and nothing half written."""

from pathlib import Path
from typing import Any

import pytest
from forked_stage import start
from stage_commands import commands, content, outputs, remove

LARGEST = 4096  # bytes; the messages are shorter, almost all outputs are longer


@pytest.mark.parametrize("jobs", ["one of each stage", pytest.param("all", marks=pytest.mark.slow)])
def test_every_stage_says_in_one_line_what_it_could_not_write(copy: Path, settings: dict[str, Any], jobs: str) -> None:
    lines, failed = commands(copy, settings), 0
    if jobs != "all":
        lines = [*{line[2]: line for line in lines}.values()]
    for line in lines:
        made, said = outputs(line, copy), copy / "said"
        expected = [content(path) for path in made]
        remove(made)
        process = start(line, copy, said, LARGEST)
        process.join()
        text = said.read_text()
        assert "Traceback" not in text, text
        assert process.exitcode in (0, 1), text
        if process.exitcode:
            failed += 1
            last = text.splitlines()[-1]
            assert ": cannot be written: File too large (" in last, text
            assert " free in " in last
        there = [value for path, value in zip(made, expected, strict=True) if path.exists()]
        assert [content(path) for path in made if path.exists()] == there
        assert not [path for path in copy.rglob(".*") if path.suffix in (".tmp", ".lock")]
        remove(made)
        process = start(line, copy, said)
        process.join()
        assert [content(path) for path in made] == expected, said.read_text()
    assert failed >= 3 * len(lines) // 4
