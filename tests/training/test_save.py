"""Saving the trained student."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from sentence_transformers import SentenceTransformer
from transformers import AutoModel, AutoTokenizer

import tiny
from listill import tables
from listill.errors import UserError
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training.loop import Result
from listill.training.save import (
    corpora_table,
    history_table,
    kept,
    losses_table,
    save,
    temperatures,
    trained_weights,
    write,
)

TEXTS = [f"{row['title']} {row['text']}" for row in tiny.tiny_documents(12)]
ABOUT = tables.Provenance(
    "models/s/v",
    "f00d",
    {"c/corpus": "c1"},
    {
        "settings": {"recipe": Recipe(losses={"listwise": 1.0, "infonce": 0.1}).model_dump(mode="json")},
        "base_model": "org/base",
        "trained": {"human": 3, "lead": 20},
        "teacher_temperature": 0.15234,
    },
    corpus="c",
)


def trained(folder: Path, **options: object) -> Encoder:
    """Return an encoder whose weights differ from those of its folder."""
    encoder = Encoder(Student.model_validate({"model": str(folder), "precision": "fp32", **options}), trainable=True)
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in encoder.model.parameters():
            parameter += (0.1 * torch.randn(parameter.shape, generator=draw)).to(parameter.device)
    return encoder


def saved(encoder: Encoder, folder: Path) -> Path:
    save(encoder, folder, ABOUT, 0.25, Result([], best_step=7, best=0.5, kept="step"))
    return folder


def check(encoder: Encoder, folder: Path) -> SentenceTransformer:
    model = SentenceTransformer(str(folder), device=str(encoder.device))
    np.testing.assert_allclose(model.encode_document(TEXTS), encoder.encode(TEXTS, "document"), atol=1e-5)
    np.testing.assert_allclose(model.encode_query(TEXTS), encoder.encode(TEXTS, "query"), atol=1e-5)
    loaded = Encoder(Student(model=str(folder), precision="fp32"), folder)
    np.testing.assert_allclose(loaded.encode(TEXTS, "query"), encoder.encode(TEXTS, "query"), atol=1e-5)
    return model


def test_the_saved_model_gives_the_embeddings_of_the_encoder(tiny_model: Path, tmp_path: Path) -> None:
    encoder = trained(tiny_model)
    untrained = Encoder(Student(model=str(tiny_model), precision="fp32"))
    assert np.abs(untrained.encode(TEXTS, "query") - encoder.encode(TEXTS, "query")).max() > 0.01
    model = check(encoder, saved(encoder, tmp_path / "out"))
    assert model.prompts == tiny.PROMPTS
    assert model.max_seq_length == 64
    assert model.similarity_fn_name == "cosine"
    names = [
        "modules.json",
        "1_Pooling/config.json",
        "tokenizer.json",
        "model.safetensors",
        "listill.json",
        "README.md",
    ]
    assert all((tmp_path / "out" / name).is_file() for name in names)
    assert not list((tmp_path / "out").rglob("*.bin"))


def test_prompts_and_max_length_of_the_settings_are_saved(tmp_path: Path) -> None:
    plain = tiny.make_tiny_model(tmp_path / "plain", prompts=None)
    encoder = trained(plain, prompts={"query": "the old ", "document": "the "}, max_length=20)
    model = check(encoder, saved(encoder, tmp_path / "out"))
    assert model.prompts == {"query": "the old ", "document": "the "}
    assert model.max_seq_length == 20


@pytest.mark.parametrize(
    ("pooling", "normalize", "similarity"), [("cls", True, None), ("mean", False, "dot"), ("mean", False, "cosine")]
)
def test_pooling_and_similarity_are_saved(
    tmp_path: Path, pooling: str, normalize: bool, similarity: str | None
) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", pooling=pooling, normalize=normalize, similarity=similarity)
    encoder = trained(folder)
    out = saved(encoder, tmp_path / "out")
    model = SentenceTransformer(str(out), device=str(encoder.device))
    vectors = model.encode_document(TEXTS, normalize_embeddings=encoder.normalise)
    np.testing.assert_allclose(vectors, encoder.encode(TEXTS, "document"), atol=1e-5)
    assert model.similarity_fn_name == (similarity or "cosine")
    before, after = (json.loads((place / "1_Pooling" / "config.json").read_text()) for place in (folder, out))
    assert before == after


def test_known_prompts_and_pooling_of_a_plain_model_are_saved(tiny_model: Path, tmp_path: Path) -> None:
    """Prompts and pooling that are in no file of the base model are saved with the trained model."""
    plain = tmp_path / "e5-base-v2"
    AutoModel.from_pretrained(tiny_model).save_pretrained(plain)
    AutoTokenizer.from_pretrained(tiny_model).save_pretrained(plain)
    encoder = trained(plain)
    model = check(encoder, saved(encoder, tmp_path / "out"))
    assert model.prompts == {"query": "query: ", "document": "passage: "}
    assert [type(module).__name__ for module in model] == ["Transformer", "Pooling", "Normalize"]
    assert json.loads((tmp_path / "out" / "1_Pooling" / "config.json").read_text())["pooling_mode"] == "mean"


def test_model_card_and_provenance(tiny_model: Path, tmp_path: Path) -> None:
    out = saved(trained(tiny_model), tmp_path / "out")
    assert tables.provenance(out) == ABOUT
    card = (out / "README.md").read_text()
    for text in [
        "# models/s/v",
        "`org/base`",
        "3 human, 20 lead",
        "listwise 1, infonce 0.1",
        "student 0.03, teacher 0.152, infonce 0.05",
        "| trained weights | all |",
        "those of step 7",
        "`f00d`",
    ]:
        assert text in card
    assert "| 0.5000 (base: 0.2500) |" in card


@pytest.mark.parametrize(
    ("step", "weights", "text"),
    [
        (0, "step", "those of the base model: no step was better"),
        (7, "step", "those of step 7"),
        (7, "average", "the mean of the last measurements, up to step 7"),
        (7, "merge 0.25", "mixture: 25% of the best weights (step 7), 75% of the base model's"),
    ],
)
def test_description_of_the_kept_weights(step: int, weights: str, text: str) -> None:
    assert kept(Result([], best_step=step, best=0.5, kept=weights)) == text


def test_description_of_the_trained_weights() -> None:
    adapted = Recipe.model_validate({"lora": {"rank": 4}}).model_dump(mode="json")
    assert trained_weights(adapted) == "LoRA adapters of rank 4, merged into the weights"
    assert trained_weights(Recipe().model_dump(mode="json")) == "all"


def test_files_of_an_earlier_attempt_are_removed(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "half").write_text("")
    saved(trained(tiny_model), tmp_path / "out")
    assert not (tmp_path / "out" / "half").exists()


# --- tables -----------------------------------------------------------------------------------------------------------


def history(**losses: float) -> list[dict[str, Any]]:
    """Return a history of two steps and three measurements; the losses of step n are n times ``losses``."""
    rows: list[dict[str, Any]] = [{"step": 0, "epoch": 0.0, "split": "dev", "weights": "step", "nDCG@10": 0.25}]
    for step in (1, 2):
        done = {"step": step, "epoch": step / 2, "queries": 4 * step, "passages": 9 * step, "seconds": 0.5 * step}
        values = {name: step * value for name, value in losses.items()}
        rows.append({**done, "split": "train", "loss": sum(values.values()), "lr": 1e-4, "losses": values})
    return [*rows, *({**done, "split": "dev", "weights": name, "nDCG@10": 0.5} for name in ("step", "merge 0.5"))]


def result(**losses: float) -> Result:
    return Result(history(**losses), best_step=2, best=0.5, kept="step")


# The columns of history.parquet, which must not change.
COLUMNS = "step epoch split loss listwise contrastive lr seconds queries passages nDCG@10 margin_mse ranknet weights"


def test_columns_of_the_history() -> None:
    table = history_table(result(listwise=1.0, infonce=0.5))
    assert list(table.columns) == COLUMNS.split()
    assert table["split"].tolist() == ["dev", "train", "train", "dev", "dev"]
    trained = table[table["split"] == "train"]
    assert trained["contrastive"].tolist() == [0.5, 1.0]
    assert trained["listwise"].tolist() == [1.0, 2.0]
    assert trained["loss"].tolist() == [1.5, 3.0]
    assert trained[["margin_mse", "ranknet", "nDCG@10", "weights"]].isna().all(axis=None)
    measured = table[table["split"] == "dev"]
    assert measured["nDCG@10"].tolist() == [0.25, 0.5, 0.5]
    assert measured["weights"].tolist() == ["step", "step", "merge 0.5"]
    assert measured[["listwise", "contrastive", "loss", "lr"]].isna().all(axis=None)
    # Step 0 has no count of queries; the other counts are integers.
    assert table["queries"].tolist()[1:] == [4, 8, 8, 8]
    assert table["queries"].isna().tolist() == [True, False, False, False, False]


def test_losses_has_a_row_for_every_loss_and_step() -> None:
    table = losses_table(result(infonce=0.5, toy=3.0))
    assert table.to_numpy().tolist() == [[1, "infonce", 0.5], [1, "toy", 3.0], [2, "infonce", 1.0], [2, "toy", 6.0]]
    empty = losses_table(Result(history()[:1], 0, 0.25, "step"))
    assert empty.empty
    assert list(empty.columns) == ["step", "name", "value"]


@pytest.mark.parametrize("name", ["lr", "loss", "step", "split", "nDCG@10", "weights"])
def test_a_loss_with_the_name_of_a_column_does_not_overwrite_the_column(name: str) -> None:
    named, expected = result(listwise=1.0, **{name: 2.0}), result(listwise=1.0, toy=2.0)
    pd.testing.assert_frame_equal(history_table(named), history_table(expected))
    losses = losses_table(named)
    assert losses.loc[losses["name"] == name, ["step", "value"]].to_numpy().tolist() == [[1, 2.0], [2, 4.0]]


def test_a_loss_without_a_column_in_history_is_in_losses(tiny_model: Path, tmp_path: Path) -> None:
    out = tmp_path / "models" / "s" / "v"
    write(trained(tiny_model), result(infonce=0.5, toy=3.0), 0.25, ABOUT, out)
    table = tables.read(out / "history.parquet", "history")
    assert list(table.columns) == COLUMNS.split()
    assert table.query("split == 'train'")["contrastive"].tolist() == [0.5, 1.0]
    losses = tables.read(out / "losses.parquet", "losses")
    assert list(losses.columns) == ["step", "name", "value"]
    assert losses.query("name == 'toy'")[["step", "value"]].to_numpy().tolist() == [[1, 3.0], [2, 6.0]]
    assert losses.query("name == 'infonce'")["value"].tolist() == [0.5, 1.0]  # its present name
    for path in (out, out / "history.parquet", out / "losses.parquet"):
        assert tables.provenance(path) == ABOUT


TOY_LOSS = '''
"""The distance of each positive from similarity 1."""
TEMPERATURES = ()

def loss(step, similarity, temperatures):
    return 1 - similarity.gather(1, step.positive[:, None]).squeeze(1)
'''
TRAIN = """
import sys
from pathlib import Path
import tiny_training
from listill import tables
from listill.training.objective import use_temperature
from listill.training.save import write
model, out = map(Path, sys.argv[1:])
training = tiny_training.training(model, {"losses": {"toy": 2.0, "listwise": 1.0}, "epochs": 2})
assert not use_temperature({"toy": 2.0}, "teacher")
details = {"settings": {"recipe": training.recipe.model_dump(mode="json")}, "base_model": "m", "trained": {}}
write(training.encoder, training.run(base=0.0), 0.0, tables.Provenance("m", "f", {}, details), out)
"""


def test_a_loss_outside_the_package(tiny_model: Path, tmp_path: Path) -> None:
    """Its file is in $LISTILL_MEMBERS/losses. It needs a new process, since members are found when a process starts."""
    (tmp_path / "members" / "losses").mkdir(parents=True)
    (tmp_path / "members" / "losses" / "toy.py").write_text(TOY_LOSS)
    paths = os.pathsep.join([str(Path(tiny.__file__).parent), *sys.path])
    environment = {**os.environ, "PYTHONPATH": paths, "LISTILL_MEMBERS": str(tmp_path / "members")}
    out = tmp_path / "out"
    command = [sys.executable, "-c", TRAIN, str(tiny_model), str(out)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    table = tables.read(out / "history.parquet", "history")
    assert "toy" not in table.columns
    losses = tables.read(out / "losses.parquet", "losses").pivot(index="step", columns="name", values="value")
    trained = table[table["split"] == "train"].set_index("step")
    assert losses.index.tolist() == trained.index.tolist()
    assert len(losses) > 5
    np.testing.assert_allclose(trained["loss"], 2 * losses["toy"] + losses["listwise"], rtol=1e-5)
    np.testing.assert_allclose(trained["listwise"], losses["listwise"])
    assert losses["toy"].between(0, 2).all()
    assert losses["toy"].iloc[-3:].mean() < losses["toy"].iloc[:3].mean()
    assert "toy 2, listwise 1" in (out / "README.md").read_text()


def test_the_model_folder_is_written_atomically(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, encoder = tmp_path / "v", trained(tiny_model)
    write(encoder, result(listwise=1.0), 0.25, ABOUT, out)
    (out / "old").write_text("")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(tables, "write", full)
        with pytest.raises(UserError, match="v: cannot be written: No space left"):
            write(encoder, result(listwise=2.0), 0.25, ABOUT, out)
    assert [path.name for path in tmp_path.iterdir()] == ["v"]
    assert (out / "old").exists()
    assert tables.read(out / "history.parquet", "history")["listwise"].dropna().tolist() == [1.0, 2.0]
    # The temporary folder of a process that has ended is removed; the earlier version is replaced.
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    (tmp_path / f".v.{ended.pid}.tmp").mkdir()
    write(encoder, result(listwise=2.0), 0.25, ABOUT, out)
    assert [path.name for path in tmp_path.iterdir()] == ["v"]
    assert not (out / "old").exists()
    assert tables.read(out / "history.parquet", "history")["listwise"].dropna().tolist() == [2.0, 4.0]


# --- joint trainings --------------------------------------------------------------------------------------------------


def test_a_joint_training_says_what_it_was_trained_on(tiny_model: Path, tmp_path: Path) -> None:
    corpora = {"one": {"trained": {"lead": 3}, "teacher_temperature": 0.25}, "two": {"trained": {"lead": 20}}}
    details = {key: value for key, value in ABOUT.details.items() if key != "teacher_temperature"}
    about = tables.Provenance("joint/s/both", "f00d", {}, details | {"corpora": corpora})
    rows = history(listwise=1.0)
    for row, name in zip(rows, ("one", "two", "one", "two", "two"), strict=True):
        row["corpora"] = {name: row.get("loss", row.get("nDCG@10"))}
    write(trained(tiny_model), Result(rows, 2, 0.5, "step"), 0.25, about, tmp_path / "out")
    card = (tmp_path / "out" / "README.md").read_text()
    assert "A dense retriever for 2 corpora (one, two), trained" in card
    assert temperatures(about.details) == {"student": 0.03, "infonce": 0.05, "teacher on one": 0.25}
    table = tables.read(tmp_path / "out" / "corpora.parquet", "corpora")
    assert table["corpus"].tolist() == ["one", "two", "one", "two", "two"]
    assert table["value"].tolist() == [0.25, 1.0, 2.0, 0.5, 0.5]
    assert table["split"].tolist() == ["dev", "train", "train", "dev", "dev"]
    assert table["weights"].fillna("").tolist() == ["step", "", "", "step", "merge 0.5"]
    assert list(tables.read(tmp_path / "out" / "history.parquet", "history").columns) == COLUMNS.split()


def test_a_training_on_one_corpus_has_no_table_of_corpora(tiny_model: Path, tmp_path: Path) -> None:
    write(trained(tiny_model), result(listwise=1.0), 0.25, ABOUT, tmp_path / "out")
    assert not (tmp_path / "out" / "corpora.parquet").exists()
    assert corpora_table(result(listwise=1.0)).empty


def test_all_files_are_readable_by_those_who_may_read_new_files(tiny_model: Path, tmp_path: Path) -> None:
    """safetensors gives only the owner access to weights."""
    (tmp_path / "usual").touch()
    usual = (tmp_path / "usual").stat().st_mode & 0o777
    out = tmp_path / "models" / "s" / "v"
    write(trained(tiny_model), result(infonce=0.5), 0.25, ABOUT, out)
    modes = {path.name: path.stat().st_mode & 0o777 for path in out.rglob("*") if path.is_file()}
    assert modes["model.safetensors"] == usual
    assert set(modes.values()) == {usual}
