"""The source ir_datasets, with real ir_datasets objects that read local files."""

import json
from collections.abc import Iterator
from pathlib import Path

import ir_datasets
import pytest
from ir_datasets.datasets.base import Dataset
from ir_datasets.datasets.beir import BeirTitleDoc
from ir_datasets.formats import GenericDoc, JsonlDocs, TrecQrels, TrecQueries, TsvDocs, TsvQueries
from ir_datasets.util import Download, LocalDownload, RequestsDownload

from listill.corpus.source import RawCorpus
from listill.corpus.sources.ir_datasets import IrDatasets, find_splits
from listill.errors import UserError


def local(path: Path, content: str) -> LocalDownload:
    path.write_text(content)
    return LocalDownload(path)


@pytest.fixture
def catalogue(tmp_path: Path) -> Iterator[Path]:
    """Data sets `toy` with splits, `single` with documents and judgements, and two with errors."""
    docs = "".join(json.dumps({"doc_id": f"d{i}", "title": f"T{i}", "text": f"Text {i}."}) + "\n" for i in range(3))
    titled = JsonlDocs(local(tmp_path / "docs.jsonl", docs), BeirTitleDoc)
    tsv = TsvDocs(local(tmp_path / "docs.tsv", "d0\tText 0.\nd1\tText 1.\n"))
    queries = TsvQueries(local(tmp_path / "queries.tsv", "q0\tfirst\nq1\tsecond\nq2\tthird\n"))
    trec = "<top>\n<num> Number: q0\n<title> short\n<desc> Description:\nlonger\n<narr> Narrative:\nlong\n</top>\n"
    topics = TrecQueries(local(tmp_path / "topics.txt", trec))

    def qrels(name: str, content: str) -> TrecQrels:
        return TrecQrels(local(tmp_path / f"{name}.qrels", content), {})

    known = set(ir_datasets.registry)
    register = ir_datasets.registry.register
    register("toy", Dataset(titled, queries))
    register("toy/train", Dataset(titled, queries, qrels("train", "q0 0 d0 1\n")))
    register("toy/validation", Dataset(titled, queries, qrels("dev", "q1 0 d1 2\nq1 0 d2 0\n")))
    register("toy/test", Dataset(titled, queries, qrels("test", "q2 0 d2 1\n")))
    register("single", Dataset(tsv, topics, qrels("single", "q0 0 d1 1\n")))
    register("textless", Dataset(tsv, topics, qrels("textless", "q7 0 d1 1\n")))
    register("topics-only", Dataset(queries))
    yield tmp_path
    for name in set(ir_datasets.registry) - known:
        del ir_datasets.registry._registered[name]


def read(name: str, **splits: str) -> RawCorpus:
    return IrDatasets(kind="ir_datasets", id=name, splits=splits).read()  # type: ignore[arg-type]


def test_published_splits(catalogue: Path) -> None:
    source = read("toy")
    assert source.documents[0] == ("d0", "T0", "Text 0.")
    assert len(source.documents) == 3
    assert source.topics == {"q0": "first", "q1": "second", "q2": "third"}
    assert [j[:4] for j in source.qrels] == [
        ("q0", "d0", 1, "train"), ("q1", "d1", 2, "dev"), ("q1", "d2", 0, "dev"), ("q2", "d2", 1, "test")
    ]  # fmt: skip
    assert source.details["splits"] == {"train": "toy/train", "dev": "toy/validation", "test": "toy/test"}


def test_a_data_set_without_sub_datasets(catalogue: Path) -> None:
    assert find_splits("single") == {"test": "single"}
    assert find_splits("toy/validation") == {"dev": "toy/validation"}
    source = read("single")
    assert source.documents == [("d0", None, "Text 0."), ("d1", None, "Text 1.")]
    assert source.topics == {"q0": "short"}


def test_real_ids_of_the_catalogue() -> None:
    assert find_splits("cranfield") == {"test": "cranfield"}
    assert find_splits("beir/scifact") == {"train": "beir/scifact/train", "test": "beir/scifact/test"}
    assert find_splits("beir/nfcorpus")["dev"] == "beir/nfcorpus/dev"
    assert find_splits("msmarco-passage/dev/small") == {"dev": "msmarco-passage/dev/small"}


def test_splits_of_the_config(catalogue: Path) -> None:
    source = read("toy", train="toy/test")
    assert [j[:4] for j in source.qrels] == [("q2", "d2", 1, "train")]


@pytest.mark.parametrize(
    ("name", "splits", "message"),
    [
        ("beir/scifct", {}, r"no data set 'beir/scifct' \(did you mean 'beir/scifact'\?\)"),
        ("toy", {"dev": "toy/dve"}, r"no data set 'toy/dve'"),
        ("toy", {"dev": "toy"}, r"source.splits.dev: the ir_datasets data set 'toy' has no queries or no judgements"),
        ("topics-only", {}, r"the ir_datasets data set 'topics-only' has no documents"),
        ("textless", {}, r"textless: the judged query 'q7' has no text"),
    ],
)
def test_invalid_ids_are_errors(catalogue: Path, name: str, splits: dict[str, str], message: str) -> None:
    with pytest.raises(UserError, match=message):
        read(name, **splits)


@pytest.mark.parametrize("mirrors", [1, 3])
def test_a_failed_download_is_explained(catalogue: Path, mirrors: int) -> None:
    unreachable = RequestsDownload("http://127.0.0.1:9/docs.tsv", tries=1)
    download = Download([unreachable] * mirrors, cache_path=str(catalogue / "cache.tsv"))
    ir_datasets.registry.register("offline", Dataset(TsvDocs(download, GenericDoc)))
    with pytest.raises(UserError, match=r"could not download 'offline': .*network.*~/.ir_datasets.*IR_DATASETS_HOME"):
        read("offline")


def test_an_invalid_file_is_not_reported_as_a_failed_download(catalogue: Path) -> None:
    ir_datasets.registry.register("broken", Dataset(TsvDocs(local(catalogue / "broken.tsv", "d0 no tab\n"))))
    with pytest.raises(UserError, match="ir_datasets cannot read 'broken': expected 2 fields, got 1"):
        read("broken")
