"""The training loop: steps, measurements, checkpoints, and what is kept in the end."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from listill.errors import UserError
from listill.measure_names import SELECTION
from listill.progress import Progress
from listill.retrieval.encoder import Encoder
from listill.retrieval.tokens import Tokens
from listill.settings.training import Recipe
from listill.training import batches
from listill.training.curves import Curves
from listill.training.engine import Engine
from listill.training.examples import Examples
from listill.training.objective import weighted
from listill.training.processes import Processes
from listill.training.schedule import optimiser, rate, set_dropout
from listill.training.selection import Selector
from listill.training.state import State, Stop, mixture, stoppable, weights

log = logging.getLogger("listill")

# GB that the intermediate values of a step may take on CPU (on a GPU: half of its memory).
MEMORY = 2.0
# Shares of the trained weights in the mixtures with the base's.
MIXTURES = (0.25, 0.5, 0.75)


@dataclass
class Result:
    """The history; the best measure, its step (0: the base model), and which weights these are."""

    history: list[dict[str, Any]]
    best_step: int
    best: float
    kept: str

    def summary(self, base: float) -> dict[str, Any]:
        """Return what the provenance says of the result, and log it; ``base`` is the measure of the untrained model."""
        if self.best_step == 0:
            log.warning("train: no step was better than the base model on dev queries: the base model is kept")
        log.info("train: kept step %d, dev %s %.4f (base %.4f)", self.best_step, SELECTION, self.best, base)
        return {"best_step": self.best_step, "kept": self.kept}


class Training:
    """One training of ``encoder``: what all steps need.

    ``read`` are the tokens of the examples' queries and texts, ``work`` a folder for checkpoints, ``curves`` one for
    TensorBoard.
    """

    def __init__(
        self,
        encoder: Encoder,
        examples: Examples,
        read: tuple[Tokens, Tokens],
        recipe: Recipe,
        selector: Selector,
        seed: int,
        work: Path | None = None,
        curves: Path | None = None,
        processes: Processes | None = None,
    ) -> None:
        self.encoder, self.examples, self.recipe, self.selector, self.seed = encoder, examples, recipe, selector, seed
        if recipe.dropout and encoder.unpadded:
            encoder.pad()  # that attention has no dropout
        self.queries = read[0].cut(recipe.query_length or encoder.max_length)
        self.texts = read[1].cut(recipe.max_length or encoder.max_length)
        self.steps = batches.order(len(examples), recipe.epochs, recipe.batch, seed)
        self.processes = processes or Processes()
        self.engine = Engine(encoder, memory(recipe, encoder.device), self.processes)
        self.adam = optimiser(encoder.model, recipe)
        self.checkpoint = work / "checkpoint.pt" if work else None
        self.curves = Curves(curves if recipe.tensorboard and self.processes.first else None)
        evaluations = recipe.selection.evaluations
        self.measured = {round(len(self.steps) * (i + 1) / evaluations) for i in range(evaluations)}

    def run(self, base: float) -> Result:
        """Train from the start, or from the last checkpoint; ``base`` is the measure of the untrained model.

        The model ends with the best weights. Asked to stop, it writes a checkpoint and raises SystemExit.
        """
        model = self.encoder.model
        untrained = weights(model)
        state = self._begin(base)
        self._introduce(base)
        model_mode = model.training
        set_dropout(model, self.recipe.dropout)
        with stoppable() as stop, Progress(sum(map(len, self.steps)), "train", "queries") as progress:
            progress.add(sum(map(len, self.steps[: state.step])))
            while state.step < len(self.steps) and not state.stopped:
                loss = self.advance(state)
                speed = state.history[-1]["passages"] / state.seconds
                progress.add(len(self.steps[state.step - 1]), f"loss {loss:.3f}, {speed:.0f} passages/s")
                due = state.step in self.measured
                if due:
                    self._measure(state)
                self._keep(state, stop, due or state.step % self.recipe.checkpoint == 0)
        model.train(model_mode)
        if self.recipe.selection.average:
            self._consider(state, "average", mixture([(1 / len(state.recent), own) for own in state.recent]))
        if self.recipe.selection.merge != "no" and state.best_step > 0:
            best = state.best_weights
            for share in MIXTURES:
                mixed = mixture([(1 - share, untrained), (share, best)])
                self._consider(state, f"merge {share:g}", mixed, eligible=self.recipe.selection.merge == "use")
        model.load_state_dict(state.best_weights)
        self.curves.close()
        return Result(state.history, state.best_step, state.best, state.kept)

    def _begin(self, base: float) -> State:
        if self.checkpoint and self.checkpoint.exists():
            state = State.load(self.checkpoint, self.encoder.model, self.adam)
            self.engine.bytes_per_token = state.bytes_per_token
            log.info("train: goes on after step %d of %d", state.step, len(self.steps))
            return state
        state = State(best=base, best_weights=weights(self.encoder.model))
        state.history.append({"step": 0, "epoch": 0.0, "split": "dev", "weights": "step", SELECTION: base})
        return state

    def _introduce(self, base: float) -> None:
        log.info(
            "train: %d lists, %d distinct passages of %.0f tokens on average, %d steps of %d queries; %s of the base on %d "
            "dev queries and %d documents: %.4f",
            *(
                len(self.examples),
                len(self.texts),
                self.texts.lengths.mean(),
                len(self.steps),
                self.recipe.batch,
                SELECTION,
            ),
            *(len(self.selector.queries), len(self.selector.collection), base),
        )

    def advance(self, state: State) -> float:
        """Take one optimiser step, note it, and return its loss."""
        recipe, start = self.recipe, time.monotonic()
        queries = self.steps[state.step]
        learning_rate = recipe.learning_rate * rate(state.step, len(self.steps), recipe.warmup, recipe.floor)
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        torch.manual_seed(hash((self.seed, state.step, self.processes.rank)) % 2**63)
        step = batches.collate(self.examples, queries, recipe.negatives, self.encoder.device)
        value = self.engine.backward(
            *(self.queries, queries, self.texts, step.texts),
            lambda similarity: weighted(step, similarity, recipe.losses, recipe.temperatures),
        )
        if not np.isfinite(value.loss):
            names = ", ".join(self.examples.query_ids[q] for q in queries[:3])
            raise UserError(
                f"step {state.step + 1}: the loss is not a number (queries {names}, ...): lower the learning rate"
            )
        torch.nn.utils.clip_grad_norm_(self.encoder.model.parameters(), recipe.clip)
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        if state.step == 0:
            self._describe(step)
            state.bytes_per_token = self.engine.bytes_per_token
        done = state.history[-1]
        state.step += 1
        state.seconds += time.monotonic() - start
        row = {
            "step": state.step,
            "queries": done.get("queries", 0) + len(queries),
            "passages": done.get("passages", 0) + len(step.texts),
            "seconds": state.seconds,
        }
        row["epoch"] = row["queries"] / len(self.examples)
        state.history.append(row | {"split": "train", "loss": value.loss, "lr": learning_rate, **value.parts})
        self.curves.add(state.history[-1])
        return value.loss

    def _describe(self, step: batches.Step) -> None:
        """Say what a step is, now that one has been taken."""
        engine, own = self.engine, [len(self.examples.lists[q]) - 1 for q in step.queries]
        assert engine.bytes_per_token is not None
        log.info(
            "train: a step: %d queries, %d distinct passages; negatives of a query: %.1f in its list, %.1f in the step; %s",
            *(len(step.queries), len(step.texts), np.mean(own), float(step.negative.sum(1).float().mean())),
            "its intermediate values fit in memory"
            if engine.recomputed == 0
            else f"{engine.recomputed} of its tokens are computed twice, to stay within {engine.memory / 1e9:.1f} GB",
        )

    def _measure(self, state: State) -> None:
        """Measure the model as it stands on the dev queries; keep its weights if they are the best so far."""
        before = state.best
        value = self._consider(state, "step", weights(self.encoder.model))
        log.info("train: step %d of %d: dev %s %.4f", state.step, len(self.steps), SELECTION, value)
        if self.recipe.selection.average:
            state.recent = [*state.recent, weights(self.encoder.model)][-self.recipe.selection.average :]
        state.stale = 0 if state.best > before else state.stale + 1
        patience = self.recipe.selection.patience
        if patience is not None and state.stale >= patience and state.step < len(self.steps):
            state.stopped = True
            log.info("train: no better for %d measurements: stopped", patience)

    def _consider(self, state: State, name: str, candidate: dict[str, torch.Tensor], eligible: bool = True) -> float:
        """Measure weights, note it, and keep them if they are the best so far."""
        model = self.encoder.model
        if name != "step":
            model.load_state_dict(candidate)
        training = model.training
        model.eval()
        value = self.processes.agree(self.selector.measure(self.encoder) if self.processes.first else None)
        model.train(training)
        done = {key: state.history[-1].get(key) for key in ("step", "epoch", "queries", "passages", "seconds")}
        state.history.append({**done, "split": "dev", "weights": name, SELECTION: value})
        self.curves.add(state.history[-1])
        if name != "step":
            log.info("train: weights '%s': dev %s %.4f", name, SELECTION, value)
        if eligible and value > state.best:
            state.best, state.kept, state.best_weights = value, name, candidate
            if not name.startswith("merge"):
                state.best_step = state.step
        return value

    def _keep(self, state: State, stop: Stop, due: bool) -> None:
        """Write a checkpoint when it is due, or when the process was asked to stop (then it stops)."""
        stopped = self.processes.any(stop.signal is not None, self.encoder.device)
        if self.checkpoint and (due or stopped) and self.processes.first:
            state.save(self.checkpoint, self.encoder.model, self.adam)
        if stopped:
            log.info("train: stopped after step %d of %d; run again to go on from here", state.step, len(self.steps))
            raise SystemExit(128 + (stop.signal or 15))


def memory(recipe: Recipe, device: torch.device) -> float:
    """Return the bytes that the intermediate values of a step may take."""
    if recipe.memory is not None:
        return recipe.memory * 1e9
    return torch.cuda.get_device_properties(device).total_memory / 2 if device.type == "cuda" else MEMORY * 1e9
