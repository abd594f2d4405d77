"""Training curves for TensorBoard (``training.tensorboard``)."""

from pathlib import Path
from typing import Any

from listill.errors import UserError


class Curves:
    """Write the numbers of history rows to ``folder``; without a folder, do nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.writer: Any = None
        if folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise UserError(
                    "training.tensorboard: the package tensorboard is not installed: run `pip install tensorboard`, or "
                    "set the key to false"
                ) from None
            self.writer = SummaryWriter(folder)  # type: ignore[no-untyped-call]

    def add(self, row: dict[str, Any]) -> None:
        """Add one row of the history at its step."""
        if self.writer is None:
            return
        values = {name: value for name, value in row.items() if name not in ("step", "seconds")}
        values |= {f"losses/{name}": value for name, value in row.get("losses", {}).items()}
        for name, value in values.items():
            if isinstance(value, int | float):
                self.writer.add_scalar(f"{row['split']}/{name}", value, row["step"])

    def close(self) -> None:
        """Write everything that is still in memory, and close the file."""
        if self.writer is not None:
            self.writer.close()
