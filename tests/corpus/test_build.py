"""Building the tables of a corpus: checks, duplicates and splits."""

import pytest

from listill import tables
from listill.corpus.build import build
from listill.corpus.documents import Documents
from listill.corpus.source import Document, Judgement, RawCorpus
from listill.corpus.sources.beir import Beir
from listill.corpus.sources.python_api import PythonApi
from listill.errors import UserError
from listill.settings.corpora import Corpus

BEIR = Beir(kind="beir", path="x")


def source(**changes: object) -> RawCorpus:
    documents = [Document(f"d{i}", f"Title {i}", f"Text {i}.") for i in range(60)] + [Document("twin", "", "TEXT 0.")]
    qrels = [Judgement("q1", "d1", 1, "test", "test.tsv:2"), Judgement("q0", "d0", 2, "train", "train.tsv:2")]
    given = {
        "origin": "here",
        "documents": documents,
        "topics": {"q0": "zero", "q1": "one", "q2": "two"},
        "qrels": qrels,
    }
    return RawCorpus(**(given | changes))  # type: ignore[arg-type]


def test_build_returns_the_four_tables() -> None:
    built = build(source(), Corpus(source=BEIR, heldout=2), seed=1)
    for name in ("corpus", "topics", "qrels", "heldout"):
        tables.as_table(name, getattr(built, name))
    assert built.corpus["duplicate_of"][-1].as_py() == "d0"
    assert built.corpus["title"][-1].as_py() is None
    assert built.topics == {"query_id": ["q0", "q1"], "text": ["zero", "one"], "split": ["train", "test"]}
    assert built.qrels == {
        "query_id": ["q0", "q1"], "doc_id": ["d0", "d1"], "relevance": [2, 1], "split": ["train", "test"]
    }  # fmt: skip
    assert built.heldout["split"] == ["heldout", "heldout", "dev", "dev"]
    assert not {"d0", "d1", "twin"} & set(built.heldout["doc_id"])
    assert built.counts["topics without judgements"] == 1
    assert built.counts["duplicates"] == 1


def test_a_streamed_source_gives_the_same_tables_as_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also if the texts of a block, and copies of a text, are in several blocks."""
    rows = [
        Document(f"d{i}", f"t{i}" if i % 2 else None, f"Text {i % 70} \ud83d." if i % 9 else "") for i in range(100)
    ]
    settings = Corpus(source=BEIR, heldout=3, empty_text="keep")
    built = []
    for block in (7, 1000):
        monkeypatch.setattr("listill.corpus.documents.BLOCK", block)
        monkeypatch.setattr("listill.corpus.duplicates.BLOCK", block)
        built += [build(source(documents=kind), settings, seed=1) for kind in (rows, Documents.of(iter(rows)))]
    assert all(one == built[0] for one in built)
    # The first document with the text of d70 to d99 is d0 to d29, and that of documents without text and title d0.
    originals = dict(zip(*(built[0].corpus[name].to_pylist() for name in ("doc_id", "duplicate_of")), strict=True))
    assert originals["d75"] == "d5"
    assert originals["d18"] == "d0"
    assert originals["d27"] is None, "it has a title"
    assert built[0].corpus["text"][1].as_py() == "Text 1 \ufffd."


def test_judgements_without_a_split_are_split() -> None:
    unsplit = [Judgement("q0", "d0", 1, ""), Judgement("q1", "twin", 1, ""), Judgement("q2", "d5", 1, "")]
    settings = Corpus(source=PythonApi(kind="python_api", train=0.5, dev=0.0))
    split = dict(
        zip(*(build(source(qrels=unsplit), settings, seed=1).topics[key] for key in ("query_id", "split")), strict=True)
    )
    assert sorted(split.values()) == ["test", "test", "train"] or sorted(split.values()) == ["test", "train", "train"]
    assert split["q0"] == split["q1"]  # their documents are duplicates


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"documents": []}, "here: empty corpus"),
        (
            {"documents": [Document("a", None, "x"), Document("a", None, "y")]},
            "here: duplicate document id 'a'",
        ),
        (
            {"documents": [Document("a", "t", " \n")]},
            "here: the document 'a' has no text: remove it, or set `empty_text: title`",
        ),
        (
            {"documents": [Document("a", None, "")]},
            "here: the document 'a' has no text: remove it, or set `empty_text: keep`",
        ),
        (
            {"qrels": [Judgement("q1", "dx", 1, "test", "t.tsv:7")]},
            "t.tsv:7: the document 'dx', judged for query 'q1', is not in the corpus, nor are most of the relevant documents "
            "(1 of 1): check that the judgements belong to this corpus",
        ),
        (
            {"qrels": [Judgement("q1", "d1", 3_000_000_000, "test", "t.tsv:7")]},
            "t.tsv:7: the relevance 3000000000 is too large: write relevance as 0, 1, 2",
        ),
        ({"qrels": [Judgement("q1", "d1", -(10**400), "test", "t.tsv:7")]}, "t.tsv:7: the relevance -1000"),
        (
            {"documents": [Document("a\0", None, "x")], "qrels": []},
            r"here: the document id 'a\x00' has a control character",
        ),
        (
            {"documents": [Document("a\n", None, "x")], "qrels": []},
            r"here: the document id 'a\n' has a control character",
        ),
        (
            {"topics": {"q\x1b[2J": "x"}, "qrels": []},
            r"here: the query id 'q\x1b[2J' has a control character: rename it",
        ),
        ({"qrels": [Judgement("qx", "d1", 1, "test")]}, "here: the query 'qx' is not among the topics"),
        (
            {"qrels": [Judgement("q1", "d1", 1, "test"), Judgement("q1", "d2", 1, "train", "train.tsv:9")]},
            "the query 'q1' is judged in both test and train: keep it in one split",
        ),
        (
            {"qrels": [Judgement("q1", "d1", 1, "test", "t.tsv:2"), Judgement("q1", "d1", 0, "test", "t.tsv:3")]},
            "t.tsv:3: query 'q1' and document 'd1' are judged both 1 and 0",
        ),
    ],
)
def test_invalid_sources_are_rejected(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError) as error:
        build(source(**changes), Corpus(source=BEIR), seed=1)
    assert message in str(error.value)
    assert "\n" not in str(error.value)


def test_documents_with_only_a_title_can_be_accepted() -> None:
    settings = Corpus(source=BEIR, empty_text="title")
    built = build(source(documents=[Document("a", "title", "")], qrels=[]), settings, seed=1)
    assert built.corpus["doc_id"].to_pylist() == ["a"]
    with pytest.raises(UserError, match="'a' has neither text nor title: remove it, or set `empty_text: keep`"):
        build(source(documents=[Document("a", " ", "")], qrels=[]), settings, seed=1)


def test_empty_documents_are_kept_but_not_held_out() -> None:
    """BEIR's FiQA has empty documents with judgements."""
    documents = [Document(f"d{i}", f"title {i}", "" if i < 40 else f"text {i}") for i in range(60)]
    documents.append(Document("void", None, ""))
    settings = Corpus(source=BEIR, empty_text="keep", template="{text}", heldout=100)
    judged = [Judgement("q1", "d1", 1, "test")]
    built = build(source(documents=documents, qrels=judged), settings, seed=1)
    assert built.corpus["doc_id"].to_pylist() == [document.doc_id for document in documents]
    assert built.qrels["doc_id"] == ["d1"]
    assert len(built.heldout["doc_id"]) == 6
    assert all(int(name[1:]) >= 40 for name in built.heldout["doc_id"])


def test_judgements_of_missing_documents_are_counted(caplog: pytest.LogCaptureFixture) -> None:
    """As in the published ArguAna: trec_eval counts them as relevant and never found. In training they are of no use."""
    judged = [
        *(Judgement("q1", f"d{i}", 1, "test", f"test.tsv:{i}") for i in range(3)),
        Judgement("q1", "gone", 1, "test", "test.tsv:9"),
        *(Judgement("q0", f"d{i}", 1, "train") for i in range(5, 8)),
        Judgement("q0", "lost", 1, "train"),
        Judgement("q2", "lost", 1, "train"),
    ]
    built = build(source(qrels=judged), Corpus(source=BEIR, heldout=2, dev_share=0), seed=1)
    assert [pair for pair in zip(built.qrels["query_id"], built.qrels["doc_id"], strict=True) if pair[0] == "q1"] == [
        ("q1", "d0"), ("q1", "d1"), ("q1", "d2"), ("q1", "gone")
    ]  # fmt: skip
    assert "lost" not in built.qrels["doc_id"]
    assert built.topics["query_id"] == ["q0", "q1"], "no relevant document of q2 is there"
    assert built.counts["judgements of missing documents"] == 3
    (message,) = [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]
    assert message.startswith(
        "here: the document 'lost', judged for query 'q0', is not in the corpus (judgements of missing documents: 3);"
    )
    none = build(source(), Corpus(source=BEIR, heldout=2), seed=1)
    assert "judgements of missing documents" not in none.counts


def test_topics_without_a_relevant_document_are_counted() -> None:
    judged = [Judgement("q0", "d0", 0, "dev"), Judgement("q1", "d1", 1, "test"), Judgement("q2", "d2", -1, "test")]
    built = build(source(qrels=judged), Corpus(source=BEIR, heldout=2), seed=1)
    assert built.counts["topics without relevant documents, which are not measured"] == 2
    assert {"heldout", "dev"} == set(built.heldout["split"]), "held-out dev queries take their place"


def test_half_characters_are_replaced_everywhere(caplog: pytest.LogCaptureFixture) -> None:
    documents = [Document("a\ud83d", "t \udc00", "x \ud83d\ud83d y"), Document("b", None, "\U0001f600 whole")]
    changes = {
        "documents": documents,
        "topics": {"q\udfff": "what \ud800"},
        "qrels": [Judgement("q\udfff", "a\ud83d", 1, "test")],
    }
    built = build(source(**changes), Corpus(source=BEIR, heldout=0), seed=1)
    assert built.corpus["doc_id"].to_pylist() == ["a\ufffd", "b"]
    assert built.corpus["title"].to_pylist() == ["t \ufffd", None]
    assert built.corpus["text"].to_pylist() == ["x \ufffd\ufffd y", "\U0001f600 whole"]
    assert built.topics["text"] == ["what \ufffd"]
    assert (built.qrels["query_id"], built.qrels["doc_id"]) == (["q\ufffd"], ["a\ufffd"])
    assert "here: 7 texts or ids contain half a character (a lone surrogate), such as 'a\\ud83d'" in caplog.text
