"""The stage search: runs of the evaluation queries."""

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
from listill import tables
from listill.errors import UserError
from listill.schemas import SCHEMAS
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.stages import encode, search
from listill.stages.encode import EncodeStage
from listill.stages.job import Job

ROWS = tiny.tiny_documents(20)


def corpus_files(folder: Path, topics: dict[str, Any], details: dict[str, Any] | None = None) -> list[Path]:
    """Write a corpus of 20 documents, its topics, a judgement for each of them, and no queries; return the files."""
    about = tables.Provenance("made", "by hand", {}, details or {})
    ids = [row["_id"] for row in ROWS]
    number = len(topics["query_id"])
    data: dict[str, dict[str, Any]] = {
        "corpus": {"doc_id": ids, **{key: [row[key] for row in ROWS] for key in ("title", "text")}},
        "topics": topics,
        "qrels": {"query_id": topics["query_id"], "doc_id": ids[10 : 10 + number], "relevance": [1] * number},
        "queries": {name: [] for name in SCHEMAS["queries"].names},
    }
    data["corpus"]["duplicate_of"] = [None] * len(ROWS)
    data["qrels"]["split"] = topics["split"]
    for name, columns in data.items():
        tables.write(folder / f"{name}.parquet", name, columns, about)
    return [folder / f"{name}.parquet" for name in data]


@pytest.mark.parametrize("topics_are_documents", [True, False])
def test_topics_that_are_documents(topics_are_documents: bool, tmp_path: Path) -> None:
    """As in ArguAna, the best match of a topic is the topic itself."""
    ids, texts = [row["_id"] for row in ROWS], [row["text"] for row in ROWS]
    topics = {"query_id": ids[:3], "text": texts[:3], "split": ["test"] * 3}
    files = corpus_files(tmp_path, topics, {"topics_are_documents": topics_are_documents})
    config = {"corpora": {"c": {"source": {"kind": "files", "path": "x"}}}, "students": {"s": {"model": "m"}}}
    settings = search.settings(Settings.model_validate(config), "c", "bm25")
    search.run(settings, Job("search", "f", {}, settings, 1), *files, tmp_path / "bm25.parquet")
    run = tables.read(tmp_path / "bm25.parquet", "runs")
    is_topic = run["query_id"] == run["doc_id"]
    assert is_topic.sum() == (0 if topics_are_documents else 3)
    assert set(run.groupby("query_id")["rank"].min()) == {1}
    assert run.loc[is_topic, "rank"].tolist() == ([] if topics_are_documents else [1, 1, 1])
    pd.testing.assert_series_equal(
        run["rank"], run.groupby("query_id").cumcount() + 1, check_names=False, check_dtype=False
    )


def test_a_corpus_that_is_encoded_by_the_search_gives_the_run_of_its_embeddings(
    tiny_model: Path, tmp_path: Path
) -> None:
    """With tokens instead of embeddings, as on another corpus than the student's own; parts are removed at the end."""
    files = corpus_files(
        tmp_path, {"query_id": ["q0", "q1"], "text": ["alpha beta", "gamma delta"], "split": ["test"] * 2}
    )
    student = Student(model=str(tiny_model), precision="fp32")
    trained = tiny.make_tiny_model(tmp_path / "trained", seed=5)
    tokens, embeddings = tmp_path / "tokens.parquet", tmp_path / "embeddings.parquet"
    encoding = EncodeStage(system="s", student=student)
    encode.run(encoding, Job("encode", "f", {}, encoding, 1), files[0], tmp_path / "base.parquet", tokens_out=tokens)
    encode.run(encoding, Job("encode", "f", {}, encoding, 1), files[0], embeddings, model=trained)
    settings = search.SearchStage(system="s.listwise", bm25=None, student=student, depth=5)

    def found(name: str, **options: Path) -> pd.DataFrame:
        search.run(settings, Job("search", name, {}, settings, 1), *files, tmp_path / name, model=trained, **options)
        return tables.read(tmp_path / name, "runs")

    pd.testing.assert_frame_equal(found("a.parquet", tokens=tokens), found("b.parquet", embeddings=embeddings))
    assert not (tmp_path / ".work").exists()
    with pytest.raises(
        UserError, match=r"s\.listwise: a student searches the encoded corpus: .*--embeddings.*--tokens"
    ):
        found("c.parquet")
