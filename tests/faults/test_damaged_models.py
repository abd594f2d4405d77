"""Models whose folders are damaged: refused in one line, and never used with other weights."""

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

import damages
import tiny_rerankers
import tiny_training
from listill.errors import UserError
from listill.models import checkpoint
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.tables import Provenance
from listill.training.save import write
from plain_rerankers import member

Weights = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def trained(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a trained student, as the stage train writes it."""
    training = tiny_training.training(tiny_model, {"epochs": 1})
    result, _ = tiny_training.final(training)
    recipe = training.recipe.model_dump(mode="json")
    details = {"settings": {"recipe": recipe}, "base_model": "tiny", "trained": {"human": tiny_training.SIZE}}
    folder = tmp_path_factory.mktemp("trained") / "listwise"
    write(training.encoder, result, 0.0, Provenance("models/tiny/listwise", "f", {}, details, "c"), folder)
    return folder


@pytest.fixture
def copy(trained: Path, tmp_path: Path) -> Path:
    """A copy of this folder."""
    return Path(shutil.copytree(trained, tmp_path / "model"))


def vectors(folder: Path) -> list[list[float]]:
    """Return the embeddings of two texts by a model folder."""
    encoder = Encoder(Student(model=str(folder), precision="fp32"), folder)
    return encoder.encode(["a volcano", "the quiet harbour of the library"], "query").tolist()


def files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


@pytest.mark.parametrize("flips", [1, pytest.param(60, marks=pytest.mark.slow)])
def test_a_damaged_file_of_a_trained_model(copy: Path, flips: int) -> None:
    expected, draw, tried = vectors(copy), random.Random(0), 0
    for path in files(copy):
        content = path.read_bytes()
        for damage in damages.damages(content, draw, flips):
            damage.put(path)
            found = damages.outcome(lambda: vectors(copy), expected)
            unread = path.name in ("README.md", "SHA256SUMS")
            assert found in ("refused", "equal") if unread else found == "refused", (path.name, damage.kind, found)
            tried += 1
        damages.Damage("none", content).put(path)
    assert vectors(copy) == expected
    print(tried)


def test_the_message_names_the_file_and_the_fix(copy: Path) -> None:
    content = (copy / "model.safetensors").read_bytes()
    (copy / "model.safetensors").write_bytes(damages.changed(content, len(content) - 9, b"\1"))
    with pytest.raises(UserError) as caught:
        vectors(copy)
    expected = f"model {copy}: model.safetensors has been changed since it was trained: delete the folder and run again"
    assert str(caught.value) == expected


def test_a_model_card_may_be_edited(copy: Path) -> None:
    expected = vectors(copy)
    (copy / "README.md").write_text("My model.")
    (copy / "notes.txt").write_text("mine")
    assert vectors(copy) == expected


def without(name: str) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        del weights[next(key for key in weights if name in key)]

    return change


def with_value(value: float) -> Callable[[Weights], None]:
    def change(weights: Weights) -> None:
        next(weight for name, weight in weights.items() if "layer.1" in name).view(-1)[3] = value

    return change


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (with_value(float("nan")), "its weights .* are not finite numbers; download or train the model again"),
        (with_value(float("inf")), "its weights .* are not finite numbers; download or train the model again"),
        (without("layer.1.attention"), "its weights lack .*, which would be initialised randomly; download the model"),
        (without("word_embeddings"), "its weights lack .*, which would be initialised randomly; download the model"),
    ],
)
@pytest.mark.parametrize("plain", [False, True])
def test_weights_of_a_base_model(
    tiny_model: Path, tmp_path: Path, plain: bool, change: Callable[[Weights], None], message: str
) -> None:
    """A model that listill has not written: with modules, or a plain transformer."""
    folder = Path(shutil.copytree(tiny_model, tmp_path / "base"))
    if plain:
        (folder / "modules.json").unlink()
    weights = load_file(folder / "model.safetensors")
    change(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    student = Student(model=str(folder), precision="fp32", pooling="mean" if plain else None)
    with pytest.raises(UserError, match=message):
        Encoder(student)


@pytest.mark.parametrize("kind", ["student", "cross_encoder"])
def test_a_damaged_file_of_a_base_model(kind: str, tiny_model: Path, tmp_path: Path) -> None:
    """Its content is not known, but what cannot be loaded is one line."""
    if kind == "student":
        folder = Path(shutil.copytree(tiny_model, tmp_path / "base"))
        load: Callable[[], object] = lambda: Encoder(Student(model=str(folder), precision="fp32"))  # noqa: E731
    else:
        folder = tiny_rerankers.bert_classifier(tmp_path / "base")
        teacher = member(kind=kind, model=str(folder), precision="fp32", max_length=128)
        load = lambda: (checkpoint.inspect(teacher), checkpoint.load(teacher))  # noqa: E731
    load()
    for path in files(folder):
        content = path.read_bytes()
        for damage in damages.damages(content, random.Random(0), 4):
            damage.put(path)
            found = damages.outcome(load, None)
            assert found in ("refused", "other values"), (path.name, damage.kind, found)
        damages.Damage("none", content).put(path)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_of_a_teacher(tmp_path: Path, value: float) -> None:
    folder = tiny_rerankers.bert_classifier(tmp_path / "base")
    weights = load_file(folder / "model.safetensors")
    with_value(value)(weights)
    save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
    with pytest.raises(UserError, match=r"its weights .* are not finite numbers; download or train the model again"):
        checkpoint.load(member(kind="cross_encoder", model=str(folder), precision="fp32", max_length=128))
