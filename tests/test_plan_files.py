"""Which files of the user each stage reads: their contents are part of its settings."""

import json
import logging
from pathlib import Path
from typing import Any

import pytest

from listill.contents import contents
from listill.plan import Plan
from plan_config import CONFIG, MODEL, RERANKER, asking

OF_MODEL = ("modules.json", "config.json", "model.safetensors")


def test_teachers_read_the_embeddings_and_models_that_they_use(tiny_model: Path) -> None:
    students = {name: {"model": str(tiny_model) if name == "t" else "org/on-the-hub"} for name in ("s", "t")}

    def plan(**members: Any) -> Plan:
        return Plan({**CONFIG, "students": students, "teacher": {"members": members}})

    assert plan(r=RERANKER, b={"kind": "bm25"}).teacher_embeddings == []
    assert plan(d={"kind": "dense"}).teacher_embeddings == ["s"]
    both = plan(d={"kind": "dense"}, m={"kind": "late_interaction", "student": "t"})
    assert both.teacher_embeddings == ["s"]  # MaxSim needs the model, not the embeddings
    assert both.files("c", "gate")["students.t"] == [str(tiny_model / name) for name in OF_MODEL]
    assert plan(d={"kind": "dense", "student": "t"}).teacher_embeddings == ["t"]


def test_files_of_the_source(tiny_beir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY", str(tiny_beir))
    table, topics, qrels = (tmp_path / f"{name}.csv" for name in ("documents", "topics", "qrels"))
    table.write_text("doc_id,text\n")
    corpora = {
        "beir": {"source": {"kind": "beir", "path": "$TINY"}},
        "gone": {"source": {"kind": "beir", "path": "$NOT_SET_ANYWHERE/x"}},
        "files": {
            "source": {"kind": "files", "path": str(table), "topics": str(topics), "qrels": str(qrels)},
        },
        "api": {"source": {"kind": "python_api"}},
    }
    plan = Plan({**CONFIG, "corpora": corpora})
    names = ["corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "qrels/test.tsv"]
    assert plan.files("beir", "corpus") == {"source": [str(tiny_beir / name) for name in names]}
    assert plan.files("gone", "corpus") == plan.files("api", "corpus") == {"source": []}
    topics.write_text("query_id,text\n")
    assert plan.files("files", "corpus") == {"source": []}, "one of the three files is missing"
    qrels.write_text("query_id,doc_id,relevance\n")
    assert plan.files("files", "corpus") == {"source": [str(table), str(topics), str(qrels)]}
    assert plan.files("beir", "evaluate") == {}


def test_own_queries_and_model_folders(tiny_model: Path, tmp_path: Path) -> None:
    own = tmp_path / "queries.parquet"
    plan = Plan({**CONFIG, "generation": {"generator": {"kind": "file", "path": str(own)}}})
    assert plan.files("c", "queries") == {"generator": []}
    own.write_text("")
    assert plan.files("c", "queries") == {"generator": [str(own)]}
    assert Plan(CONFIG).files("c", "queries") == {"generator": []}
    students = {"here": {"model": str(tiny_model)}, "hub": {"model": "org/on-the-hub"}}
    plan = Plan({**CONFIG, "students": students})
    assert plan.files("c", "encode.here") == {"model": [str(tiny_model / name) for name in OF_MODEL]}
    assert plan.files("c", "encode.hub") == {"model": []}


def test_files_of_prompts_and_model(tmp_path: Path) -> None:
    for name in ("types/a.yaml", "types/b.yml", "types/notes.txt", "pairs.jsonl", "model/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    examples = {"claim": f"{tmp_path}/pairs.jsonl"}
    keys = {"types_from": f"{tmp_path}/types", "examples": examples, "model": f"{tmp_path}/model"}
    names = ["pairs.jsonl", "types/a.yaml", "types/b.yml", "model/config.json"]
    plan = asking(generator={**MODEL, **keys})
    assert plan.files("c", "ask.1-of-1") == {"generator": [f"{tmp_path}/{name}" for name in names]}
    assert plan.files("c", "queries") == {}
    missing = asking(generator={**MODEL, **keys, "examples": {**examples, "title": "/gone.jsonl"}})
    assert missing.files("c", "ask.1-of-1") == {"generator": []}
    alone = asking(generator={**MODEL, "types_from": f"{tmp_path}/types/a.yaml"})
    assert alone.files("c", "ask.1-of-1") == {"generator": [f"{tmp_path}/types/a.yaml"]}


def test_model_folders_of_teachers(tiny_model: Path) -> None:
    members = {
        "here": {"kind": "cross_encoder", "model": str(tiny_model)},
        "hub": {"kind": "cross_encoder", "model": "org/on-the-hub"},
        "words": {"kind": "bm25"},
    }
    plan = Plan({**CONFIG, "teacher": {"members": members}})
    files = {"here": [str(tiny_model / name) for name in OF_MODEL], "hub": [], "words": []}
    for stage in ("gate", "rerank", "scores"):
        assert plan.files("c", stage) == {f"members.{name}": paths for name, paths in files.items()}


def test_frozen_settings_have_the_contents(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A missing file counts as unchanged, unless other settings have changed as well."""
    monkeypatch.chdir(tmp_path)
    table = tmp_path / "documents.csv"
    table.write_text("doc_id,text\n")
    corpora = {"c": {"source": {"kind": "files", "path": str(table)}}}
    plan, other = (Plan({**CONFIG, "seed": seed, "corpora": corpora}) for seed in (1, 2))
    frozen = plan.frozen("c", "corpus")
    assert json.loads(frozen)["files"] == {"source": contents([str(table)])}
    assert "files" not in json.loads(plan.frozen("c", "evaluate"))

    table.rename(tmp_path / "away.csv")
    assert "files" not in json.loads(plan.frozen("c", "corpus")), "nothing is known of the file"
    last = tmp_path / "results/c/config/corpus.json"
    last.parent.mkdir(parents=True)
    last.write_text(frozen)
    with caplog.at_level(logging.WARNING, "listill"):
        assert plan.frozen("c", "corpus") == frozen
    assert caplog.messages == ["corpus: the files of source are missing: they count as unchanged"]
    assert "files" not in json.loads(other.frozen("c", "corpus"))
    for damaged in ("", "{", "[]", "{}", json.dumps(json.loads(frozen) | {"files": 1})):
        last.write_text(damaged)
        assert "files" not in json.loads(plan.frozen("c", "corpus"))
