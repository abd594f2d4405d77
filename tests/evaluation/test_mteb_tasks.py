"""Tasks of MTEB: the scores are those of listill's own measures, and faults are one line."""

import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
from listill.errors import UserError
from listill.evaluation import mteb_tasks
from listill.evaluation.measures import per_query
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

ROWS = tiny.tiny_documents(30)
QUERIES = {f"q{i}": ROWS[i]["title"] for i in range(12)}


def tiny_task(mteb: Any) -> Any:
    """Return a retrieval task on the tiny corpus; its data are in memory."""
    import datasets
    from mteb.abstasks.retrieval import AbsTaskRetrieval

    class TinyRetrieval(AbsTaskRetrieval):  # type: ignore[misc]
        metadata = mteb.TaskMetadata(
            name="TinyRetrieval",
            description="The tiny corpus",
            reference=None,
            dataset={"path": "tiny/tiny", "revision": "r1"},
            type="Retrieval",
            category="t2t",
            eval_splits=["test"],
            eval_langs=["eng-Latn"],
            main_score="ndcg_at_10",
        )

        def load_data(self, *_: Any, **__: Any) -> None:
            corpus = {
                "id": [row["_id"] for row in ROWS],
                **{key: [row[key] for row in ROWS] for key in ("title", "text")},
            }
            queries = {"id": list(QUERIES), "text": list(QUERIES.values())}
            data = {
                "corpus": datasets.Dataset.from_dict(corpus),
                "queries": datasets.Dataset.from_dict(queries),
                "relevant_docs": {query: {ROWS[i]["_id"]: 1} for i, query in enumerate(QUERIES)},
                "top_ranked": None,
            }
            self.dataset = {"default": {"test": data}}
            self.data_loaded = True

    return TinyRetrieval()


def test_the_main_score_equals_that_of_a_search_by_hand(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mteb = pytest.importorskip("mteb")
    monkeypatch.setattr(mteb, "get_task", lambda name: tiny_task(mteb))
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    table = mteb_tasks.measure(encoder.model, ["TinyRetrieval"])
    documents = encoder.encode([f"{row['title']} {row['text']}" for row in ROWS], "document")
    similarity = encoder.encode(list(QUERIES.values()), "query") @ documents.T
    run = pd.DataFrame(
        [
            {"query_id": query, "doc_id": ROWS[d]["_id"], "rank": rank + 1, "score": float(similarity[q, d])}
            for q, query in enumerate(QUERIES)
            for rank, d in enumerate((-similarity[q]).argsort()[:10])
        ]
    )
    judged = pd.DataFrame(
        {"query_id": list(QUERIES), "doc_id": [row["_id"] for row in ROWS[:12]], "relevance": [1] * 12}
    )
    expected = per_query(run, judged, ["nDCG@10"])["value"].mean()
    assert 0.05 < expected < 1
    (row,) = table.to_dict("records")
    assert row.pop("value") == pytest.approx(expected, abs=1e-5)
    assert row == {
        "task": "TinyRetrieval",
        "subset": "default",
        "split": "test",
        "measure": "ndcg_at_10",
        "revision": "r1",
    }


def test_data_that_cannot_be_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    mteb = pytest.importorskip("mteb")
    task = tiny_task(mteb)

    def fail(*_: Any, **__: Any) -> None:
        raise ConnectionError("Couldn't reach 'tiny/tiny' on the Hub\nRetrying")

    monkeypatch.setattr(task, "load_data", fail)
    monkeypatch.setattr(mteb, "get_task", lambda name: task)
    message = r"^evaluation\.mteb: the data of TinyRetrieval are not in the cache .*Couldn't reach 'tiny/tiny'.*\): run"
    with pytest.raises(UserError, match=message) as raised:
        mteb_tasks.measure(None, ["TinyRetrieval"])  # type: ignore[arg-type]
    assert "\n" not in str(raised.value)


def test_an_unknown_task_names_the_nearest() -> None:
    pytest.importorskip("mteb")
    with pytest.raises(UserError, match=r"^evaluation\.mteb: mteb has no task 'SciFacts': Did you mean: 'SciFact'\?$"):
        mteb_tasks.measure(None, ["SciFacts"])  # type: ignore[arg-type]


def test_without_the_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mteb", None)
    with pytest.raises(
        UserError, match=r"^evaluation\.mteb: the package mteb is not installed: install the extra `mteb`"
    ):
        mteb_tasks.measure(None, ["SciFact"])  # type: ignore[arg-type]
