"""The training loop: steps, measurements, checkpoints, and the choice of the weights that are kept."""

import contextlib
import logging
import time
from collections.abc import Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from listill.ahead import ahead
from listill.checksums import usable
from listill.errors import UserError
from listill.measure_names import SELECTION
from listill.progress import FILE_ONLY, Progress
from listill.retrieval.encoder import Encoder
from listill.settings.joint import ALTERNATE, Turns
from listill.settings.training import Recipe
from listill.training import batches
from listill.training.blocks import Blocks
from listill.training.curves import Curves
from listill.training.elsewhere import Other, losing
from listill.training.engine import Engine
from listill.training.lora import Adapters
from listill.training.matryoshka import check_sizes
from listill.training.parts import Part
from listill.training.processes import Processes
from listill.training.schedule import optimiser, rate, set_dropout
from listill.training.selection import mean
from listill.training.state import State, Stop, Weights, mixture, stoppable, weights
from listill.training.turns import Turn, order

log = logging.getLogger("listill")

# GB that the activations of a step and its loss may take on a CPU. On a GPU, they may take half of its memory.
MEMORY = 2.0
# The largest share of this memory for the loss. What the loss takes is no longer there for activations.
LOSS_SHARE = 0.25
# Fewer lists than this cause a warning.
FEW_LISTS = 200
# Shares of the trained weights in the mixtures with the base model's weights.
MIXTURES = (0.25, 0.5, 0.75)


@dataclass
class Result:
    """The result of a training.

    ``history`` has one row per step and per measurement. ``best`` is the dev measure of the kept weights, ``best_step``
    their step (0: the base model), ``kept`` the kind of weights (``step``, ``average`` or a mixture). ``untrained`` are
    the weights of the base model. ``embeddings`` are those of the documents of each part's selector by the best weights;
    None if they were measured before an interruption, or are those of the base model.
    """

    history: list[dict[str, Any]]
    best_step: int
    best: float
    kept: str
    untrained: Weights = field(default_factory=dict)
    embeddings: list[np.ndarray | None] | None = None


class Training:
    """One training of ``encoder`` on one or several ``parts``.

    ``work`` is the folder for checkpoints, ``curves`` the folder for TensorBoard, ``turns`` the order of the parts' steps.
    Weights that lose more than is accepted on one of the ``others`` are not kept.
    """

    def __init__(
        self,
        encoder: Encoder,
        parts: Sequence[Part],
        recipe: Recipe,
        seed: int,
        work: Path | None = None,
        curves: Path | None = None,
        processes: Processes | None = None,
        turns: Turns = ALTERNATE,
        others: Sequence[Other] = (),
    ) -> None:
        self.encoder, self.recipe, self.seed, self.others = encoder, recipe, seed, others
        check_sizes(recipe.matryoshka, encoder.dimension)
        if recipe.dropout and encoder.unpadded:
            encoder.pad()  # the attention without padding has no dropout
        self.parts = [part.cut(encoder, recipe) for part in parts]
        self.lists = [len(part.examples) for part in parts]
        factors = [turns.weights.get(part.name, 1.0) for part in parts]
        self.steps = order(self.lists, recipe.epochs, recipe.batch, seed, turns, factors)
        self.processes = processes or Processes()
        self.engine = Engine(encoder, memory(recipe, encoder.device), self.processes)
        self.untrained = weights(encoder.model)
        self.adapters = Adapters(encoder.model, recipe.lora, seed)
        self.adam = optimiser(encoder.model, recipe)
        self.checkpoint = work / "checkpoint.pt" if work else None
        self.best_embeddings: list[np.ndarray | None] | None = None
        self.curves = Curves(curves if recipe.tensorboard and self.processes.first else None)
        evaluations = recipe.selection.evaluations
        self.measured = {round(len(self.steps) * (i + 1) / evaluations) for i in range(evaluations)}

    def run(self, base: float, base_by_part: Sequence[float] = ()) -> Result:
        """Train from the start or from the last checkpoint; ``base`` is the dev measure of the base model.

        With several parts, it is the mean of ``base_by_part``. At the end, the model has the best weights. If the process
        receives a signal to stop, it writes a checkpoint and raises SystemExit.
        """
        model = self.encoder.model
        state = self._begin(base, base_by_part)
        self._log_start(base)
        mode = model.training
        set_dropout(model, self.recipe.dropout)
        total, before = queries_of(self.steps), queries_of(self.steps[: state.step])
        with (
            stoppable() as stop,
            Progress(total, "train", "queries", before=before) as progress,
            contextlib.closing(self.collated(state.step)) as collated,
        ):
            while state.step < len(self.steps) and not state.stopped:
                loss = self.advance(state, next(collated))
                speed = state.history[-1]["passages"] / state.seconds
                progress.add(
                    queries_of(self.steps[state.step - 1 : state.step]), f"loss {loss:.3f}, {speed:.0f} passages/s"
                )
                due = state.step in self.measured
                if due:
                    self._measure_step(state)
                self._save_checkpoint(state, stop, due or state.step % self.recipe.checkpoint == 0)
        model.train(mode)
        self.adapters.remove()
        if self.recipe.selection.average:
            average = mixture([(1 / len(state.recent), recent) for recent in state.recent])
            self._measure(state, "average", average)
        if self.recipe.selection.merge != "no" and state.peak_step > 0:
            for share in MIXTURES:
                mixed = mixture([(1 - share, self.untrained), (share, state.peak_weights)])
                self._measure(state, f"merge {share:g}", mixed, eligible=self.recipe.selection.merge == "use")
        if state.peak_step > 0 and state.best_step == 0:
            log.warning(
                "train: all weights that are better on the dev queries lose more than selection.retention.max_loss "
                "elsewhere: lower training.learning_rate, add the loss `anchor`, or set `selection.merge: use`"
            )
        model.load_state_dict(state.best_weights)
        self.curves.close()
        return Result(state.history, state.best_step, state.best, state.kept, self.untrained, self.best_embeddings)

    def _begin(self, base: float, base_by_part: Sequence[float]) -> State:
        found = self.checkpoint and self.processes.first and usable(self.checkpoint)
        if self.processes.agree(found):
            assert self.checkpoint is not None
            state = State.load(self.checkpoint, self.encoder.model, self.adam)
            self.engine.bytes_per_token = state.bytes_per_token
            log.info("train: resuming after step %d of %d", state.step, len(self.steps))
            return state
        best = base if self.recipe.selection.base else -np.inf
        state = State(best=best, peak=best, best_weights=self.untrained)
        state.history.append({"step": 0, "epoch": 0.0, "split": "dev", "weights": "step", SELECTION: base})
        state.history[0]["corpora"] = {part.name: one for part, one in zip(self.parts, base_by_part, strict=False)}
        return state

    def _log_start(self, base: float) -> None:
        lengths = np.concatenate([part.texts.lengths for part in self.parts])
        log.info(
            "train: %d lists, %d distinct passages (%.0f tokens on average), %d steps of %d queries",
            *(sum(self.lists), len(lengths), lengths.mean(), len(self.steps), self.recipe.batch),
        )
        if len(self.parts) > 1:
            for number, part in enumerate(self.parts):
                steps = sum(turn.part == number for turn in self.steps)
                log.info("train: %s has %d lists and %d of the steps", part.name, self.lists[number], steps)
        if sum(self.lists) < FEW_LISTS:
            log.warning(
                "train: %d lists are too few to train on reliably; add train topics, or raise generation.passages",
                sum(self.lists),
            )
        selectors = [part.selector for part in self.parts]
        log.info(
            "train: the base model has a dev %s of %.4f (%d queries, %d documents)",
            *(SELECTION, base, sum(len(one.queries) for one in selectors)),
            sum(len(one.collection) for one in selectors),
        )

    def collated(self, first: int) -> Generator[batches.Step, None, None]:
        """Yield the steps from number ``first`` on; the next one is put together in a thread while the last one is trained.

        What is put together depends only on the queries of the step.
        """
        return ahead(self._collate, self.steps[first:])

    def _collate(self, turn: Turn) -> batches.Step:
        step = batches.collate(self.parts[turn.part].examples, turn.queries, self.recipe.negatives)
        return step.pinned() if self.encoder.device.type == "cuda" else step

    def advance(self, state: State, step: batches.Step) -> float:
        """Take one optimiser step (the next one of ``collated``), add it to the history, and return its loss."""
        recipe, start = self.recipe, time.monotonic()
        turn = self.steps[state.step]
        part, queries = self.parts[turn.part], turn.queries
        learning_rate = recipe.learning_rate * rate(state.step, len(self.steps), recipe.warmup, recipe.floor)
        for group in self.adam.param_groups:
            group["lr"] = learning_rate
        torch.manual_seed(hash((self.seed, state.step, self.processes.rank)) % 2**63)
        step = step.to(self.encoder.device)
        memory, normalise = self.engine.memory * LOSS_SHARE, self.encoder.normalise
        loss = Blocks(step, recipe.losses, part.temperatures, memory, recipe.matryoshka, normalise)
        fixed = None
        if part.fixed_texts is not None:
            fixed = torch.from_numpy(part.fixed_texts[step.texts]).to(self.encoder.device)
        value = self.engine.backward(part.queries, queries, part.texts, step.texts, loss, fixed, loss.bytes)
        self._check_finite("loss", value.loss, state)
        norm = torch.nn.utils.clip_grad_norm_(self.encoder.model.parameters(), recipe.clip)
        self._check_finite("gradient", float(norm), state)
        self.adam.step()
        self.adam.zero_grad(set_to_none=True)
        if state.step == 0:
            self._log_first_step(step)
            state.bytes_per_token = self.engine.bytes_per_token
        last = state.history[-1]
        state.step += 1
        state.seconds += time.monotonic() - start
        row: dict[str, Any] = {
            "step": state.step,
            "queries": last.get("queries", 0) + len(queries),
            "passages": last.get("passages", 0) + len(step.texts),
            "seconds": state.seconds,
        }
        row["epoch"] = row["queries"] / sum(self.lists)
        # The losses have a key of their own, so that a user's loss may have the name of a column.
        row |= {"split": "train", "loss": value.loss, "lr": learning_rate, "losses": value.parts}
        row["corpora"] = {part.name: value.loss}
        state.history.append(row)
        self.curves.add(row)
        return value.loss

    def _check_finite(self, what: str, value: float, state: State) -> None:
        if not np.isfinite(value):
            turn = self.steps[state.step]
            names = ", ".join(self.parts[turn.part].examples.query_ids[q] for q in turn.queries[:3])
            raise UserError(
                f"step {state.step + 1}: the {what} is not a number (queries {names}, ...): lower training.learning_rate"
            )

    def _log_first_step(self, step: batches.Step) -> None:
        engine, in_list = self.engine, (step.mask & ~step.positives).sum(1).float()
        assert engine.bytes_per_token is not None
        log.info(
            "train: the first step has %d queries and %d distinct passages; negatives per query: %.1f in its list, "
            "%.1f in the step; %s",
            *(len(step.queries), len(step.texts), float(in_list.mean()), float(step.negative.sum(1).float().mean())),
            "all activations fit into memory"
            if engine.recomputed == 0
            else f"{engine.recomputed} tokens are computed twice, to stay within {engine.memory / 1e9:.1f} GB",
        )

    def _measure_step(self, state: State) -> None:
        """Measure the current weights on the dev queries, and keep them if they are the best so far."""
        with self.adapters.merged() as candidate:
            value = self._measure(state, "step", candidate)
        log.info("train: step %d of %d: dev %s %.4f", state.step, len(self.steps), SELECTION, value)
        if self.recipe.selection.average:
            state.recent = [*state.recent, candidate][-self.recipe.selection.average :]
        # The base model does not count here: at the peak of the learning rate, even a successful training may be below it.
        state.stale = 0 if value > state.best_trained else state.stale + 1
        state.best_trained = max(value, state.best_trained)
        patience = self.recipe.selection.patience
        if patience is not None and state.stale >= patience and state.step < len(self.steps):
            state.stopped = True
            log.info("train: stopped early: no improvement in the last %d measurements", patience)

    def _measure(self, state: State, name: str, candidate: dict[str, torch.Tensor], eligible: bool = True) -> float:
        """Measure weights and add a row to the history; keep them if they are ``eligible`` and the best so far."""
        model = self.encoder.model
        if name != "step":
            model.load_state_dict(candidate)
        training = model.training
        model.eval()
        measured = self._measure_everywhere() if self.processes.first else None
        by_part, elsewhere = self.processes.agree(measured)
        value, lost = mean(by_part), losing(self.others, elsewhere)
        model.train(training)
        row = {key: state.history[-1].get(key) for key in ("step", "epoch", "queries", "passages", "seconds")}
        row |= {"split": "dev", "weights": name, SELECTION: value}
        row["corpora"] = {part.name: one for part, one in zip(self.parts, by_part, strict=True)}
        state.history.append(row)
        self.curves.add(row)
        if name != "step":
            log.info("train: weights '%s': dev %s %.4f", name, SELECTION, value)
        for other in self.others:
            message = "train: weights '%s' have %.4f on %s (base %.4f)%s"
            lose = ": they lose too much to be kept" if other.name in lost else ""
            log.info(message, name, elsewhere[other.name], other.name, other.base, lose)
        mixed = name.startswith("merge")
        if value > state.peak and not mixed:
            state.peak, state.peak_step, state.peak_weights = value, state.step, candidate
        if eligible and value > state.best and not lost:
            state.best, state.kept, state.best_weights = value, name, candidate
            state.best_step = state.peak_step if mixed else state.step
            self.best_embeddings = [part.selector.measured for part in self.parts]
        return value

    def _measure_everywhere(self) -> tuple[list[float], dict[str, float]]:
        """Return the dev measure of each part, and that on each of the other corpora by its name."""
        by_part = [part.selector.measure(self.encoder) for part in self.parts]
        return by_part, {other.name: other.selector.measure(self.encoder) for other in self.others}

    def _save_checkpoint(self, state: State, stop: Stop, due: bool) -> None:
        """Write a checkpoint if it is due or if the process received a signal to stop; then exit in the latter case."""
        stopped = self.processes.any(stop.signal is not None, self.encoder.device)
        if self.checkpoint and (due or stopped) and self.processes.first:
            state.save(self.checkpoint, self.encoder.model, self.adam)
        if stopped:
            message = "train: stopped after step %d of %d; run again to resume from here"
            log.info(message, state.step, len(self.steps), extra=FILE_ONLY if Progress.file else {})
            raise SystemExit(128 + (stop.signal or 15))


def queries_of(turns: Sequence[Turn]) -> int:
    """Return the number of queries of some steps."""
    return sum(len(turn.queries) for turn in turns)


def memory(recipe: Recipe, device: torch.device) -> float:
    """Return the number of bytes that the activations of a step and its loss may take."""
    if recipe.memory is not None:
        return recipe.memory * 1e9
    return torch.cuda.get_device_properties(device).total_memory / 2 if device.type == "cuda" else MEMORY * 1e9
