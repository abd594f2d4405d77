"""A training from its loaded corpora to the decision."""

import logging
from pathlib import Path

import numpy as np

import tiny_training
from listill.measure_names import SELECTION
from listill.training import session
from listill.training.parts import Loaded, Whole


def test_a_training_and_its_decision(tiny_model: Path, tmp_path: Path) -> None:
    training = tiny_training.training(tiny_model, {"selection": {"evaluations": 1, "base": False}}, sizes=[9, 5])
    encoder, loaded = training.encoder, []
    for part in training.parts:
        base = part.selector.measure(encoder)
        assert part.selector.measured is not None
        loaded.append(Loaded(part, base, Whole(part.selector, base, part.selector.measured, part.name)))
    out, work = tmp_path / "out", tmp_path / "work"
    out.mkdir()
    work.mkdir()
    (out / "model.safetensors").write_text("of an earlier version")
    processes = session.begin()
    assert logging.getLogger("listill").level != logging.WARNING
    decision = session.train(encoder, loaded, training.recipe, 3, work, out, processes)
    assert decision is not None
    assert not out.exists()
    assert (work / "checkpoint.pt").exists()
    assert decision.base == np.mean([one.base for one in loaded])
    last = decision.result.history[-1]
    assert (last["split"], last[SELECTION]) == ("decision", decision.result.best)
    assert list(last["corpora"]) == ["c0", "c1"]
    for one, embeddings in zip(loaded, decision.embeddings, strict=True):
        assert one.whole.selector.measure(encoder, embeddings) == last["corpora"][one.part.name]
