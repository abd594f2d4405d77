"""The stage mine: the retrievers that are used, the funnel, and invalid inputs."""

from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pytest

import tiny
from listill import tables
from listill.errors import UserError
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.embeddings import as_table
from listill.retrieval.encoder import Encoder
from listill.schemas import SCHEMAS
from listill.settings.config import Settings
from listill.stages import mine
from listill.stages.job import Job

DOCUMENTS = tiny.tiny_documents(30)
IDS = [row["_id"] for row in DOCUMENTS]
RENDERED = [f"{row['title']} {row['text']}" for row in DOCUMENTS]
ABOUT = tables.Provenance("made", "by hand")


def write_queries(
    folder: Path, query_ids: list[str], texts: list[str], doc_ids: list[str], splits: str | list[str] = "train"
) -> None:
    queries = pd.DataFrame({"query_id": query_ids, "text": texts, "doc_id": doc_ids}).assign(type="claim")
    queries = queries.reindex(columns=SCHEMAS["queries"].names).assign(split=splits).astype(object)
    tables.write(folder / "queries.parquet", "queries", queries.where(queries.notna(), None), ABOUT)


@pytest.fixture
def folder(tiny_model: Path, tmp_path: Path) -> Path:
    """A folder with a corpus, embeddings of the student ``small``, two queries equal to their passages, no qrels."""
    texts = {key: [row[key] for row in DOCUMENTS] for key in ("title", "text")}
    tables.write(tmp_path / "corpus.parquet", "corpus", {"doc_id": IDS, **texts, "duplicate_of": [None] * 30}, ABOUT)
    with tables.writer(tmp_path / "small.parquet", "embeddings", ABOUT) as table:
        table.write_table(as_table(IDS, encoder(tiny_model).encode(RENDERED, "document")))
    write_queries(tmp_path, ["q0", "q1"], RENDERED[:2], IDS[:2])
    none: dict[str, list[Any]] = {name: [] for name in SCHEMAS["qrels"].names}
    tables.write(tmp_path / "qrels.parquet", "qrels", none, ABOUT)
    return tmp_path


def encoder(model: Path) -> Encoder:
    return Encoder(Settings.model_validate(config(model)).students["small"])


def config(model: Path, **mining: Any) -> dict[str, Any]:
    return {
        "corpora": {"c": {"source": {"kind": "files", "path": "x"}}},
        "students": {"small": {"model": str(model), "precision": "fp32"}},
        "mining": {"depth": 5, "consistency": {"require": "none"}, **mining},
    }


def run(folder: Path, config: dict[str, Any], embeddings: str = "small") -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return candidates and funnel."""
    frozen = mine.settings(Settings.model_validate(config), "c")
    inputs = [folder / f"{name}.parquet" for name in ("corpus", "queries", "qrels")]
    outputs = [folder / f"{name}.parquet" for name in ("candidates", "funnel")]
    mine.run(frozen, Job("mine", "f", {}, frozen, 1), *inputs, *outputs, [folder / f"{embeddings}.parquet"])
    return tables.read(outputs[0], "candidates"), tables.read(outputs[1], "funnel")


@pytest.mark.parametrize("names", [None, ["small"], ["bm25", "small"]])
def test_retrievers(names: list[str] | None, tiny_model: Path, folder: Path) -> None:
    candidates, _ = run(folder, config(tiny_model, retrievers=names))
    assert set(candidates["retriever"]) == set(names or ["bm25", "small"])
    of_student = candidates[(candidates["retriever"] == "small") & (candidates["query_id"] == "q0")]
    student = encoder(tiny_model)
    similarity = student.encode(RENDERED[:1], "query") @ student.encode(RENDERED, "document").T
    best = [IDS[i] for i in np.argsort(-similarity[0])[:5]]
    assert of_student.sort_values("rank")["doc_id"].tolist() == best


def test_an_additional_retriever_of_another_kind(tiny_model: Path, folder: Path) -> None:
    candidates, _ = run(folder, config(tiny_model, additional={"words": {"kind": "bm25", "k1": 2.0, "b": 1.0}}))
    assert set(candidates["retriever"]) == {"bm25", "small", "words"}
    best = candidates[candidates["rank"] == 1].set_index(["retriever", "query_id"])
    assert best.loc["words", "doc_id"].tolist() == best.loc["bm25", "doc_id"].tolist() == IDS[:2]
    assert (best.loc["words", "score"] != best.loc["bm25", "score"]).all()


def test_random_passages(tiny_model: Path, folder: Path) -> None:
    candidates, _ = run(folder, config(tiny_model, random=3))
    added = candidates[candidates["retriever"] == "random"]
    assert added.groupby("query_id").size().to_dict() == {"q0": 3, "q1": 3}
    found = candidates[candidates["retriever"] != "random"].reset_index(drop=True)
    pd.testing.assert_frame_equal(found, run(folder, config(tiny_model))[0])
    other_seed, _ = run(folder, {**config(tiny_model, random=3), "seed": 5})
    assert other_seed.loc[other_seed["retriever"] == "random", "doc_id"].tolist() != added["doc_id"].tolist()


def test_parts_are_kept_until_the_funnel_is_written(
    tiny_model: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run that is stopped after its first output searches nothing again."""
    with mock.patch.object(Job, "write", side_effect=KeyboardInterrupt), pytest.raises(KeyboardInterrupt):
        run(folder, config(tiny_model))
    assert (folder / "candidates.parquet").exists()
    assert {"small.0.npy", "bm25.0.npy"} <= {path.name for path in folder.glob(".work/*/*.npy")}
    monkeypatch.setattr(DenseRetriever, "run", None)  # not called
    run(folder, config(tiny_model))
    assert not (folder / ".work").exists()


def test_the_seed_is_a_setting_only_if_passages_are_drawn() -> None:
    base = config(Path("m"))
    assert mine.settings(Settings.model_validate(base), "c").seed is None
    assert mine.settings(Settings.model_validate({**config(Path("m"), random=3), "seed": 5}), "c").seed == 5


def test_the_funnel_counts_inconsistent_queries(tiny_model: Path, folder: Path) -> None:
    write_queries(folder, ["q0", "q1", "q2"], [*RENDERED[:2], "zebra"], IDS[:3])
    candidates, funnel = run(folder, config(tiny_model, consistency={"require": "each", "top": 5}))
    assert set(candidates["query_id"]) == {"q0", "q1"}
    rows = funnel[["stage", "type", "split", "reason", "queries"]].sort_values("reason").to_numpy().tolist()
    assert rows == [["candidates", "claim", "train", "inconsistent", 1], ["candidates", "claim", "train", "kept", 2]]


def test_only_train_queries_are_mined(tiny_model: Path, folder: Path) -> None:
    write_queries(folder, ["a", "b", "c", "d"], RENDERED[:4], IDS[:4], ["dev", "train", "heldout", "train"])
    candidates, funnel = run(folder, config(tiny_model))
    assert set(candidates["query_id"]) == {"b", "d"}
    assert funnel[["split", "reason", "queries"]].to_numpy().tolist() == [["train", "kept", 2]]
    write_queries(folder, ["b", "d"], [RENDERED[1], RENDERED[3]], [IDS[1], IDS[3]])
    pd.testing.assert_frame_equal(candidates, run(folder, config(tiny_model))[0])


def test_no_queries(tiny_model: Path, folder: Path) -> None:
    write_queries(folder, [], [], [])
    with pytest.raises(
        UserError, match=r"queries\.parquet: no training query is left: see the counts of the stage queries"
    ):
        run(folder, config(tiny_model))
    assert not (folder / "candidates.parquet").exists()


def test_embeddings_of_a_retriever_that_is_not_in_the_settings(tiny_model: Path, folder: Path) -> None:
    (folder / "small.parquet").rename(folder / "other.parquet")
    with pytest.raises(UserError, match=r"^other\.parquet: the settings have no student or dense retriever 'other'"):
        run(folder, config(tiny_model), "other")


@pytest.mark.parametrize("name", ["queries", "qrels"])
def test_a_document_that_is_not_in_the_corpus(name: str, tiny_model: Path, folder: Path) -> None:
    if name == "queries":
        write_queries(folder, ["q0"], ["lava"], ["gone"])
    else:
        judged = {"query_id": ["q0"], "doc_id": ["gone"], "relevance": [1], "split": ["train"]}
        tables.write(folder / "qrels.parquet", "qrels", judged, ABOUT)
    with pytest.raises(UserError, match=rf"{name}\.parquet: document 'gone' is not in the corpus"):
        run(folder, config(tiny_model))
