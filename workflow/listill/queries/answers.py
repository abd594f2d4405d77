"""Answers of a language model, and the file that stores them until all requests are answered."""

import json
import logging
import zlib
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, BinaryIO

from listill import tables
from listill.checksums import discard
from listill.queries.markup import plain
from listill.text import fold

log = logging.getLogger("listill")

# Number of characters of the checksum of a line, with the blank after it.
CHECKSUM = 9
# The finish_reason of a request whose prompt is too long for the model; its text is empty.
TOO_LONG = "prompt too long"
# The finish_reason of a reply without an answer in it; its text says what is wrong with it.
UNUSABLE = "unusable reply"
MOST_TOKENS = 2**31


@dataclass(frozen=True)
class Answer:
    """The raw answer of the model, the number of prompt tokens, and how many of them came from a prefix cache."""

    query_id: str
    text: str
    finish_reason: str | None
    prompt_tokens: int = 0
    cached_tokens: int = 0


def valid(
    query_id: str, text: Any, finish_reason: Any = None, prompt_tokens: Any = None, cached_tokens: Any = None
) -> Answer:
    """Return the answer with values that later stages can use, whatever their types are.

    Answers have been paid for and are kept, so one that fails later would fail in every rerun, too.
    """
    reason = plain(finish_reason) if isinstance(finish_reason, str) else None
    if not isinstance(text, str):
        text, reason = f"not a text: {str(text)[:200]!r}", UNUSABLE
    counts = [n if type(n) is int and 0 <= n < MOST_TOKENS else 0 for n in (prompt_tokens, cached_tokens)]
    return Answer(query_id, plain(text), reason, *counts)


def first_phrases(answer: Answer, count: int) -> Answer:
    """Return the answer with its first ``count`` different phrases, which are separated by commas.

    Small models often add phrases without end. An answer that is shortened therefore counts as finished.
    """
    phrases = [phrase.strip() for phrase in answer.text.split(",")]
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
        *lines, incomplete = path.read_bytes().split(b"\n")
        intact = []
        for number, line in enumerate(lines, start=1):
            if line == _line(line[CHECKSUM:]):
                intact.append(line)
                self._store([valid(**row) for row in json.loads(line[CHECKSUM:])])
            else:
                log.warning("%s: line %d is damaged: its requests are sent again", path, number)
        if incomplete:
            log.warning("%s: line %d is incomplete: its requests are sent again", path, len(lines) + 1)
        if incomplete or len(intact) < len(lines):
            with tables.atomic(path) as temporary:
                temporary.write_bytes(b"".join(line + b"\n" for line in intact))

    def _store(self, answers: list[Answer]) -> None:
        self.answers.update((answer.query_id, answer) for answer in answers)

    def add(self, answers: list[Answer]) -> None:
        """Write a batch of answers."""
        self._file.write(_line(json.dumps([asdict(answer) for answer in answers]).encode()) + b"\n")
        self._file.flush()
        self._store(answers)

    def __enter__(self) -> "AnswerFile":
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()


def _line(answers: bytes) -> bytes:
    """Return a line without its end."""
    return b"%08x " % zlib.crc32(answers) + answers


def blocks(rows: list, size: int) -> Iterator[list]:
    """Yield the rows in blocks of ``size``."""
    for start in range(0, len(rows), size):
        yield rows[start : start + size]
