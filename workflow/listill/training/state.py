"""What a training has come to: kept on disk from time to time, so that an interrupted one goes on and ends the same."""

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

from listill import tables

log = logging.getLogger("listill")

Weights = dict[str, torch.Tensor]


@dataclass
class State:
    """Steps done, the history so far, the best weights (step 0: the base's) and those of the last measurements.

    Neither sampler nor random states have to be kept: the order of queries is a function of the seed, and every step draws
    its random numbers from a seed of its own.
    """

    best: float = -math.inf
    best_step: int = 0
    kept: str = "step"
    step: int = 0
    seconds: float = 0.0
    stale: int = 0
    stopped: bool = False
    bytes_per_token: float | None = None
    history: list[dict[str, Any]] = field(default_factory=list)
    best_weights: Weights = field(default_factory=dict)
    recent: list[Weights] = field(default_factory=list)

    def save(self, path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> None:
        """Write a checkpoint, whole or not at all."""
        # Not asdict(): it would copy every tensor.
        mine = {name: getattr(self, name) for name in self.__dataclass_fields__}
        with tables.atomic(path) as temporary:
            torch.save({"state": mine, "model": model.state_dict(), "optimiser": optimiser.state_dict()}, temporary)

    @classmethod
    def load(cls, path: Path, model: torch.nn.Module, optimiser: torch.optim.Optimizer) -> "State":
        """Return the state of a checkpoint, and put its weights into model and optimiser."""
        device = next(model.parameters()).device
        found = torch.load(path, map_location=device, weights_only=True)
        model.load_state_dict(found["model"])
        optimiser.load_state_dict(found["optimiser"])
        return cls(**found["state"])


def weights(model: torch.nn.Module) -> Weights:
    """Return a copy of the model's weights."""
    return copy.deepcopy(dict(model.state_dict()))


def mixture(parts: list[tuple[float, Weights]]) -> Weights:
    """Return the weighted sum of weights (what is no floating-point number is the last one's)."""
    mixed = {}
    for name, value in parts[-1][1].items():
        if value.is_floating_point():
            total = sum(share * own[name].double() for share, own in parts)
            assert isinstance(total, torch.Tensor)
            value = total.to(value.dtype)
        mixed[name] = value.clone()
    return mixed


class Stop:
    """Whether the process has been asked to stop (SIGTERM or SIGINT)."""

    def __init__(self) -> None:
        self.signal: int | None = None

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self.signal is not None:  # asked twice: at once
            raise SystemExit(128 + number)
        self.signal = number
        log.info("train: asked to stop: finishing the step, then writing a checkpoint")


@contextlib.contextmanager
def stoppable() -> Iterator[Stop]:
    """Yield a Stop that notices the signals, as long as the context lasts."""
    stop = Stop()
    try:
        before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    except ValueError:  # not in the main thread: nobody can be asked
        before = {}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
