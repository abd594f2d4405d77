"""Damaged and unusual model folders work as in sentence-transformers, or end in one line that names the model."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sentence_transformers import SentenceTransformer
from transformers import AutoTokenizer, LlamaConfig, LlamaForSequenceClassification

import tiny_rerankers
from listill.errors import UserError
from model_users import TEXTS, USERS, cross_encoder, student

Change = Callable[[Path], object]


def edited(name: str, *removed: str, **values: Any) -> Change:
    """Return a change of keys in a JSON file."""

    def change(folder: Path) -> None:
        data = json.loads((folder / name).read_text()) | values
        (folder / name).write_text(json.dumps({key: value for key, value in data.items() if key not in removed}))

    return change


def written(name: str, content: bytes) -> Change:
    """Return a change of the content of a file."""
    return lambda folder: (folder / name).write_bytes(content)


def cut(size: int) -> Change:
    """Return a change that leaves this many bytes of the weights; if negative, so many are cut off."""
    return lambda folder: written("model.safetensors", (folder / "model.safetensors").read_bytes()[:size])(folder)


def removed(*names: str) -> Change:
    """Return a change that removes files."""

    def change(folder: Path) -> None:
        for name in names:
            (folder / name).unlink()

    return change


def folder_in_place_of(name: str) -> Change:
    """Return a change that replaces a file by a folder."""

    def change(folder: Path) -> None:
        (folder / name).unlink()
        (folder / name).mkdir()

    return change


def narrower(folder: Path) -> None:
    """Remove a column of a matrix of the weights."""
    weights = load_file(folder / "model.safetensors")
    name = min(name for name in weights if weights[name].ndim == 2)
    save_file(weights | {name: weights[name][:, :-1].contiguous()}, folder / "model.safetensors", {"format": "pt"})


FAULTS: dict[str, Change] = {
    "no tokenizer.json": removed("tokenizer.json"),
    "no tokenizer": removed("tokenizer.json", "tokenizer_config.json"),
    "an empty tokenizer.json": written("tokenizer.json", b""),
    "a tokenizer.json without content": written("tokenizer.json", b"{}"),
    "a broken tokenizer_config.json": written("tokenizer_config.json", b'{"a"'),
    "a list as tokenizer_config.json": written("tokenizer_config.json", b"[]"),
    "an empty config.json": written("config.json", b""),
    "a config.json without content": written("config.json", b"{}"),
    "a list as config.json": written("config.json", b"[]"),
    "null as config.json": written("config.json", b"null"),
    "Latin-1 in config.json": written("config.json", b'{"a": "\xe9"}'),
    "a folder as config.json": folder_in_place_of("config.json"),
    "no config.json": removed("config.json"),
    "a text as a size": edited("config.json", hidden_size="x", d_model="x"),
    "an unknown architecture": edited("config.json", model_type="nonesuch"),
    "a smaller vocabulary in config.json": edited("config.json", vocab_size=50),
    "no weights": removed("model.safetensors"),
    "empty weights": cut(0),
    "weights of a few bytes": cut(5),
    "weights cut in the header": cut(100),
    "weights cut at the end": cut(-1000),
    "noise as weights": written("model.safetensors", b"x" * 5000),
    "a folder as weights": folder_in_place_of("model.safetensors"),
    "weights of another shape": narrower,
    "nothing": lambda folder: [shutil.rmtree(folder), folder.mkdir()],
}
STUDENT_FAULTS: dict[str, Change] = {
    "no padding token": edited("tokenizer_config.json", "pad_token"),
    "an empty modules.json": written("modules.json", b""),
    "numbers in modules.json": written("modules.json", b'[{"idx": 0, "name": "0", "path": "", "type": 5}]'),
    "no paths in modules.json": written("modules.json", b'[{"idx": 0, "name": "0", "type": "a.Pooling"}]'),
    "an empty pooling": written("1_Pooling/config.json", b"{}"),
    "a pooling of another dimension": edited("1_Pooling/config.json", embedding_dimension=7),
    "a list as config_sentence_transformers.json": written("config_sentence_transformers.json", b"[]"),
    "a negative length": edited("sentence_bert_config.json", max_seq_length=-1),
    "a text as a length": edited("sentence_bert_config.json", max_seq_length="x"),
    "a negative length of the tokenizer": edited("tokenizer_config.json", model_max_length=-1),
    "a number as a prompt": edited("config_sentence_transformers.json", prompts={"query": 5}),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model for each user of models."""
    root = tmp_path_factory.mktemp("models")
    return {name: make(root / name) for name, (_, make) in USERS.items()}


def refused(user: str, model: Path, change: Change, folder: Path) -> str:
    """Return the message that refuses a changed copy of a model: one line that names it."""
    shutil.copytree(model, folder)
    change(folder)
    with pytest.raises(UserError) as caught:
        USERS[user][0](folder)
    message = str(caught.value)
    assert message.startswith((f"model {folder}: ", f"{folder}/"))
    assert "\n" not in message
    return message


@pytest.mark.parametrize("what", FAULTS)
@pytest.mark.parametrize("user", USERS)
def test_a_damaged_folder(user: str, what: str, models: dict[str, Path], tmp_path: Path) -> None:
    refused(user, models[user], FAULTS[what], tmp_path / "model")


@pytest.mark.parametrize("what", STUDENT_FAULTS)
def test_a_damaged_folder_of_a_student(what: str, models: dict[str, Path], tmp_path: Path) -> None:
    refused("student", models["student"], STUDENT_FAULTS[what], tmp_path / "model")


def test_the_messages_name_the_fix(models: dict[str, Path], tmp_path: Path) -> None:
    for what, fix in {
        "no padding token": 'add one to its tokenizer_config.json, for instance "pad_token": "[SEP]"',
        "a pooling of another dimension": "have 32 numbers, but the config.json of its Pooling or Dense module says 7",
        "a negative length": "correct model_max_length in its tokenizer_config.json, or max_seq_length",
    }.items():
        assert fix in refused("student", models["student"], STUDENT_FAULTS[what], tmp_path / what)
    broken = refused("student", models["student"], FAULTS["weights cut at the end"], tmp_path / "cut")
    assert broken.endswith("; download the model again, or use another one")


@pytest.mark.parametrize(
    ("user", "key"), [(user, "max_length") for user in USERS if user not in ("generator", "causal", "t5")]
)
def test_a_length_beyond_the_positions(user: str, key: str, models: dict[str, Path]) -> None:
    with pytest.raises(
        UserError, match=r"max_length is 513, but the model reads at most 128 tokens; set max_length of"
    ):
        USERS[user][0](models[user], **{key: 513})


def test_shorter_embeddings_are_those_of_sentence_transformers(models: dict[str, Path], tmp_path: Path) -> None:
    folder = Path(shutil.copytree(models["student"], tmp_path / "model"))
    edited("config_sentence_transformers.json", truncate_dim=16)(folder)
    theirs = SentenceTransformer(str(folder), device="cpu").encode_document(TEXTS)
    assert theirs.shape == (2, 16)
    theirs /= np.linalg.norm(theirs, axis=1, keepdims=True)
    np.testing.assert_allclose(student(folder), theirs, atol=1e-6)


@pytest.fixture(scope="module")
def decoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A Llama with a classification head and without a padding token."""
    folder = tiny_rerankers.llama(tmp_path_factory.mktemp("decoder") / "model")
    tokenizer = AutoTokenizer.from_pretrained(folder)
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "max_position_embeddings": 512}
    heads = {"num_attention_heads": 4, "num_key_value_heads": 2, "num_labels": 1, "initializer_range": 0.3}
    with tiny_rerankers.seeded(0):
        LlamaForSequenceClassification(LlamaConfig(vocab_size=len(tokenizer), **sizes, **heads)).save_pretrained(folder)
    edited("tokenizer_config.json", "pad_token")(folder)
    return folder


@pytest.mark.parametrize("ending", ["", "<pad>", "<eos>", "<bos>", " yes"])
def test_a_decoder_without_a_padding_token(decoder: Path, ending: str) -> None:
    """Its scores are those of the pairs one by one, whatever token they end in: the token 0 is ``<pad>`` here."""
    prompt = ["Query: {query}", " Document: {document}", *([ending] if ending else [])]
    tokenizer = AutoTokenizer.from_pretrained(decoder)
    assert tokenizer.pad_token is None
    assert tokenizer.convert_tokens_to_ids("<pad>") == 0
    model = LlamaForSequenceClassification.from_pretrained(decoder).eval()
    alone = []
    for text in TEXTS:
        pieces = ["Query: which volcano", f" Document: {text.strip()}", *prompt[2:]]
        ids = [token for piece in pieces for token in tokenizer(piece, add_special_tokens=False)["input_ids"]]
        with torch.inference_mode():
            alone.append(float(model(torch.tensor([ids])).logits[0, 0]))
    ours = cross_encoder(decoder, prompt=prompt, max_length=256)
    np.testing.assert_allclose(ours, alone, rtol=1e-4)
    assert abs(alone[0] - alone[1]) > 1e-2
