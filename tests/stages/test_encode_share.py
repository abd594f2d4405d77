"""Shares of the documents: the stage encode finds their parts, whatever their number, and encodes what is missing."""

from pathlib import Path

import pytest

import tiny
from listill import tables
from listill.corpus import collection
from listill.errors import UserError
from listill.retrieval import embeddings
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.shares import names
from listill.stages import encode, encode_share
from listill.stages.encode import EncodeStage
from listill.stages.job import Job, fingerprint

LINEAGE = {"c/corpus": "f"}


@pytest.fixture
def results(tmp_path: Path) -> Path:
    """A results folder with a corpus of 30 documents."""
    folder = tmp_path / "c"
    (folder / "config").mkdir(parents=True)
    rows = tiny.tiny_documents(30)
    columns = {"doc_id": "_id", "title": "title", "text": "text"}
    data = {column: [row[key] for row in rows] for column, key in columns.items()} | {"duplicate_of": [None] * 30}
    tables.write(folder / "corpus.parquet", "corpus", data, tables.Provenance("corpus", "f", corpus="c"))
    return folder


@pytest.fixture
def texts(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The number of texts of each call of the encoder; a part has four documents."""
    monkeypatch.setattr(embeddings, "PART", 4)
    counts: list[int] = []
    original = Encoder.encode

    def counted(self: Encoder, *arguments: object) -> object:
        counts.append(len(arguments[0]))  # type: ignore[arg-type]
        return original(self, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Encoder, "encode", counted)
    return counts


def job(stage: str, settings: EncodeStage) -> Job:
    return Job(stage, fingerprint(stage, settings, LINEAGE), LINEAGE, settings, 1, "c")


@pytest.mark.parametrize("shares", [1, 2, 3, 20])
def test_the_embeddings_do_not_depend_on_the_shares(
    results: Path, tiny_model: Path, texts: list[int], shares: int
) -> None:
    settings = EncodeStage(system="s", student=Student(model=str(tiny_model)))
    corpus, tokens = results / "corpus.parquet", results / "tokens/s.parquet"
    expected, out = results / "alone/s.parquet", results / "embeddings/s.parquet"
    encode.run(settings, job("encode", settings), corpus, expected, tokens_out=tokens)
    assert sum(texts) == 30
    for name in reversed(names(shares)):
        texts.clear()
        encode_share.run(settings, job("encode_share", settings), corpus, results / f"encoded/s/{name}.done")
        assert (results / f"encoded/s/{name}.done").read_bytes() == b""
        assert 8 // shares <= len(texts) <= -(-8 // shares)
    texts.clear()
    encode.run(settings, job("encode", settings), corpus, out, tokens_out=results / "tokens/again.parquet")
    assert texts == []
    assert out.read_bytes() == expected.read_bytes()
    assert not (results / ".work").exists()


def test_what_is_missing_or_damaged_is_encoded(results: Path, tiny_model: Path, texts: list[int]) -> None:
    settings = EncodeStage(system="s", student=Student(model=str(tiny_model)))
    corpus, share = results / "corpus.parquet", results / "encoded/s/1-of-2.done"
    encode_share.run(settings, job("encode_share", settings), corpus, share)  # documents 0-3, 8-11, 16-19, 24-27
    (work,) = (results / ".work").iterdir()
    (work / "8.npy").write_bytes(b"x")
    texts.clear()
    encode_share.run(settings, job("encode_share", settings), corpus, share)
    assert texts == [4]
    texts.clear()
    encode.run(settings, job("encode", settings), corpus, results / "embeddings/s.parquet")
    assert texts == [4, 4, 4, 2]
    vectors = embeddings.load(results / "embeddings/s.parquet", collection.load(corpus))
    assert vectors.shape[0] == 30


def test_a_wrong_name_is_refused(results: Path, tiny_model: Path) -> None:
    settings = EncodeStage(system="s", student=Student(model=str(tiny_model)))
    with pytest.raises(UserError, match=r"3-of-2.done: its name is not that of a share"):
        encode_share.run(
            settings, job("encode_share", settings), results / "corpus.parquet", results / "encoded/s/3-of-2.done"
        )
