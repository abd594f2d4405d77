"""Answers of a language model, and the file that stores them until all requests are answered."""

import json
import logging
import re
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from listill import tables
from listill.checksums import discard
from listill.queries.requests import LABEL
from listill.text import fold

# Number of characters of the checksum of a line, with the blank after it.
CHECKSUM = 9
# The finish_reason of a request whose prompt is too long for the model; its text is empty.
TOO_LONG = "prompt too long"
log = logging.getLogger("listill")
QUOTES = {'"': '"', "'": "'", "“": "”", "‘": "’", "«": "»", "`": "`"}


@dataclass(frozen=True)
class Answer:
    """The raw answer of the model, the number of prompt tokens, and how many of them came from a prefix cache."""

    query_id: str
    text: str
    finish_reason: str | None
    prompt_tokens: int = 0
    cached_tokens: int = 0


def tidy(text: str) -> str:
    """Return the query in an answer: its first line without the label and without surrounding Markdown or quotes."""
    line = (text.strip().splitlines() or [""])[0].strip()
    line = line.removeprefix(LABEL).strip()
    line = re.sub(r"^(\*\*|__)(.*)\1$", r"\2", line).strip()
    if len(line) > 1 and QUOTES.get(line[0]) == line[-1] and line[0] not in line[1:-1]:
        line = line[1:-1].strip()
    return line


def first_phrases(answer: Answer, count: int) -> Answer:
    """Return the answer with its first ``count`` different phrases, which are separated by commas.

    Small models often add phrases without end. An answer that is shortened therefore counts as finished.
    """
    phrases = [phrase.strip() for phrase in tidy(answer.text).split(",")]
    if answer.finish_reason == "length":
        phrases.pop()  # it is incomplete
    different: dict[str, str] = {}
    for phrase in filter(None, phrases):
        different.setdefault(fold(phrase), phrase)
    if len(phrases) <= count and len(different) == len(phrases):
        return answer
    reason = "stop" if answer.finish_reason == "length" else answer.finish_reason
    return replace(answer, text=", ".join(list(different.values())[:count]), finish_reason=reason)


class AnswerFile:
    """Answers on disk, one line per batch: a checksum and the answers as JSON.

    Written batches survive an interruption. A line that is incomplete, because the process was killed, or damaged is
    discarded: its requests are sent again.
    """

    def __init__(self, path: Path) -> None:
        """Open the file and reuse the answers that an interrupted run left in it."""
        self.answers: dict[str, Answer] = {}
        if path.is_dir():
            discard(path, "its requests are sent again")
        if path.exists():
            self._read(path)
        self._file: BinaryIO = path.open("ab")

    def _read(self, path: Path) -> None:
        content = path.read_bytes()
        intact = [line for line in content.splitlines(keepends=True) if line == _line(line[CHECKSUM:].rstrip(b"\n"))]
        for line in intact:
            self._store([Answer(**row) for row in json.loads(line[CHECKSUM:])])
        if b"".join(intact) != content:
            log.warning("%s: incomplete or damaged lines are removed; their requests are sent again", path)
            with tables.atomic(path) as temporary:
                temporary.write_bytes(b"".join(intact))

    def _store(self, answers: list[Answer]) -> None:
        self.answers.update((answer.query_id, answer) for answer in answers)

    def add(self, answers: list[Answer]) -> None:
        """Write a batch of answers."""
        self._file.write(_line(json.dumps([asdict(answer) for answer in answers]).encode()))
        self._file.flush()
        self._store(answers)

    def __enter__(self) -> "AnswerFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _line(answers: bytes) -> bytes:
    return b"%08x " % zlib.crc32(answers) + answers + b"\n"


def blocks(rows: list, size: int) -> Iterator[list]:
    """Yield the rows in blocks of ``size``."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
