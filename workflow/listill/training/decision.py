"""Decide on the whole corpus whether the best weights are better than the base model; otherwise keep the base model."""

import dataclasses
import logging
from pathlib import Path
from typing import Any

import numpy as np

from listill.measure_names import SELECTION
from listill.retrieval import embeddings as vectors
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import NotFinite
from listill.training.loop import Result
from listill.training.selection import Selector

log = logging.getLogger("listill")


@dataclasses.dataclass(frozen=True)
class Decision:
    """The weights that are kept: the result of the training, or the base model if no weights were better.

    ``base`` and ``result.best`` are dev measures on the whole corpus. ``embeddings`` [documents, d] are those of the
    kept model.
    """

    result: Result
    base: float
    embeddings: np.ndarray

    def summary(self) -> dict[str, Any]:
        """Return the entries of the decision in the provenance."""
        return {"best_step": self.result.best_step, "kept": self.result.kept}


def decide(
    encoder: Encoder,
    result: Result,
    whole: Selector,
    base: float,
    base_embeddings: np.ndarray,
    work: Path,
    base_is_candidate: bool = True,
) -> Decision:
    """Compare the best weights, which ``encoder`` has, with the base model; afterwards, it has the weights that are kept.

    ``whole`` measures on all dev queries against the whole corpus, where the base model reaches ``base``.
    ``base_embeddings`` [documents, d] are those of the base model. Unless the training has measured the best weights on
    the whole corpus, it is encoded in parts, which are kept in ``work`` until the training has ended. Unless
    ``base_is_candidate``, the best weights are kept even if they are worse.
    """
    assert whole.tokens is not None
    history = [*result.history, {"step": 0, "epoch": 0.0, "split": "decision", "weights": "step", SELECTION: base}]
    reason = "no step was better"
    if result.best_step > 0:
        embeddings = result.embeddings if whole.fixed is None else whole.fixed
        try:
            if embeddings is None or len(embeddings) < len(whole.collection):  # measured on a part of the corpus
                parts = vectors.encode_parts(encoder, whole.tokens[1], work, "encode with the best weights")
                embeddings = np.concatenate(list(parts))
            trained = whole.measure(encoder, embeddings)
        except NotFinite:  # for a document that the training has not measured
            trained, base_is_candidate = 0.0, True
        row = {"step": result.best_step, "split": "decision", "weights": result.kept, SELECTION: trained}
        history.append(row)
        if trained > base or not base_is_candidate:
            assert embeddings is not None
            message = "train: kept step %d, dev %s %.4f (base %.4f)"
            if trained <= base:
                message += ": training did not help, but selection.base is false"
            log.info(message, result.best_step, SELECTION, trained, base)
            return Decision(dataclasses.replace(result, history=history, best=trained), base, embeddings)
        reason = f"on the whole corpus, step {result.best_step} has only {trained:.4f}"
    log.warning("train: training did not help: the base model is kept (dev %s %.4f; %s)", SELECTION, base, reason)
    encoder.model.load_state_dict(result.untrained)
    kept = dataclasses.replace(result, history=history, best=base, best_step=0, kept="step")
    return Decision(kept, base, base_embeddings)
