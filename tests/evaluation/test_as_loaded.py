"""The proof that the saved model is the trained one: right for the right model, and wrong for any other."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

import tiny
from listill.corpus.collection import Collection
from listill.evaluation import as_loaded, saved_model
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.runs import with_ids
from listill.settings.students import Student

ROWS = tiny.tiny_documents(30)
QUERIES = pd.DataFrame({"query_id": [f"q{n}" for n in range(6)], "text": [row["title"] for row in ROWS[:6]]})


def collection(**options: bool) -> Collection:
    ids, titles, texts = ([row[key] for row in ROWS] for key in ("_id", "title", "text"))
    return Collection(ids, list(titles), texts, np.arange(len(ids)), **options)


def run_of(folder: Path, documents_by: Path | None = None) -> pd.DataFrame:
    encoder = Encoder(Student(model=str(folder), precision="fp32"), folder)
    other = (
        encoder if documents_by is None else Encoder(Student(model=str(documents_by), precision="fp32"), documents_by)
    )
    documents = collection()
    vectors = other.encode([documents.rendered(i) for i in range(len(documents))], "document")
    found = DenseRetriever("", documents, encoder, vectors).run(
        QUERIES["query_id"].tolist(), QUERIES["text"].tolist(), 20
    )
    return with_ids(found, QUERIES["query_id"].tolist(), documents)


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another model than the base."""
    return tiny.make_tiny_model(tmp_path_factory.mktemp("trained") / "model", seed=3)


def checked(folder: Path, base: Path, run: pd.DataFrame, **options: bool) -> saved_model.AsLoaded:
    student = Student(model=str(base))
    return saved_model.read(as_loaded.compare(folder, student, QUERIES, run, run_of(base), collection(), **options))


def test_the_trained_model_is_confirmed_and_differs_from_its_base(trained: Path, tiny_model: Path) -> None:
    result = checked(trained, tiny_model, run_of(trained))
    assert result.confirmed
    assert result.differs_from_base
    assert (result.queries, result.documents, result.same) == (6, 60, 1.0)
    assert result.base < 1.0
    assert result.difference < 1e-5
    assert result.sentence.startswith("SentenceTransformer(folder) ranks as measured: it has 100.0% of the first 10")
    assert result.sentence.endswith(f"The base model has {result.base:.1%} of them.")


def test_another_model_in_the_folder_is_noticed(trained: Path, tiny_model: Path) -> None:
    result = checked(tiny_model, tiny_model, run_of(trained))
    assert not result.confirmed
    assert "does NOT rank as measured" in result.sentence


def test_a_kept_base_model_does_not_differ(tiny_model: Path) -> None:
    result = checked(tiny_model, tiny_model, run_of(tiny_model))
    assert result.confirmed
    assert not result.differs_from_base
    assert result.base == 1.0
    assert result.sentence.endswith("Up to rounding, the base model ranks in the same way.")


def test_rounding_is_told(trained: Path, tiny_model: Path) -> None:
    run = run_of(trained)
    rounded = run.assign(score=(run["score"] * 256).round() / 256)
    result = checked(trained, tiny_model, rounded)
    assert result.confirmed
    assert result.difference > saved_model.EXACT
    assert "(the run was computed with rounding to bf16)" in result.sentence


def test_documents_of_a_training_of_queries_are_those_of_the_base_model(trained: Path, tiny_model: Path) -> None:
    run = run_of(trained, documents_by=tiny_model)
    assert checked(trained, tiny_model, run, query_only=True).confirmed
    assert not checked(trained, tiny_model, run).confirmed


def test_the_prompts_of_a_base_model_may_be_in_the_config_only(trained: Path, tmp_path: Path) -> None:
    """As with models whose folder has none: the run was made with those of the config."""
    base = tiny.make_tiny_model(tmp_path / "base", seed=4, prompts=None)
    student = Student(model=str(base), prompts={"query": "", "document": "lava: "}, precision="fp32")
    documents, encoder = collection(), Encoder(Student(model=str(trained), precision="fp32"), trained)
    vectors = Encoder(student).encode([documents.rendered(i) for i in range(len(documents))], "document")
    ids, texts = QUERIES["query_id"].tolist(), QUERIES["text"].tolist()
    run = with_ids(DenseRetriever("", documents, encoder, vectors).run(ids, texts, 20), ids, documents)
    checks = as_loaded.compare(trained, student, QUERIES, run, run, documents, query_only=True)
    assert saved_model.read(checks).difference < 1e-5


def test_only_some_of_many_queries_are_compared(
    trained: Path, tiny_model: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(as_loaded, "QUERIES", 3)
    run = run_of(trained)
    checks = as_loaded.compare(trained, Student(model=str(tiny_model)), QUERIES, run, run_of(tiny_model), collection())
    assert checks["query_id"].tolist() == ["q0", "q2", "q5"]


def test_the_own_document_of_a_topic_is_left_out(trained: Path, tiny_model: Path) -> None:
    """As in the runs, if topics are documents."""
    queries = pd.DataFrame({"query_id": [ROWS[0]["_id"]], "text": [ROWS[0]["text"]]})
    documents = collection(topics_are_documents=True)
    encoder = Encoder(Student(model=str(trained), precision="fp32"), trained)
    vectors = encoder.encode([documents.rendered(i) for i in range(len(documents))], "document")
    found = DenseRetriever("", documents, encoder, vectors).run(["d000"], queries["text"].tolist(), 20)
    run = with_ids(found, ["d000"], documents)
    checks = as_loaded.compare(trained, Student(model=str(tiny_model)), queries, run, run, documents)
    assert saved_model.read(checks).same == 1.0
