"""Code in a model's folder never runs unless the config allows it, whichever file asks for it.

sentence-transformers before 6.0 ran the modules of a local folder without permission.
"""

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from sentence_transformers import SentenceTransformer

from listill.errors import UserError
from model_users import USERS

CODE = """
open({marker!r}, "w").close()
import torch
from transformers import BertConfig, BertModel, PreTrainedTokenizerFast


class Own(torch.nn.Module):
    @staticmethod
    def load(*_, **__):
        return Own()

    def forward(self, features):
        return features


class OwnConfig(BertConfig):
    model_type = "own"


class OwnModel(BertModel):
    config_class = OwnConfig


class OwnTokenizer(PreTrainedTokenizerFast):
    pass


def run(*_):
    return None
"""
CLASSES = ("", "ForCausalLM", "ForSequenceClassification", "ForSeq2SeqLM")
AUTO = {"AutoConfig": "own.OwnConfig", **{f"AutoModel{name}": "own.OwnModel" for name in CLASSES}}
TOKENIZER = {"tokenizer_class": "OwnTokenizer"}
Change = Callable[[Path], None]


def edited(name: str, **values: Any) -> Change:
    """Return a change of a JSON file."""

    def change(folder: Path) -> None:
        file = folder / name
        data = json.loads(file.read_text()) if file.exists() else {}
        file.write_text(json.dumps(data | values))

    return change


def module(kind: str, *, first: bool = False, **config: Any) -> Change:
    """Return a change that adds a module to modules.json, or gives the first one another class."""

    def change(folder: Path) -> None:
        file = folder / "modules.json"
        entries = json.loads(file.read_text())
        if first:
            entries[0]["type"] = kind
        else:
            entries.append({"idx": len(entries), "name": str(len(entries)), "path": "9_Own", "type": kind})
            (folder / "9_Own").mkdir()
            (folder / "9_Own/config.json").write_text(json.dumps(config))
            save_file({"linear.weight": torch.eye(32)}, folder / "9_Own/model.safetensors")
        file.write_text(json.dumps(entries))

    return change


def dense(activation: str) -> Change:
    """Return a change that adds a dense layer with an activation function."""
    sizes = {"in_features": 32, "out_features": 32, "bias": False}
    return module("sentence_transformers.models.Dense", activation_function=activation, **sizes)


IN_ANY_FOLDER: dict[str, Change] = {
    "the class of the model": edited("config.json", model_type="own", auto_map=AUTO),
    "the class, in another repository": edited(
        "config.json", model_type="own", auto_map={key: f"a/b--{value}" for key, value in AUTO.items()}
    ),
    "the tokenizer": edited(
        "tokenizer_config.json", **TOKENIZER, auto_map={"AutoTokenizer": ["own.OwnTokenizer", "own.OwnTokenizer"]}
    ),
    "the tokenizer, an early form": edited("tokenizer_config.json", **TOKENIZER, auto_map=["own.OwnTokenizer", None]),
}
IN_MODULES: dict[str, Change] = {
    "a module": module("own.Own"),
    "the first module": module("own.Own", first=True),
    "a function as a module": module("os.system"),
    "an activation": dense("own.run"),
    "an installed function as an activation": dense("os.system"),
}
CASES = [(user, what) for user in USERS for what in IN_ANY_FOLDER]
CASES += [(user, what) for user in ("student", "modular", "late_interaction") for what in IN_MODULES]
# The architecture is known, so that its class in transformers is used, without the code in the folder.
IGNORED: dict[str, Change] = {
    "a class beside a known one": edited("config.json", auto_map=AUTO),
    "a tokenizer beside a known one": edited(
        "tokenizer_config.json", auto_map={"AutoTokenizer": ["own.OwnTokenizer"] * 2}
    ),
}


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A model for each user of models."""
    root = tmp_path_factory.mktemp("models")
    return {name: make(root / name) for name, (_, make) in USERS.items()}


@pytest.fixture
def marker(tmp_path: Path) -> Path:
    """The file that the code writes when it runs."""
    return tmp_path / "ran"


def changed(model: Path, change: Change, folder: Path, marker: Path) -> Path:
    """Copy a model and change the copy."""
    shutil.copytree(model, folder)
    (folder / "own.py").write_text(CODE.format(marker=str(marker)))
    change(folder)
    return folder


@pytest.mark.parametrize(("user", "what"), CASES)
def test_code_is_refused(user: str, what: str, models: dict[str, Path], tmp_path: Path, marker: Path) -> None:
    folder = changed(models[user], (IN_ANY_FOLDER | IN_MODULES)[what], tmp_path / "model", marker)
    with pytest.raises(
        UserError, match=f"^model {re.escape(str(folder))}: .*needs code of its own: .*trust_remote_code"
    ):
        USERS[user][0](folder)
    assert not marker.exists()


@pytest.mark.parametrize("what", IGNORED)
@pytest.mark.parametrize("user", USERS)
def test_code_is_ignored(user: str, what: str, models: dict[str, Path], tmp_path: Path, marker: Path) -> None:
    folder = changed(models[user], IGNORED[what], tmp_path / "model", marker)
    assert USERS[user][0](folder).tolist() == USERS[user][0](models[user]).tolist()
    assert not marker.exists()


@pytest.mark.parametrize("what", ["a module", "the class of the model"])
def test_the_code_would_run(what: str, models: dict[str, Path], tmp_path: Path, marker: Path) -> None:
    """The tests above test something: with permission, the code runs."""
    folder = changed(models["student"], (IN_ANY_FOLDER | IN_MODULES)[what], tmp_path / "model", marker)
    USERS["student"][0](folder, trust_remote_code=True)
    assert marker.exists()


@pytest.mark.parametrize("what", ["a module", "the first module"])
def test_sentence_transformers_refuses_modules_too(
    what: str, models: dict[str, Path], tmp_path: Path, marker: Path
) -> None:
    """The second line of defence, for which 6.0 is the lower bound in pyproject.toml."""
    folder = changed(models["student"], IN_MODULES[what], tmp_path / "model", marker)
    with pytest.raises(ValueError, match="trust_remote_code"):
        SentenceTransformer(str(folder), trust_remote_code=False, device="cpu")
    assert not marker.exists()
