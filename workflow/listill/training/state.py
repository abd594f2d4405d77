"""The state of a training, and its checkpoints: an interrupted training resumes and ends with the same weights."""

import contextlib
import copy
import logging
import math
import signal
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import torch

from listill import checksums, tables

log = logging.getLogger("listill")

Weights = dict[str, torch.Tensor]


@dataclass
class State:
    """The steps done, the history, the best weights (step 0: the base model), and the last measured weights.

    ``peak_weights`` of ``peak_step`` are the best on the dev queries, of which ``peak`` is the measure. They are the best
    weights, unless they lose too much on other corpora, or the best weights are a mixture.
    ``best_trained`` is the best dev measure of any step, without the base model; ``stale`` is the number of measurements
    since.

    The states of the sampler and of the random number generators are not stored: the order of the queries depends on
    the seed only, and every step has a seed of its own.
    """

    best: float = -math.inf
    best_trained: float = -math.inf
    best_step: int = 0
    peak: float = -math.inf
    peak_step: int = 0
    kept: str = "step"
    step: int = 0
    seconds: float = 0.0
    stale: int = 0
    stopped: bool = False
    bytes_per_token: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    best_weights: Weights = field(default_factory=dict)
    peak_weights: Weights = field(default_factory=dict)
    recent: list[Weights] = field(default_factory=list)

    def save(self, path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Write a checkpoint with its checksum atomically."""
        # Not asdict(): it would copy every tensor.
        values = {name: getattr(self, name) for name in self.__dataclass_fields__}
        with tables.atomic(path) as temporary:
            torch.save({"state": values, "model": model.state_dict(), "optimiser": optimiser.state_dict()}, temporary)
            checksums.seal(temporary)

    @classmethod
    def load(cls, path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> "State":
        """Return the state of a checkpoint, and load its weights into model and optimiser."""
        device = next(model.parameters()).device
        checkpoint = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(checkpoint["model"])
        optimiser.load_state_dict(checkpoint["optimiser"])
        return cls(**checkpoint["state"])


def weights(model: torch.nn.Module) -> Weights:
    """Return a copy of the model's weights."""
    return copy.deepcopy(dict(model.state_dict()))


def mixture(parts: list[tuple[float, Weights]]) -> Weights:
    """Return the weighted sum of several weights; tensors that are not floating-point are those of the last."""
    mixed = {}
    for name, value in parts[-1][1].items():
        if value.is_floating_point():
            total = sum(share * part[name].double() for share, part in parts)
            assert isinstance(total, torch.Tensor)
            value = total.to(value.dtype)
        mixed[name] = value.clone()
    return mixed


class Stop:
    """A signal handler that records whether the process was told to stop (SIGTERM or SIGINT)."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:  # the second signal ends the process immediately
            raise SystemExit(128 + number)
        self.signal = number
        log.info("train: received signal %d: finishing the step, then writing a checkpoint", number)


@contextlib.contextmanager
def stoppable() -> Iterator[Stop]:
    """Yield a Stop that handles SIGTERM and SIGINT within the context."""
    stop = Stop()
    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:  # outside the main thread, signals cannot be handled
        before = {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
