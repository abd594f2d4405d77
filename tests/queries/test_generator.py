"""What generators have in common."""

import importlib
from pathlib import Path
from typing import Any

import pytest

from listill import families
from listill.errors import UserError
from listill.frozen import parse
from listill.queries.answers import Answer
from listill.queries.generator import Generator, LanguageModel
from listill.queries.generators.vllm import Vllm
from listill.queries.requests import Request
from listill.settings.generation import Generation

# What each language model needs beside a model; the environment of its jobs, and their GPUs.
MODELS: dict[str, tuple[dict[str, Any], str, int]] = {
    "openai": ({"base_url": "http://nowhere/v1"}, "cpu", 0),
    "transformers": ({}, "gpu", 1),
    "vllm": ({}, "vllm", 1),
}


def generator(kind: str, **keys: Any) -> Any:
    return parse(Generation, {"generator": {"kind": kind, **keys}}, "config").generator


def language_model(kind: str, **keys: Any) -> LanguageModel:
    model = generator(kind, **({"model": "m"} | MODELS[kind][0] | keys))
    assert isinstance(model, LanguageModel)
    return model


def test_every_member_is_a_generator() -> None:
    classes = {name: families.settings_class("generators", name) for name in families.names("generators")}
    assert {name for name, member in classes.items() if issubclass(member, LanguageModel)} == set(MODELS)
    assert all(issubclass(member, Generator) for member in classes.values())


@pytest.mark.parametrize("kind", MODELS)
def test_facts_and_label(kind: str) -> None:
    model = language_model(kind)
    assert (model.environment, model.gpus) == MODELS[kind][1:]
    assert model.label == f"{kind}:m"
    assert model.machine
    assert model.machine <= set(type(model).model_fields)


@pytest.mark.parametrize("kind", MODELS)
def test_requests_go_to_the_engine_of_the_same_name(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[Any] = []

    def answers(*given: Any) -> Any:
        seen.append(given)
        yield [Answer("q", "x", "stop")]

    monkeypatch.setattr(importlib.import_module(f"listill.queries.engines.{kind}"), "answers", answers)
    model, requests = language_model(kind), [Request("q", "d", "claim", "p", 1, "text")]
    assert list(model.answers(requests, tmp_path, {})) == [[Answer("q", "x", "stop")]]
    assert seen[0][:2] == (model, requests)


def test_files_of_the_user(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("types/b.yaml", "types/a.yml", "types/notes.txt", "pairs.jsonl", "model/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setenv("HERE", str(tmp_path))
    keys = {"types_from": "$HERE/types", "examples": {"claim": "$HERE/pairs.jsonl", "title": "$HERE/gone.jsonl"}}
    found = language_model("vllm", model="$HERE/model", **keys).files()
    assert [Path(file).name for file in found] == ["pairs.jsonl", "a.yml", "b.yaml", "config.json"]
    assert language_model("vllm", types_from="$HERE/types/b.yaml").files() == [str(tmp_path / "types/b.yaml")]
    assert language_model("openai").files() == []
    assert generator("file", path="$HERE/pairs.jsonl").files() == [str(tmp_path / "pairs.jsonl")]
    assert generator("extractive").files() == []


def test_only_what_is_read_beside_the_corpus_has_a_checksum(tmp_path: Path) -> None:
    (tmp_path / "own.parquet").write_bytes(b"abc")
    assert generator("extractive").checksum() is None
    first = generator("file", path=str(tmp_path / "own.parquet")).checksum()
    (tmp_path / "own.parquet").write_bytes(b"abd")
    assert first != generator("file", path=str(tmp_path / "own.parquet")).checksum()


def test_the_old_name_of_the_template_variables() -> None:
    old = Vllm.model_validate({"kind": "vllm", "model": "m", "template": {"x": 1}})
    assert old == Vllm(kind="vllm", model="m", chat_template_kwargs={"x": 1})
    with pytest.raises(UserError, match="'template' is the old name of 'chat_template_kwargs': remove one of the two"):
        language_model("vllm", template={}, chat_template_kwargs={})


def test_the_fewest_words_of_a_crop_are_not_more_than_the_most() -> None:
    with pytest.raises(UserError, match=r"crop_words: the fewest \(9\) are more than the most \(5\)"):
        generator("extractive", crop_words=[9, 5])


def test_a_base_does_nothing(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        Generator(kind="none").generate(None, [], 1)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        LanguageModel(kind="none", model="m").answers([], tmp_path, {})
