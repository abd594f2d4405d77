"""The whole pipeline on a tiny corpus."""

import json
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest
import yaml
from sentence_transformers import SentenceTransformer

# Section 3 of the design, word for word: other people's code reads these files.
HISTORY = "step epoch split loss listwise contrastive lr seconds queries passages nDCG@10 margin_mse ranknet weights"
CONTRACT = {
    "corpus": "doc_id title text duplicate_of",
    "topics": "query_id text split",
    "qrels": "query_id doc_id relevance split",
    "queries": "query_id text type doc_id split generator prompt seed finish_reason start end",
    "candidates": "query_id doc_id retriever rank score",
    "scores": "query_id doc_id teacher score",
    "lists/small": "query_id type split doc_ids scores other_ids other_scores near_positives",
    "runs/bm25": "query_id doc_id rank score",
    "runs/small": "query_id doc_id rank score",
    "runs/small+bm25": "query_id doc_id rank score",
    "runs/teacher": "query_id doc_id rank score",
    "runs/small.listwise": "query_id doc_id rank score",
    "runs/small.combined": "query_id doc_id rank score",
    "per_query": "system split query_id measure value",
    "summary": "system split measure value base delta ci_low ci_high p_value queries clusters seeds seed_sd kept",
    "comparisons": "student system against split measure value against_value delta ci_low ci_high p_value "
    "queries clusters seeds",
    "models/small/listwise/history": HISTORY,
    "models/small/combined/history": HISTORY,
}


@pytest.mark.parametrize("name", CONTRACT)
def test_the_contract(finished: Path, name: str) -> None:
    frame = pd.read_parquet(flow.results(finished) / f"{name}.parquet")
    assert list(frame.columns) == CONTRACT[name].split()
    assert len(frame)


def test_what_the_tables_say(finished: Path) -> None:
    folder = flow.results(finished)
    lists = pd.read_parquet(folder / "lists/small.parquet").set_index("query_id")
    queries = pd.read_parquet(folder / "queries.parquet").set_index("query_id")
    qrels = pd.read_parquet(folder / "qrels.parquet").query("split == 'train'").set_index("query_id")
    assert set(queries["type"]) == {"human", "lead", "cloze"}
    human = lists[lists["type"] == "human"]
    assert len(human) == (queries["type"] == "human").sum() > 0
    assert (human["doc_ids"].str[0] == qrels.loc[human.index, "doc_id"]).all()
    synthetic = lists[lists["type"] != "human"]
    assert (synthetic["doc_ids"].str[0] == queries.loc[synthetic.index, "doc_id"]).all()
    heldout = set(pd.read_parquet(folder / "heldout.parquet")["doc_id"])
    assert heldout
    assert not heldout & {doc_id for ids in lists["doc_ids"] for doc_id in ids}
    assert all(len(row.doc_ids) == len(row.scores) for row in lists.itertuples())
    summary = pd.read_parquet(folder / "summary.parquet")
    alone = ["small", "small.listwise", "small.combined"]
    assert set(summary["system"]) == {"bm25", "teacher", *alone, *(f"{name}+bm25" for name in alone)}
    assert set(summary["measure"]) == {"nDCG@10", "R@100", "RR@10"}
    # The teacher reranks at most 16 documents, so its recall at 100 would be that of its pool.
    assert set(summary.loc[summary["system"] == "teacher", "measure"]) == {"nDCG@10", "RR@10"}
    trained = summary["system"].isin(["small.listwise", "small.combined", "small.listwise+bm25", "small.combined+bm25"])
    assert summary.loc[trained, "kept"].isin([0, 1]).all()
    assert summary.loc[~trained, "kept"].isna().all()
    assert (summary["clusters"] <= summary["queries"]).all()
    test = summary[summary["split"] == "test"]
    assert (test["queries"] == 20).all()
    assert "<html" in (folder / "report.html").read_text()


@pytest.mark.parametrize("variant", flow.VARIANTS)
def test_the_models_load(finished: Path, variant: str) -> None:
    folder = flow.results(finished) / "models" / flow.STUDENT / variant
    model = SentenceTransformer(str(folder), device="cpu")
    assert model.prompts == {"query": "query: ", "document": "passage: "}
    assert model.encode_query("lava of the volcano").shape == (32,)
    about = json.loads((folder / "listill.json").read_text())
    assert about["key"] == f"models/{flow.STUDENT}/{variant}"
    assert "SentenceTransformer" in (folder / "README.md").read_text()


def test_nothing_is_left_lying_about(finished: Path) -> None:
    """Only the scores remain: a later run does not score their pairs again."""
    hidden = [path.relative_to(flow.results(finished)) for path in (finished / "results").rglob(".*")]
    assert hidden == [Path(".scores")]


def test_the_teachers_run_reuses_the_scores_of_the_gate(finished: Path) -> None:
    logs = flow.results(finished) / "logs"
    assert "scored before" not in (logs / "gate.log").read_text() + (logs / "scores.log").read_text()
    assert (logs / "rerank.log").read_text().count("pairs have been scored before") == 3  # by each teacher


def test_a_second_run_does_nothing(finished: Path, settings: dict[str, Any]) -> None:
    assert not flow.scheduled(finished, settings)


def test_same_seed_same_tables(finished: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    """Made target by target and from a YAML file in another order: the same to the last bit.

    Only as far as the lists; that the rest is the same, too, is seen in test_interrupts.
    """

    def backwards(value: Any) -> Any:
        return {key: backwards(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    text = yaml.safe_dump(backwards(settings), sort_keys=False)
    assert text.index("evaluation") < text.index("corpora")
    flow.make(tmp_path, text, "candidates")
    made = {path.name for path in flow.results(tmp_path).glob("*.parquet")}
    assert made == {f"{n}.parquet" for n in ("corpus", "topics", "qrels", "heldout", "queries", "candidates")}
    assert {path.name for path in flow.results(tmp_path).iterdir() if path.is_dir()} == {
        *("benchmarks", "config", "embeddings", "funnel", "logs", "tokens")
    }
    flow.make(tmp_path, text, "lists")
    again = flow.frames(tmp_path, settings)
    assert {"scores.parquet", "gate.parquet", "lists/small.parquet"} <= again.keys()
    first = flow.frames(finished, settings)
    flow.assert_same({name: first[name] for name in again}, again)
