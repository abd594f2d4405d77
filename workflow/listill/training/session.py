"""A training from its loaded corpora to the weights that are kept, in one or several processes."""

import logging
from collections.abc import Sequence
from pathlib import Path

from listill.checksums import remove
from listill.retrieval.encoder import Encoder
from listill.settings.joint import ALTERNATE, Turns
from listill.settings.training import Recipe
from listill.training import allocator
from listill.training.decision import Decision, decide
from listill.training.elsewhere import Other
from listill.training.loop import Training
from listill.training.parts import Loaded
from listill.training.processes import Processes
from listill.training.selection import mean

log = logging.getLogger("listill")


def begin() -> Processes:
    """Prepare this process for a training; only the first of several processes logs more than warnings."""
    allocator.keep_freed()
    processes = Processes()
    if not processes.first:
        log.setLevel(logging.WARNING)
    return processes


def train(
    encoder: Encoder,
    corpora: Sequence[Loaded],
    recipe: Recipe,
    seed: int,
    work: Path | None,
    out: Path,
    processes: Processes,
    turns: Turns = ALTERNATE,
    others: Sequence[Other] = (),
) -> Decision | None:
    """Train ``encoder`` on ``corpora`` and decide about its weights; None in all processes but the first.

    Weights that lose more than is accepted on ``others`` are not kept.

    ``work`` is the folder for checkpoints and parts, which only the first process has to give. ``out`` is the folder
    that the model will have: an earlier version of it is removed, and the training curves are written beside it.
    """
    folder = processes.agree(work)
    if processes.first:
        remove(out)
    curves = out.with_name(f"{out.name}.tensorboard")
    parts = [corpus.part for corpus in corpora]
    training = Training(encoder, parts, recipe, seed, folder, curves, processes, turns, others)
    bases = [corpus.base for corpus in corpora]
    result = training.run(mean(bases), bases)
    wholes = [corpus.whole for corpus in corpora]
    return decide(encoder, result, wholes, folder, recipe.selection.base) if processes.first else None
