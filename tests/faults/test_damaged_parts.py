"""Finished parts and checkpoints, damaged in many ways: named in the log and made again, with equal results."""

import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import damages
import tiny
import tiny_training
from listill import tables
from listill.errors import UserError
from listill.queries.answers import Answer, AnswerFile
from listill.retrieval import embeddings, stored_tokens
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import NotFinite
from listill.retrieval.tokens import Tokens
from listill.settings.students import Student
from listill.stages import encode
from listill.stages.job import Job
from listill.teachers.store import ScoreStore
from listill.training.batches import Step
from listill.training.state import State

FLIPS = pytest.mark.parametrize("flips", [5, pytest.param(400, marks=pytest.mark.slow)])


class Rows:
    """An encoder without a model: the embedding of a text is made of its tokens. It counts its calls."""

    calls = 0
    value = 1.0

    def encode(self, tokens: Tokens, kind: str, label: str) -> np.ndarray:
        self.calls += 1
        return np.array([[tokens[i][0], self.value, 0.5] for i in range(len(tokens))], dtype=np.float32)


def test_embeddings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(embeddings, "PART", 4)
    tokens = Tokens.of([np.array([i]) for i in range(10)], 0)
    encoder: Any = Rows()

    def encoded() -> list[list[float]]:
        return np.concatenate(list(embeddings.encode_parts(encoder, tokens, tmp_path, ""))).tolist()

    expected, path = encoded(), tmp_path / "4.npy"
    content = path.read_bytes()
    assert encoded() == expected
    assert encoder.calls == 3
    for number, damage in enumerate(damages.damages(content, random.Random(0), 200), start=1):
        damage.put(path)
        assert encoded() == expected, damage.kind
        assert encoder.calls == 3 + number  # only the damaged part was made again
        assert path.read_bytes() == content
        assert caplog.messages == [f"{path}: this file is damaged and is removed; it is made again"]
        caplog.clear()


def test_embeddings_that_are_not_finite_are_not_kept(tmp_path: Path) -> None:
    encoder: Any = Rows()
    encoder.value = float("nan")
    with pytest.raises(NotFinite, match="an embedding is not a number"):
        list(embeddings.encode_parts(encoder, Tokens.of([np.array([1])], 0), tmp_path, ""))
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def checkpoint(tiny_model: Path, tmp_path: Path) -> Path:
    """The checkpoint of a training after 20 of 25 steps."""
    training = tiny_training.training(tiny_model, {}, tmp_path)
    advance = training.advance

    def advance_or_stop(state: State, step: Step) -> float:
        if state.step == 20:
            raise InterruptedError
        return advance(state, step)

    training.advance = advance_or_stop  # type: ignore[method-assign]
    with pytest.raises(InterruptedError):
        training.run(base=0.0)
    return tmp_path / "checkpoint.pt"


def wrong_step(checkpoint: Path) -> damages.Damage:
    """Return a checkpoint that says it was written after another step, as a script may have changed it."""
    content = torch.load(checkpoint, weights_only=True)
    content["state"]["step"] = 4
    torch.save(content, checkpoint.with_name("other.pt"))
    return damages.Damage("wrong step", checkpoint.with_name("other.pt").read_bytes())


@FLIPS
def test_checkpoints(tiny_model: Path, checkpoint: Path, flips: int, caplog: pytest.LogCaptureFixture) -> None:
    """A damaged one counts as missing. The fast part looks at a training of each kind of damage."""
    result, weights = tiny_training.final(tiny_training.training(tiny_model, {}))
    expected = tiny_training.untimed(result)
    content, kinds = checkpoint.read_bytes(), set()
    for damage in [wrong_step(checkpoint), *damages.damages(content, random.Random(0), flips)]:
        if damage.kind in kinds and flips < 10:
            continue
        kinds.add(damage.kind)
        damage.put(checkpoint)
        caplog.clear()
        training = tiny_training.training(tiny_model, {}, checkpoint.parent)
        if flips > 10:
            assert training._begin(0.0, ()).step == 0
        else:
            result, made = tiny_training.final(training)
            assert tiny_training.untimed(result) == expected
            assert all(torch.equal(made[name], weights[name]) for name in weights)
        assert f"{checkpoint}: this file is damaged and is removed; it is made again" in caplog.messages
    damages.Damage("none", content).put(checkpoint)
    assert tiny_training.training(tiny_model, {}, checkpoint.parent)._begin(0.0, ()).step == 20


def test_a_gradient_that_is_not_finite_stops_the_training(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    training = tiny_training.training(tiny_model, {})
    backward = training.engine.backward

    def broken(*arguments: Any) -> Any:
        value = backward(*arguments)
        next(training.encoder.model.parameters()).grad[0] = float("nan")  # type: ignore[index]
        return value

    monkeypatch.setattr(training.engine, "backward", broken)
    with pytest.raises(UserError, match=r"step 1: the gradient is not a number \(queries .*\): lower training\."):
        training.run(base=0.0)
    assert all(torch.isfinite(weight).all() for weight in training.encoder.model.state_dict().values())


@FLIPS
def test_answers(tmp_path: Path, flips: int, caplog: pytest.LogCaptureFixture) -> None:
    path = tmp_path / "answers.jsonl"
    batches = [[Answer(f"q{i}", f"wörd {i}", "stop", i), Answer(f"r{i}", "x", None)] for i in range(5)]
    with AnswerFile(path) as file:
        for batch in batches:
            file.add(batch)
    content = path.read_bytes()
    whole = {answer.query_id: answer for batch in batches for answer in batch}
    for damage in damages.damages(content, random.Random(0), 20 * flips):
        damage.put(path)
        caplog.clear()
        with AnswerFile(path) as file:
            kept = dict(file.answers)
            for batch in batches:
                if batch[0].query_id not in kept:
                    file.add(batch)
        assert kept.items() <= whole.items(), damage.kind
        # A damaged end of a line makes one line of two.
        assert len(kept) >= 6 or damage.kind not in ("bit", "byte"), damage.kind
        # A batch that is cut off is what a killed process leaves.
        assert caplog.messages or damage.kind in ("empty", "truncated"), damage.kind
        with AnswerFile(path) as file:
            assert file.answers == whole


@FLIPS
def test_stored_scores(tmp_path: Path, flips: int) -> None:
    keys = np.sort(np.random.default_rng(0).integers(0, 2**64, (2, 20), dtype=np.uint64))
    scores = np.linspace(-1, 1, 20, dtype=np.float32)
    store = ScoreStore(tmp_path, {"teacher": "t"})
    store.add(keys, scores)
    (path,) = tmp_path.glob("*/*.scores")
    content = path.read_bytes()
    for damage in damages.damages(content, random.Random(0), 20 * flips):
        damage.put(path)
        assert np.isnan(store.find(keys)).all(), damage.kind
        assert not path.exists()
        store.add(keys, scores)
        assert path.read_bytes() == content
        np.testing.assert_array_equal(store.find(keys), scores)


@pytest.mark.parametrize("place", ["", "about.json"])
def test_a_store_with_something_else_in_its_place(tmp_path: Path, place: str) -> None:
    keys = np.array([[1], [2]], dtype=np.uint64)
    store = ScoreStore(tmp_path, {"teacher": "t"})
    path = store.folder / place
    path.parent.mkdir(parents=True, exist_ok=True)
    path.mkdir() if place else path.write_text("x")
    assert np.isnan(store.find(keys)).all()
    store.add(keys, np.ones(1, dtype=np.float32))
    assert store.find(keys).tolist() == [1]


def killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_parts_stay_until_all_files_of_a_stage_are_written(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of encode that is stopped between the embeddings and the tokens: the next one encodes nothing."""
    monkeypatch.setattr(embeddings, "PART", 8)
    rows = tiny.tiny_documents(20)
    columns = {"doc_id": "_id", "title": "title", "text": "text"}
    data: dict[str, list[Any]] = {column: [row[key] for row in rows] for column, key in columns.items()}
    corpus, out, tokens = (tmp_path / f"{name}.parquet" for name in ("corpus", "out", "tokens"))
    tables.write(corpus, "corpus", {**data, "duplicate_of": [None] * 20}, tables.Provenance("corpus", "c", corpus="c"))
    settings = encode.EncodeStage(system="s", student=Student(model=str(tiny_model), precision="fp32"))

    def run() -> None:
        encode.run(settings, Job("encode", "s", {}, settings, 1, "c"), corpus, out, tokens_out=tokens)

    with monkeypatch.context() as patch:
        patch.setattr(stored_tokens, "in_parts", killed)
        with pytest.raises(KeyboardInterrupt):
            run()
    assert len(list(tmp_path.glob(".work/encode-s/*.npy"))) == 3
    out.unlink()  # as Snakemake does

    def refuse(*_: object) -> None:
        raise AssertionError("a finished part was made again")

    monkeypatch.setattr(Encoder, "encode", refuse)
    run()
    assert out.exists()
    assert tokens.exists()
    assert not (tmp_path / ".work").exists()
