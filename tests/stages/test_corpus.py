"""The command of the stage corpus."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import forked_stage
import pytest

from listill import tables
from listill.corpus import collection
from listill.settings.config import Settings
from listill.settings.corpora import Corpus
from listill.settings.students import Student
from listill.stages.corpus import VERSION, settings

OUTPUTS = ("corpus", "topics", "qrels", "heldout")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    data = tmp_path / "data"
    (data / "qrels").mkdir(parents=True)
    docs = [{"_id": f"d{i}", "title": f"T{i}", "text": f"Text of number {i}."} for i in range(40)]
    docs.append({"_id": "twin", "title": "", "text": "text of  NUMBER 3."})
    (data / "corpus.jsonl").write_text("".join(json.dumps(doc) + "\n" for doc in docs))
    topics = [{"_id": f"q{i}", "text": f"question {i}"} for i in range(12)]
    (data / "queries.jsonl").write_text("".join(json.dumps(topic) + "\n" for topic in topics))
    header = "query-id\tcorpus-id\tscore\n"
    (data / "qrels" / "train.tsv").write_text(header + "".join(f"q{i}\td{i}\t1\n" for i in range(10)))
    (data / "qrels" / "test.tsv").write_text(header + "q10\td10\t1\n")
    return data


def start(folder: Path, config: dict[str, Any] | None = None) -> subprocess.CompletedProcess[str]:
    config = config or {"corpus": {"source": {"kind": "beir", "path": str(folder)}}}
    (folder.parent / "config.json").write_text(json.dumps(config))
    command = [sys.executable, "-m", "listill.stages.corpus", "--config", str(folder.parent / "config.json")]
    for name in OUTPUTS:
        command += [f"--{name}", str(folder.parent / "out" / f"{name}.parquet")]
    return forked_stage.run(command, folder)


def test_the_stage_writes_the_four_tables(folder: Path) -> None:
    source = {"kind": "beir", "path": str(folder)}
    done = start(folder, {"corpus": {"source": source, "template": "{title}: {text}", "heldout": 1}, "seed": 7})
    assert done.returncode == 0, done.stderr
    assert "41 documents, 1 duplicates, 8 train topics, 2 dev topics, 1 test topics" in done.stderr
    out = folder.parent / "out"
    assert sorted(path.name for path in out.iterdir()) == sorted(f"{name}.parquet" for name in OUTPUTS)
    documents = collection.load(out / "corpus.parquet")
    assert documents.rendered(3) == "T3: Text of number 3."
    assert documents.group[40] == 3
    assert tables.read(out / "topics.parquet", "topics").split.value_counts().to_dict() == {
        "train": 8,
        "dev": 2,
        "test": 1,
    }
    heldout = tables.read(out / "heldout.parquet", "heldout")
    assert list(heldout.split) == ["heldout", "dev"]  # two dev topics are too few
    assert tables.provenance(out / "corpus.parquet").details["min_dev_topics"] == 30
    about = tables.provenance(out / "corpus.parquet")
    assert (about.key, len(about.details["sha256"])) == ("corpus", 4)
    first = (out / "corpus.parquet").read_bytes()
    start(folder, {"seed": 7, "corpus": {"heldout": 1, "template": "{title}: {text}", "source": source}})
    assert (out / "corpus.parquet").read_bytes() == first


DOC, QRELS = '{"_id": "d1", "text": "Text."}\n', "query-id\tcorpus-id\tscore\n"
BAD_FILES = [
    ("corpus.jsonl", DOC + '{"_id": \n', "corpus.jsonl:2: invalid JSON"),
    ("corpus.jsonl", DOC + '{"text": "a"}\n', "corpus.jsonl:2: no column '_id'"),
    ("corpus.jsonl", DOC + DOC, "corpus.jsonl: duplicate document id 'd1'"),
    ("corpus.jsonl", "", "corpus.jsonl: empty corpus"),
    ("corpus.jsonl", '{"_id": "d1", "title": "T", "text": ""}\n', "the document 'd1' has no text: remove it, or set"),
    ("queries.jsonl", '{"_id": "q0", "text": ""}\n', "queries.jsonl:1: the query 'q0' has no text"),
    ("qrels/test.tsv", QRELS + "q77\td10\t1\n", "test.tsv:2: the query 'q77' is not among the topics"),
    ("qrels/test.tsv", QRELS + "q1\td10\t1\n", "the query 'q1' is judged in both test and train: keep it"),
    ("qrels/test.tsv", QRELS + "q10\td10\tyes\n", "test.tsv:2: 'score' is 'yes'"),
]


def only_error(done: subprocess.CompletedProcess[str], folder: Path) -> str:
    assert done.returncode == 1
    assert not (folder.parent / "out").exists() or not any((folder.parent / "out").iterdir())
    (line,) = done.stderr.splitlines()
    return line


@pytest.mark.parametrize(("file", "content", "message"), BAD_FILES)
def test_invalid_files_are_errors(folder: Path, file: str, content: str, message: str) -> None:
    (folder / file).write_text(content)
    line = only_error(start(folder), folder)
    assert line.startswith("listill corpus: error: ")
    assert message in line


@pytest.mark.parametrize(
    ("corpus", "message"),
    [
        ({"source": {"kind": "beir", "path": "/nowhere"}}, "/nowhere: no such folder"),
        ({"source": {"kind": "beir", "path": "$NOT_SET_ANYWHERE/x"}}, "the variable NOT_SET_ANYWHERE is not set"),
        ({"source": {"kind": "python_api", "packages": ["no_such_package"]}}, "cannot import 'no_such_package'"),
        ({"source": {"kind": "ir_datasets", "id": "beir/scifct"}}, "did you mean 'beir/scifact'"),
        ({"source": {"kind": "files", "path": "/nowhere.csv"}}, "/nowhere.csv: no such file or folder"),
        ({"source": {"kind": "beir", "pth": "x"}}, "unknown key 'pth' (did you mean 'path'?)"),
        (
            {"source": {"kind": "beir", "path": "x"}, "template": "{body}"},
            "unknown field {body}: use only {title} and {text}",
        ),
    ],
)
def test_invalid_settings_are_errors(folder: Path, corpus: dict[str, Any], message: str) -> None:
    assert message in only_error(start(folder, {"corpus": corpus}), folder)


def test_the_metadata_have_the_name_of_the_corpus(folder: Path) -> None:
    done = start(folder, {"name": "mine", "corpus": {"source": {"kind": "beir", "path": str(folder)}}})
    assert done.returncode == 0, done.stderr
    paths = [folder.parent / "out" / f"{name}.parquet" for name in OUTPUTS]
    assert [tables.provenance(path).name for path in paths] == [f"mine/{name}" for name in OUTPUTS]
    assert tables.common_corpus(paths) == "mine"


def test_settings_that_the_corpus_depends_on() -> None:
    corpora = {name: Corpus(source={"kind": "beir", "path": name}) for name in ("a", "b")}  # type: ignore[arg-type]
    frozen = settings(Settings(corpora=corpora, students={"s": Student(model="m")}, seed=5), "b")
    assert frozen.model_dump() == {"version": VERSION, "name": "b", "corpus": corpora["b"].model_dump(), "seed": 5}
