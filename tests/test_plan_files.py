"""Which files of the user a config names: they become inputs of the rules."""

from pathlib import Path
from typing import Any

import pytest

from listill.plan import Plan
from plan_config import CONFIG, MODEL, RERANKER, asking


def test_teachers_read_the_embeddings_and_models_that_they_use(tiny_model: Path) -> None:
    students = {name: {"model": str(tiny_model) if name == "t" else "org/on-the-hub"} for name in ("s", "t")}

    def plan(**members: Any) -> Plan:
        return Plan({**CONFIG, "students": students, "teacher": {"members": members}})

    assert plan(r=RERANKER, b={"kind": "bm25"}).teacher_embeddings == []
    assert plan(d={"kind": "dense"}).teacher_embeddings == ["s"]
    both = plan(d={"kind": "dense"}, m={"kind": "late_interaction", "student": "t"})
    assert both.teacher_embeddings == ["s"]  # MaxSim needs the model, not the embeddings
    assert both.teacher_files == [
        str(tiny_model / name) for name in ("modules.json", "config.json", "model.safetensors")
    ]
    assert plan(d={"kind": "dense", "student": "t"}).teacher_embeddings == ["t"]


def test_existing_source_files(tiny_beir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TINY", str(tiny_beir))
    (tmp_path / "d.csv").write_text("doc_id,text\n")
    corpora = {
        "beir": {"source": {"kind": "beir", "path": "$TINY"}},
        "gone": {"source": {"kind": "beir", "path": "$NOT_SET_ANYWHERE/x"}},
        "files": {"source": {"kind": "files", "path": str(tmp_path / "d.csv"), "topics": str(tmp_path / "gone.csv")}},
        "api": {"source": {"kind": "python_api"}},
    }
    plan = Plan({**CONFIG, "corpora": corpora})
    names = ["corpus.jsonl", "queries.jsonl", "qrels/train.tsv", "qrels/test.tsv"]
    assert plan.source_files("beir") == [str(tiny_beir / name) for name in names]
    assert plan.source_files("gone") == []
    assert plan.source_files("files") == [str(tmp_path / "d.csv")]
    assert plan.source_files("api") == []


def test_own_queries_and_model_folders(tiny_model: Path, tmp_path: Path) -> None:
    own = tmp_path / "queries.parquet"
    plan = Plan({**CONFIG, "generation": {"generator": {"kind": "file", "path": str(own)}}})
    assert plan.own_queries == []
    own.write_text("")
    assert plan.own_queries == [str(own)]
    assert Plan(CONFIG).own_queries == []
    names = ["modules.json", "config.json", "model.safetensors"]
    students = {"here": {"model": str(tiny_model)}, "hub": {"model": "org/on-the-hub"}}
    plan = Plan({**CONFIG, "students": students})
    assert plan.retriever_files("here") == [str(tiny_model / name) for name in names]
    assert plan.retriever_files("hub") == []


def test_files_of_prompts_and_model(tmp_path: Path) -> None:
    for name in ("types/a.yaml", "types/b.yml", "types/notes.txt", "pairs.jsonl", "model/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("")
    keys = {"types_from": f"{tmp_path}/types", "examples": {"claim": f"{tmp_path}/pairs.jsonl", "title": "/gone.jsonl"}}
    plan = asking(generator={**MODEL, **keys, "model": f"{tmp_path}/model"})
    names = ["pairs.jsonl", "types/a.yaml", "types/b.yml", "model/config.json"]
    assert plan.prompt_files == [f"{tmp_path}/{name}" for name in names]
    alone = asking(generator={**MODEL, "types_from": f"{tmp_path}/types/a.yaml"})
    assert alone.prompt_files == [f"{tmp_path}/types/a.yaml"]
    assert Plan(CONFIG).prompt_files == []


def test_model_folders_of_teachers(tiny_model: Path) -> None:
    members = {
        "here": {"kind": "cross_encoder", "model": str(tiny_model)},
        "hub": {"kind": "cross_encoder", "model": "org/on-the-hub"},
        "words": {"kind": "bm25"},
    }
    names = ["modules.json", "config.json", "model.safetensors"]
    assert Plan({**CONFIG, "teacher": {"members": members}}).teacher_files == [str(tiny_model / name) for name in names]
    assert Plan(CONFIG).teacher_files == []
