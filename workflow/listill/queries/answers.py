"""What a language model answered, and the file in which answers wait until all are there."""

import json
import os
import re
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from listill.queries.requests import LABEL

# A prompt that is longer than what the model can read: such a request gets no text and this as its finish_reason.
TOO_LONG = "prompt too long"
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`"}


@dataclass(frozen=True)
class Answer:
    """An answer as the model gave it; how many tokens the prompt had, and how many of them a prefix cache served."""

    query_id: str
    text: str
    finish_reason: str | None
    prompt_tokens: int = 0
    cached_tokens: int = 0


def tidy(text: str) -> str:
    """Return the query in an answer: its first line without the label, Markdown or quotation marks around it."""
    line = (text.strip().splitlines() or [""])[0].strip()
    line = line.removeprefix(LABEL).strip()
    line = re.sub(r"^(\*\*|__)(.*)\1$", r"\2", line).strip()
    if len(line) > 1 and QUOTES.get(line[0]) == line[-1] and line[0] not in line[1:-1]:
        line = line[1:-1].strip()
    return line


class AnswerFile:
    """Answers on disk, a line for each batch: what was written stays, a line that was cut off by a kill does not count."""

    def __init__(self, path: Path) -> None:
        """Open the file, and take up what an interrupted run left in it."""
        self.answers: dict[str, Answer] = {}
        whole = 0
        if path.exists():
            for line in path.read_bytes().splitlines(keepends=True):
                if not line.endswith(b"\n"):
                    break
                self._take([Answer(**row) for row in json.loads(line)])
                whole += len(line)
            os.truncate(path, whole)
        self._file: BinaryIO = path.open("ab")

    def _take(self, answers: list[Answer]) -> None:
        self.answers.update((answer.query_id, answer) for answer in answers)

    def add(self, answers: list[Answer]) -> None:
        """Write a batch of answers."""
        self._file.write(json.dumps([asdict(answer) for answer in answers]).encode() + b"\n")
        self._file.flush()
        self._take(answers)

    def __enter__(self) -> "AnswerFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def blocks(rows: list, size: int) -> Iterator[list]:
    """Yield the rows in blocks of ``size``."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
