"""The stage rerank: the first documents of each retriever are reranked for the evaluation queries."""

from pathlib import Path
from typing import Any

import pandas as pd

import tiny
from listill import tables
from listill.corpus import collection
from listill.retrieval.bm25 import Bm25Index
from listill.schemas import SCHEMAS
from listill.settings.bm25 import Bm25
from listill.settings.teacher import TeacherEnsemble
from listill.stages import rerank
from listill.stages.job import Job
from listill.stages.rerank import RerankStage

DOCUMENTS = tiny.tiny_documents(20)
IDS = [row["_id"] for row in DOCUMENTS]
TEACHER = TeacherEnsemble.model_validate({"members": {"words": {"kind": "bm25"}}})


def test_the_pool_is_reranked(tmp_path: Path) -> None:
    def write(name: str, data: dict[str, Any], table: str | None = None) -> Path:
        frame = pd.DataFrame(data).reindex(columns=SCHEMAS[table or name].names).astype(object)
        about = tables.Provenance(name, name, corpus="c")
        tables.write(tmp_path / f"{name}.parquet", table or name, frame.where(frame.notna(), None), about)
        return tmp_path / f"{name}.parquet"

    texts = {key: [row[key] for row in DOCUMENTS] for key in ("title", "text")}
    queries = {"t0": DOCUMENTS[3]["text"], "t1": DOCUMENTS[7]["text"]}
    inputs = {
        "corpus": write("corpus", {"doc_id": IDS, **texts}),
        "topics": write("topics", {"query_id": [*queries], "text": [*queries.values()], "split": "test"}),
        "qrels": write("qrels", {"query_id": [*queries], "doc_id": IDS[:2], "relevance": 1, "split": "test"}),
        "queries": write("queries", {name: [] for name in SCHEMAS["queries"].names}),
    }
    runs = [
        pd.DataFrame([(q, IDS[i], rank, 1.0) for q in queries for rank, i in enumerate(chosen, 1)])
        for chosen in ([5, 3, 7, 1], [7, 9, 2, 3])
    ]
    columns = ["query_id", "doc_id", "rank", "score"]
    paths = [
        write(f"run{n}", dict(zip(columns, (run[i].tolist() for i in range(4)), strict=True)), "runs")
        for n, run in enumerate(runs)
    ]
    settings = RerankStage(teacher=TEACHER, pool=2, depth=3)
    out = tmp_path / "teacher.parquet"
    rerank.run(settings, Job("rerank", "f", {}, settings, 1, "c"), **inputs, runs=paths, out=out)
    result = tables.read(out, "runs")
    assert tables.provenance(out).name == "c/runs/teacher"
    documents = collection.load(inputs["corpus"])
    index = Bm25Index([documents.rendered(i) for i in range(20)], Bm25())
    for query_id, text in queries.items():
        scores = index.scores(index.tokenise([text])[0])
        best = sorted([3, 5, 7, 9], key=lambda i: (-scores[i], IDS[i]))[:3]
        ranking = result[result["query_id"] == query_id]
        assert ranking[["doc_id", "rank"]].to_numpy().tolist() == [[IDS[i], rank] for rank, i in enumerate(best, 1)]
