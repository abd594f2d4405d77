"""The stage gate: the ensemble and each teacher are compared with the students."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
from listill import tables
from listill.errors import UserError
from listill.frozen import parse
from listill.retrieval.embeddings import as_table
from listill.retrieval.encoder import Encoder
from listill.schemas import SCHEMAS
from listill.settings.students import Student
from listill.stages import gate
from listill.stages.gate import GateStage
from listill.stages.job import Job

DOCUMENTS = tiny.tiny_documents(40)


@pytest.fixture
def files(tiny_model: Path, tmp_path: Path) -> dict[str, Any]:
    def write(name: str, data: dict[str, Any]) -> Path:
        frame = pd.DataFrame(data).reindex(columns=SCHEMAS[name].names).astype(object)
        tables.write(
            tmp_path / f"{name}.parquet", name, frame.where(frame.notna(), None), tables.Provenance(name, name)
        )
        return tmp_path / f"{name}.parquet"

    ids, topics = [row["_id"] for row in DOCUMENTS], [f"t{i}" for i in range(12)]
    texts = {"title": [row["title"] for row in DOCUMENTS], "text": [row["text"] for row in DOCUMENTS]}
    arguments: dict[str, Any] = {"corpus": write("corpus", {"doc_id": ids, **texts})}
    query_texts = [" ".join(row["text"].split()[-7:]) for row in DOCUMENTS[:12]]
    arguments["topics"] = write("topics", {"query_id": topics, "text": query_texts, "split": "dev"})
    judged = {"query_id": topics, "doc_id": ids[:12], "relevance": 1, "split": "dev"}
    arguments["qrels"] = write("qrels", judged)
    arguments["queries"] = write(
        "queries", {"query_id": ["s"], "text": "x", "type": "lead", "doc_id": ids[:1], "split": "train"}
    )
    rendered = [f"{row['title']} {row['text']}" for row in DOCUMENTS]
    matrix = Encoder(Student(model=str(tiny_model), precision="fp32")).encode(rendered, "document")
    embeddings = tmp_path / "small.parquet"
    tables.write(embeddings, "embeddings", as_table(ids, matrix.astype(np.float32)), tables.Provenance("e", "e"))
    return arguments | {"embeddings": [embeddings], "out": tmp_path / "gate.parquet"}


def stage(model: Path, **gate_settings: Any) -> GateStage:
    members = {"words": {"kind": "bm25"}, "vectors": {"kind": "dense", "weight": 0.5}}
    students = {"small": {"model": str(model), "precision": "fp32"}}
    return parse(GateStage, {"teacher": {"members": members, "gate": gate_settings}, "students": students}, "test")


def test_the_table_has_a_row_for_the_ensemble_each_teacher_and_each_student(
    tiny_model: Path, files: dict[str, Any]
) -> None:
    settings = stage(tiny_model, margin=-1)
    gate.run(settings, Job("gate", "f", {}, settings, 1), **files)
    table = tables.read(files["out"], "gate")
    assert table["system"].tolist() == ["teacher", "teacher.words", "teacher.vectors", "small"]
    assert (table[["split", "measure", "queries"]] == ["dev", "nDCG@10", 12]).all(axis=None)
    value = table.set_index("system")["value"]
    assert value["teacher.words"] > value["teacher.vectors"]  # exact words are better than a random model
    assert value["teacher.vectors"] == pytest.approx(value["small"], abs=0.05)  # both rank similar documents equally
    assert tables.provenance(files["out"]).details["decision"] == "passed"
    assert not (files["out"].parent / ".work").exists()


def test_the_candidates_of_the_dev_queries_are_written(tiny_model: Path, files: dict[str, Any], tmp_path: Path) -> None:
    settings = stage(tiny_model, margin=-1)
    gate.run(settings, Job("gate", "f", {}, settings, 1), **files, candidates=tmp_path / "dev_candidates.parquet")
    candidates = tables.read(tmp_path / "dev_candidates.parquet", "candidates")
    assert set(candidates["query_id"]) == {f"t{i}" for i in range(12)}
    assert set(candidates["retriever"]) == {"bm25", "small"}
    assert tables.provenance(tmp_path / "dev_candidates.parquet").key == "dev_candidates"


def test_a_teacher_that_is_not_better(
    tiny_model: Path, files: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    settings = stage(tiny_model, margin=1)
    with pytest.raises(
        UserError,
        match=r"nothing to learn from the teacher; use a stronger teacher, or set teacher\.gate\.action: warn",
    ):
        gate.run(settings, Job("gate", "f", {}, settings, 1), **files)
    assert not files["out"].exists()
    settings = stage(tiny_model, margin=1, action="warn")
    gate.run(settings, Job("gate", "f", {}, settings, 1), **files)
    assert "nothing to learn from the teacher" in caplog.text
    assert "nothing to learn from the teacher" in tables.provenance(files["out"]).details["decision"]
