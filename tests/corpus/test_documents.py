"""Columns of documents behave as a list of them, without holding Python strings."""

from collections.abc import Iterator

import pyarrow as pa
import pytest

from listill.corpus import documents as documents_module
from listill.corpus.documents import Documents
from listill.corpus.source import Document
from listill.strings import BLOCK

MANY = [Document(f"d{i}", None if i % 3 else f"title {i}" * (i % 2), f"text {i} \N{GRINNING FACE}") for i in range(50)]


@pytest.mark.parametrize("count", [0, 1, BLOCK, BLOCK + 1])
def test_they_are_those_of_the_source(count: int) -> None:
    rows = [Document(f"d{i}", None, "x") for i in range(count)]
    documents = Documents.of(iter(rows))
    assert len(documents) == count
    assert documents == rows
    assert list(documents) == rows
    assert documents != [*rows, Document("more", None, "x")]


def test_items_and_slices() -> None:
    documents = Documents.of(MANY)
    assert documents[3] == MANY[3]
    assert documents[-1] == MANY[-1]
    assert documents[10:20] == MANY[10:20]
    assert documents[10:20] != MANY[11:21]
    assert [document.title for document in documents[:4]] == ["", None, None, "title 3"]
    assert Documents.of(documents) is documents


def test_a_source_is_read_in_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each block is packed before the next one is read."""
    packed, read, columns = [], 0, documents_module._columns

    def counted(block: list[Document]) -> list[pa.Array]:
        packed.append(read)
        return columns(block)

    def rows() -> Iterator[Document]:
        nonlocal read
        for document in MANY:
            read += 1
            yield document

    monkeypatch.setattr("listill.corpus.documents._columns", counted)
    monkeypatch.setattr("listill.corpus.documents.BLOCK", 20)
    assert Documents.of(rows()) == MANY
    assert packed == [20, 40, 50]


def test_half_characters_are_replaced_and_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("listill.corpus.documents.BLOCK", 2)
    rows = [Document("a", None, "x"), Document("b", "t \udc00", "y"), Document("c\ud83d", None, "\ud83d"), MANY[0]]
    documents = Documents.of(rows)
    assert list(documents) == [rows[0], ("b", "t \ufffd", "y"), ("c\ufffd", None, "\ufffd"), rows[3]]
    assert (documents.whole.count, documents.whole.example) == (3, "t \udc00")


@pytest.mark.parametrize("document", [Document("a", None, None), Document(None, None, "x")])  # type: ignore[arg-type]
def test_ids_and_texts_are_required(document: Document) -> None:
    with pytest.raises(TypeError, match="only a title may be None"):
        Documents.of([MANY[0], document])
