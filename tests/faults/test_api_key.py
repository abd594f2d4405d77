"""The API key is in no log, on no terminal and in no file, whatever the server does with it."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

import chat_server
import tiny
from listill import tables
from listill.plan import Plan

KEY = "sk-or-secret0123456789abcdef"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A results folder with a corpus of three documents."""
    rows = tiny.tiny_documents(3)
    columns = {"doc_id": "_id", "title": "title", "text": "text"}
    data: dict[str, list[Any]] = {name: [row[key] for row in rows] for name, key in columns.items()}
    about = tables.Provenance("corpus", "f", corpus="c")
    tables.write(tmp_path / "corpus.parquet", "corpus", data | {"duplicate_of": [None] * 3}, about)
    (tmp_path / "config").mkdir()
    return tmp_path


def ask(folder: Path, url: str, **keys: Any) -> subprocess.CompletedProcess[str]:
    """Run the stage ask as Snakemake does, with the key in a variable that ends in a line end."""
    generator = {"kind": "openai", "model": "m", "base_url": url, "retries": 1, "types": {"claim": 1}} | keys
    config = {
        "corpora": {"c": {"source": {"kind": "files", "path": "x"}}},
        "students": {"s": {"model": "m"}},
        "generation": {"generator": generator},
    }
    (folder / "config/ask.json").write_text(Plan(config).frozen("c", "ask.1-of-1"))
    options = {"config": "config/ask.json", "log": "ask.log", "corpus": "corpus.parquet", "out": "ask.parquet"}
    arguments = [part for name, value in options.items() for part in (f"--{name}", str(folder / value))]
    command = [sys.executable, "-m", "listill.stages.ask", "--threads", "1", *arguments]
    environment = {**os.environ, "OPENAI_API_KEY": f"{KEY}\n"}
    return subprocess.run(command, capture_output=True, text=True, env=environment)


def contents(folder: Path) -> str:
    """Return the content of all files below a folder, that of tables with their metadata."""
    texts = []
    for path in (path for path in folder.rglob("*") if path.is_file()):
        table = pq.read_table(path) if path.suffix == ".parquet" else None
        texts.append(path.read_text() if table is None else f"{table.to_pylist()} {table.schema.metadata}")
    return "\n".join(texts)


def test_the_key_is_used_and_not_stored(folder: Path) -> None:
    with chat_server.serve() as chat:
        done = ask(folder, chat.url)
    assert done.returncode == 0, done.stderr
    assert chat.headers[0]["Authorization"] == f"Bearer {KEY}"
    assert len(tables.read(folder / "ask.parquet", "queries")) == 3
    assert KEY not in done.stdout + done.stderr + contents(folder)
    assert "sk-or" not in done.stdout + done.stderr + contents(folder)


@pytest.mark.parametrize(
    "fault",
    [
        (401, {}, json.dumps({"error": {"message": f"Incorrect API key provided: {KEY}"}})),
        (401, {"WWW-Authenticate": f"Bearer {KEY}"}, f"invalid header 'Authorization: Bearer {KEY}'"),
        (200, {}, f"<html>{KEY}</html>"),
        (500, {}, f"Bearer {KEY} caused an error"),
        (307, {"Location": f"http://example.invalid/?key={KEY}"}, ""),
        chat_server.DROPPED,
    ],
    ids=["401", "header", "page", "500", "redirect", "dropped"],
)
def test_a_server_that_repeats_the_key(folder: Path, fault: chat_server.Fault) -> None:
    with chat_server.serve({-1: fault}) as chat:
        done = ask(folder, chat.url)
    assert done.returncode == 1
    assert done.stderr.count("listill ask: error: ") == 1
    assert "Traceback" not in done.stderr
    assert "sk-or" not in done.stdout + done.stderr + contents(folder)
