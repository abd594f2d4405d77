"""Rerankers that sentence-transformers has saved as several modules: which are loaded, and which are refused."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

import tiny
import tiny_rerankers
from checkpoint_faults import CAUSAL, CROSS, T5, fault, without
from listill.errors import UserError
from listill.models import checkpoint, modules
from listill.models.locate import identity
from plain_rerankers import member


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tiny_rerankers.modular(tmp_path / "model", norm="LayerNorm")


def edit(file: Path, **values: Any) -> None:
    file.write_text(json.dumps(json.loads(file.read_text()) | values))


def test_the_folders_that_are_cross_encoders_of_modules(folder: Path, tmp_path: Path) -> None:
    assert modules.is_cross_encoder(folder)
    assert [name.rpartition(".")[2] for name in modules.module_types(folder)] == [
        "Transformer",
        "Pooling",
        "Dense",
        "LayerNorm",
        "Dense",
    ]
    assert not modules.is_cross_encoder(tiny_rerankers.bert_classifier(tmp_path / "classifier"))
    assert not modules.is_cross_encoder(tiny.make_tiny_model(tmp_path / "student"))
    edit(folder / "config_sentence_transformers.json", model_type="SentenceTransformer")
    assert not modules.is_cross_encoder(folder)


@pytest.mark.parametrize(("precision", "dtype"), [("fp32", torch.float32), ("bf16", torch.bfloat16)])
def test_the_model_is_loaded_in_its_precision(folder: Path, precision: str, dtype: torch.dtype) -> None:
    settings = member(model=str(folder), **CROSS | {"precision": precision})
    loaded = checkpoint.load(settings)
    assert {parameter.dtype for parameter in loaded.model.parameters()} == {dtype}
    assert not loaded.model.training
    assert checkpoint.inspect(settings) == identity(folder)


def test_the_identity_covers_all_modules(folder: Path) -> None:
    before = identity(folder)
    dense = next(folder.glob("*_Dense/model.safetensors"))
    dense.write_bytes(dense.read_bytes()[:-1] + b"x")
    assert identity(folder) != before


@pytest.mark.parametrize("settings", [CAUSAL, T5])
def test_another_kind(folder: Path, settings: dict[str, Any]) -> None:
    assert fault(folder, **settings).endswith("it is a CrossEncoder of several modules; set kind: cross_encoder")


def test_max_length_beyond_the_positions(folder: Path) -> None:
    message = fault(folder, kind="cross_encoder", max_length=512)
    assert "max_length is 512, but the model reads at most 128 tokens" in message


def test_modules_without_scores(folder: Path) -> None:
    edit(max(folder.glob("*_Dense")) / "config.json", module_output_name="sentence_embedding")
    message = fault(folder, **CROSS)
    assert "none of its modules (Transformer, Pooling, Dense, LayerNorm, Dense) has the output `scores`" in message


def test_the_code_of_a_module_does_not_run_without_permission(folder: Path) -> None:
    entries = json.loads((folder / "modules.json").read_text())
    entries[2]["type"] = "own.OwnDense"
    (folder / "modules.json").write_text(json.dumps(entries))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    message = fault(folder, **CROSS)
    assert "its module own.OwnDense needs code of its own: read it, then set trust_remote_code: true" in message
    assert not (folder / "ran").exists()


def test_an_activation_with_code_of_its_own(folder: Path) -> None:
    """sentence-transformers would take tanh instead."""
    edit(min(folder.glob("*_Dense")) / "config.json", activation_function="own.Swish")
    assert "its module own.Swish needs code of its own" in fault(folder, **CROSS)


def test_the_activation_of_the_transformer_is_no_code_of_its_own(folder: Path) -> None:
    """BART and GPT-2 name it in config.json."""
    edit(folder / "config.json", activation_function="gelu")
    modules.check_code(folder, "m", trust_remote_code=False)


def test_missing_weights_of_the_transformer(folder: Path) -> None:
    """sentence-transformers initialises them randomly and continues."""
    without(folder, "layer.1.output.dense.weight")
    assert "its weights lack encoder.layer.1.output.dense.weight, which would be init" in fault(folder, **CROSS)


def test_missing_weights_of_another_module(folder: Path) -> None:
    without(max(folder.glob("*_Dense")), "bias")
    assert "cannot be loaded: " in fault(folder, **CROSS)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[", r"modules\.json is not valid JSON; download"),
        ("{}", "is not a valid list of modules; download"),
        ("[1]", "valid list"),
    ],
)
def test_an_invalid_list_of_modules(content: str, message: str, folder: Path) -> None:
    (folder / "modules.json").write_text(content)
    with pytest.raises(UserError, match=message):
        checkpoint.inspect(member(model=str(folder), **CROSS))


def test_a_default_prompt_has_to_be_set(folder: Path) -> None:
    """CrossEncoder.predict would put it before the query."""
    edit(folder / "config_sentence_transformers.json", prompts={"rank": "Rank: "}, default_prompt_name="rank")
    message = fault(folder, **CROSS)
    assert "it reads query and passage with the prompt 'rank', which only its own code applies; set prompt" in message
    prompt = ["[CLS] Rank: {query} [SEP]", "{document} [SEP]"]
    checkpoint.load(member(model=str(folder), prompt=prompt, **CROSS))


def test_a_chat_template_has_to_be_written_out(folder: Path) -> None:
    """CrossEncoder.predict would fill it in."""
    text = {"method": "forward", "method_output_name": "last_hidden_state"}
    modalities = {"text": text, "message": text | {"format": "flat"}}
    edit(folder / "sentence_bert_config.json", modality_config=modalities)
    edit(
        folder / "tokenizer_config.json",
        chat_template="{% for m in messages %}{{ m.role }}: {{ m.content }} {% endfor %}",
    )
    assert "it reads query and passage with a chat template, which only its own code applies" in fault(folder, **CROSS)
