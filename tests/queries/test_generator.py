"""What all generators have in common."""

from pathlib import Path
from typing import Any

import pytest

from listill import families
from listill.errors import UserError
from listill.frozen import parse
from listill.queries.generator import Generator, LanguageModel
from listill.queries.generators.vllm import Vllm
from listill.settings.generation import Generation

# The required keys of each language model besides its model.
MODELS: dict[str, dict[str, Any]] = {"openai": {"base_url": "http://nowhere/v1"}, "transformers": {}, "vllm": {}}


def generator(kind: str, **keys: Any) -> Any:
    return parse(Generation, {"generator": {"kind": kind, **keys}}, "config").generator


def language_model(kind: str, **keys: Any) -> LanguageModel:
    model = generator(kind, **({"model": "m"} | MODELS[kind] | keys))
    assert isinstance(model, LanguageModel)
    return model


def test_every_member_is_a_generator() -> None:
    classes = {name: families.settings_class("generators", name) for name in families.names("generators")}
    assert {name for name, member in classes.items() if issubclass(member, LanguageModel)} == set(MODELS)
    assert all(issubclass(member, Generator) for member in classes.values())


@pytest.mark.parametrize("kind", MODELS)
def test_the_label_is_kind_and_model(kind: str) -> None:
    assert language_model(kind).label == f"{kind}:m"


@pytest.mark.parametrize("kind", MODELS)
def test_machine_keys_are_keys_of_the_generator(kind: str) -> None:
    model = language_model(kind)
    assert model.machine
    assert model.machine <= set(type(model).model_fields)


def test_input_files_of_generators(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("types/b.yaml", "types/a.yml", "types/notes.txt", "pairs.jsonl", "model/config.json"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    monkeypatch.setenv("HERE", str(tmp_path))
    keys = {"types_from": "$HERE/types", "examples": {"claim": "$HERE/pairs.jsonl"}}
    files = language_model("vllm", model="$HERE/model", **keys).files()
    assert [Path(file).name for file in files] == ["pairs.jsonl", "a.yml", "b.yaml", "config.json"]
    for gone in ({"types_from": "$HERE/gone"}, {"examples": {"title": "$HERE/gone.jsonl"}}, {"model": "$HERE/gone"}):
        assert language_model("vllm", **(keys | gone)).files() == [], "files that are away count as unchanged"
    server = language_model("openai", **(keys | {"model": "/models/on-the-server"})).files()
    assert [Path(file).name for file in server] == ["pairs.jsonl", "a.yml", "b.yaml"]
    assert language_model("vllm", types_from="$HERE/types/b.yaml").files() == [str(tmp_path / "types/b.yaml")]
    assert language_model("openai").files() == []
    assert generator("file", path="$HERE/pairs.jsonl").files() == [str(tmp_path / "pairs.jsonl")]
    assert generator("extractive").files() == []


def test_only_input_files_have_a_checksum(tmp_path: Path) -> None:
    (tmp_path / "own.parquet").write_bytes(b"abc")
    assert generator("extractive").checksum() is None
    first = generator("file", path=str(tmp_path / "own.parquet")).checksum()
    (tmp_path / "own.parquet").write_bytes(b"abd")
    assert first != generator("file", path=str(tmp_path / "own.parquet")).checksum()


def test_template_is_an_alias_of_chat_template_kwargs() -> None:
    old = Vllm.model_validate({"kind": "vllm", "model": "m", "template": {"x": 1}})
    assert old == Vllm(kind="vllm", model="m", chat_template_kwargs={"x": 1})
    with pytest.raises(UserError, match="'template' is the old name of 'chat_template_kwargs': remove one of the two"):
        language_model("vllm", template={}, chat_template_kwargs={})


def test_base_classes_are_abstract(tmp_path: Path) -> None:
    with pytest.raises(NotImplementedError):
        Generator(kind="none").generate(None, [], 1)  # type: ignore[arg-type]
    with pytest.raises(NotImplementedError):
        LanguageModel(kind="none", model="m").answers([], tmp_path, {})
