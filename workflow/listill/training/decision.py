"""Decide on the whole corpus whether the best weights are better than the base model; otherwise keep the base model."""

import dataclasses
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from listill.measure_names import SELECTION
from listill.retrieval import embeddings as vectors
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import NotFinite
from listill.training.loop import Result
from listill.training.parts import Whole
from listill.training.selection import mean

log = logging.getLogger("listill")


@dataclasses.dataclass(frozen=True)
class Decision:
    """The weights that are kept: the result of the training, or the base model if no weights were better.

    ``base`` and ``result.best`` are dev measures on the whole corpus, or their mean over several corpora.
    ``embeddings`` [documents, d] are those of each corpus by the kept model.
    """

    result: Result
    base: float
    embeddings: list[np.ndarray]

    def summary(self) -> dict[str, Any]:
        """Return the entries of the decision in the provenance."""
        return {"best_step": self.result.best_step, "kept": self.result.kept}


def decide(
    encoder: Encoder, result: Result, wholes: Sequence[Whole], work: Path, base_is_candidate: bool = True
) -> Decision:
    """Compare the best weights, which ``encoder`` has, with the base model; afterwards, it has the weights that are kept.

    Unless the training has measured the best weights on a whole corpus, it is encoded in parts, which are kept in
    ``work`` until the training has ended. Unless ``base_is_candidate``, the best weights are kept even if they are worse.
    """
    base = mean([whole.base for whole in wholes])
    history = [*result.history, {"step": 0, "epoch": 0.0} | _row("step", wholes, [whole.base for whole in wholes])]
    reason = "no step was better"
    if result.best_step > 0:
        embeddings: list[np.ndarray] = []
        measures = [0.0] * len(wholes)
        try:
            for number, whole in enumerate(wholes):
                known = None if result.embeddings is None else result.embeddings[number]
                embeddings.append(_embeddings(encoder, whole, known, work))
                measures[number] = whole.selector.measure(encoder, embeddings[number])
        except NotFinite:  # for a document that the training has not measured
            measures, base_is_candidate = [0.0] * len(wholes), True
        trained = mean(measures)
        history.append({"step": result.best_step} | _row(result.kept, wholes, measures))
        if trained > base or not base_is_candidate:
            message = "train: kept step %d, dev %s %.4f (base %.4f)"
            if trained <= base:
                message += ": training did not help, but selection.base is false"
            log.info(message, result.best_step, SELECTION, trained, base)
            return Decision(dataclasses.replace(result, history=history, best=trained), base, embeddings)
        reason = f"on the whole corpus, step {result.best_step} has only {trained:.4f}"
    log.warning("train: training did not help: the base model is kept (dev %s %.4f; %s)", SELECTION, base, reason)
    encoder.model.load_state_dict(result.untrained)
    kept = dataclasses.replace(result, history=history, best=base, best_step=0, kept="step")
    return Decision(kept, base, [whole.embeddings for whole in wholes])


def _row(weights: str, wholes: Sequence[Whole], measures: Sequence[float]) -> dict[str, Any]:
    """Return the row of the history with the measures of some weights on the whole corpora."""
    by_corpus = {whole.name: one for whole, one in zip(wholes, measures, strict=True)}
    return {"split": "decision", "weights": weights, SELECTION: mean(measures), "corpora": by_corpus}


def _embeddings(encoder: Encoder, whole: Whole, known: np.ndarray | None, work: Path) -> np.ndarray:
    """Return the embeddings of a whole corpus by the best weights; ``known`` are those of the documents measured last."""
    if whole.selector.fixed is not None:
        return whole.selector.fixed
    if known is not None and len(known) == len(whole.selector.collection):
        return known
    assert whole.selector.tokens is not None
    label = "encode with the best weights"
    folder = work / f"corpus-{whole.name}" if whole.name else work
    return vectors.encode(encoder, whole.selector.tokens[1], folder, label)
