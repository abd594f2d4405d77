"""Training in several processes, one per GPU: `accelerate launch` starts them, torch.distributed connects them."""

import os
from collections.abc import Sequence
from typing import Any, TypeVar

import torch

Item = TypeVar("Item")


class Processes:
    """The processes that train one model together: a single one unless a launcher started several.

    Every process builds the same steps and has the same gradient at the end of each. The first process measures and
    writes.
    """

    def __init__(self) -> None:
        self.count = int(os.environ.get("WORLD_SIZE", "1"))
        self.rank = 0
        if self.count > 1:
            from accelerate import PartialState

            state = PartialState(cpu=not torch.cuda.is_available())
            assert state.num_processes == self.count
            self.rank = state.process_index

    @property
    def first(self) -> bool:
        """Tell whether this process is the one that measures, writes files and logs."""
        return self.rank == 0

    def share(self, items: Sequence[Item]) -> list[Item]:
        """Return the items of this process; neighbouring items go to different processes."""
        return list(items[self.rank :: self.count])

    def sum(self, tensor: torch.Tensor) -> torch.Tensor:
        """Sum ``tensor`` over the processes, in place."""
        if self.count > 1:
            torch.distributed.all_reduce(tensor)
        return tensor

    def sum_gradients(self, model: torch.nn.Module) -> None:
        """Sum the gradients of the parameters over the processes, in one operation.

        A parameter that no process has used gets no gradient, so that the optimiser skips it as with a single process.
        """
        if self.count == 1:
            return
        parameters = [p for p in model.parameters() if p.requires_grad]
        flat = torch.cat(
            [(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in parameters]
            + [torch.tensor([p.grad is not None for p in parameters], dtype=torch.float32, device=parameters[0].device)]
        )
        torch.distributed.all_reduce(flat)
        start = 0
        for parameter, used in zip(parameters, flat[-len(parameters) :] > 0, strict=True):
            piece = flat[start : start + parameter.numel()]
            start += parameter.numel()
            parameter.grad = piece.view_as(parameter).clone() if used else None

    def agree(self, value: Any) -> Any:
        """Return the ``value`` of the first process (anything that can be pickled) in all processes."""
        if self.count == 1:
            return value
        values = [value]
        torch.distributed.broadcast_object_list(values)
        return values[0]

    def any(self, value: bool, device: torch.device) -> bool:
        """Tell whether ``value`` is true in any process."""
        return bool(self.sum(torch.tensor(float(value), device=device)) > 0)
