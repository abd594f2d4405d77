"""Damaged and hostile sources: each is read, or refused in one line. None ends in a traceback or makes the process wait."""

import json
import os
import shutil
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

import tiny
from listill import tables
from listill.corpus.build import build
from listill.corpus.source import read_unchanged
from listill.errors import UserError
from listill.frozen import parse
from listill.settings.corpora import Corpus

SECONDS = 60


@pytest.fixture(autouse=True)
def limited() -> Iterator[None]:
    """End a test that waits, for example for a writer of a named pipe."""

    def stop(*_: object) -> None:
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(SECONDS)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


def outcome(**source: Any) -> str:
    """Return ``read``, or the line that refuses a source."""
    try:
        corpus = parse(Corpus, {"source": source, "heldout": 1, "empty_text": "keep"}, "config")
        built = build(read_unchanged(corpus.source), corpus, seed=1)
        for name in ("corpus", "topics", "qrels", "heldout"):
            tables.as_table(name, getattr(built, name))
        said = "read"
    except UserError as error:
        said = str(error)
    assert "\n" not in said
    assert len(said) < 500
    return said


@pytest.fixture
def beir(tmp_path: Path) -> Path:
    """A BEIR folder, to be damaged. Its last document, d039, is not judged."""
    folder = tiny.tiny_corpus(tmp_path / "beir", documents=39, topics=5)
    with open(folder / "corpus.jsonl", "a") as file:
        file.write('{"_id": "d039", "title": "Last", "text": "The last document."}\n')
    with open(folder / "queries.jsonl", "a") as file:
        file.write('{"_id": "q010", "text": "a last query"}\n')
    return folder


def replace_last(file: Path, key: str, value: str) -> None:
    """Replace the value of a key in the last line, which is not judged, by JSON."""
    *lines, last = file.read_text().splitlines()
    row = {name: text for name, text in json.loads(last).items() if name != key}
    file.write_text("\n".join([*lines, f'{json.dumps(row)[:-1]}, "{key}": {value}}}']) + "\n")


FIELDS = [("corpus", "text"), ("corpus", "title"), ("corpus", "_id"), ("queries", "text"), ("queries", "_id")]
REPLACED = ["\ud83d", "\udc00", "\udc00\ud83d", "a\ud83d" * 1000]
CONTROLS = ["\0", "\x1b[2J", "\n", "\t", "\x7f", "\x9b"]


@pytest.mark.parametrize(("file", "key"), FIELDS)
@pytest.mark.parametrize("characters", [*REPLACED, *CONTROLS, "\u202e", "\U0001f600", "\ufeff"], ids=ascii)
def test_characters(beir: Path, file: str, key: str, characters: str) -> None:
    replace_last(beir / f"{file}.jsonl", key, json.dumps(f"x{characters}y"))
    said = outcome(kind="beir", path=str(beir))
    if key == "_id" and characters in CONTROLS:
        assert f"/{file}.jsonl:" in said
        assert "an id cannot have a control character: rename it" in said
    else:
        assert said == "read"


VALUES = {
    "digits": "9" * 5000,
    "list": "[" * 100_000 + "]" * 100_000,
    "object": '{"a":' * 50_000 + "1" + "}" * 50_000,
    "open": '"abc',
    "escape": '"\\x"',
    "1e999": "1e999",
    "NaN": "NaN",
    "flat": "[1]",
    "true": "true",
}
BROKEN = ("digits", "list", "object", "open", "escape")  # whatever the key


@pytest.mark.parametrize(("file", "key"), [*FIELDS, ("corpus", "another"), ("queries", "another")])
@pytest.mark.parametrize("name", VALUES)
def test_values_in_json(beir: Path, file: str, key: str, name: str) -> None:
    replace_last(beir / f"{file}.jsonl", key, VALUES[name])
    said = outcome(kind="beir", path=str(beir))
    if key == "another" and name not in BROKEN:
        assert said == "read"
    else:
        assert f"/{file}.jsonl:{40 if file == 'corpus' else 11}: " in said


RELEVANCES = [
    "3000000000",
    "-3000000000",
    "2147483648",
    "1e300",
    "9" * 5000,
    "nan",
    "inf",
    "1.5",
    "",
    "x",
    "0x1",
    "True",
]


@pytest.mark.parametrize("value", RELEVANCES, ids=lambda value: value[:12])
def test_relevance(beir: Path, value: str) -> None:
    path = beir / "qrels" / "test.tsv"
    path.write_text(f"query-id\tcorpus-id\tscore\nq009\td001\t{value}\n")
    assert f"{path}:2: " in outcome(kind="beir", path=str(beir))
    path.write_text("query-id\tcorpus-id\tscore\nq009\td001\t2147483647\n")
    assert outcome(kind="beir", path=str(beir)) == "read"


ENCODED = {
    "latin-1": b"caf\xe9",
    "cp1252": b"\x93a\x94",
    "utf-16": "text".encode("utf-16"),
    "utf-16-be": "text".encode("utf-16-be"),
    "cut": b"\xc3",
    "zeros": bytes(50),
    "gzip": b"\x1f\x8b\x08\0" + bytes(range(200)),
    "surrogate": b"\xed\xa0\xbd",
}


@pytest.mark.parametrize("name", ["corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "d.csv", "d.txt", "d.md"])
@pytest.mark.parametrize("encoding", ENCODED)
def test_bytes_that_are_not_utf8(beir: Path, tmp_path: Path, name: str, encoding: str) -> None:
    if (beir / name).exists():
        lines = (beir / name).read_bytes().splitlines(keepends=True)
        (beir / name).write_bytes(b"".join([*lines[:3], ENCODED[encoding] + b"\n", *lines[3:]]))
        said = outcome(kind="beir", path=str(beir))
    else:
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / name).write_bytes(b"doc_id,text\na,b\nc,d\ne," + ENCODED[encoding] + b"\n")
        said = outcome(kind="files", path=str(tmp_path / "files" / (name if name == "d.csv" else "")))
    assert f"/{name}:4: " in said


def device(path: Path) -> None:
    path.symlink_to("/dev/null")


def unix_socket(path: Path) -> None:
    before = Path.cwd()
    os.chdir(path.parent)  # its path may be too long
    try:
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(path.name)
    finally:
        os.chdir(before)


def broken(path: Path) -> None:
    path.symlink_to("nowhere")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


@pytest.mark.parametrize("make", [os.mkfifo, device, unix_socket, broken, loop, os.mkdir])
def test_other_things_than_files(beir: Path, tmp_path: Path, make: Callable[[Path], None]) -> None:
    for name in ("corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "qrels"):
        path = beir / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()
        make(path)
        said = outcome(kind="beir", path=str(beir))
        assert said == "read" if (name, make) == ("qrels", os.mkdir) else str(path) in said
        shutil.rmtree(beir)
        tiny.tiny_corpus(beir, documents=39, topics=5)
    for name in ("d.jsonl", "d.csv", "d.parquet"):
        make(tmp_path / name)
        said = outcome(kind="files", path=str(tmp_path / name))
        assert str(tmp_path / name) in said
    for name in ("x.txt", "x.md", "x.TXT"):
        folder = tmp_path / f"folder of {name}"
        folder.mkdir()
        (folder / "fine.txt").write_text("A fine text.")
        make(folder / name)
        said = outcome(kind="files", path=str(folder))
        assert said == "read" if make is os.mkdir else str(folder / name) in said


@pytest.mark.parametrize(
    ("name", "read"),
    [
        *(
            (name, False)
            for name in (b"b\xe9.txt", b"b\xe9/a.txt", b"\xff\xfe.md", b"a\nb.txt", b"a\tb.txt", b"\x1b[2J.txt")
        ),
        *((name, True) for name in (b"a{x}b.txt", b" .txt", b"*.txt", b"'q\".txt", "世界.md".encode())),
    ],
)
def test_names_of_files(tmp_path: Path, name: bytes, read: bool) -> None:
    path = Path(os.fsdecode(os.fsencode(tmp_path) + b"/files/" + name))
    path.parent.mkdir(parents=True)
    path.write_text("A text.")
    assert (outcome(kind="files", path=str(tmp_path / "files")) == "read") == read
