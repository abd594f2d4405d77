"""Curves for TensorBoard, for those who ask for them."""

from pathlib import Path
from typing import Any

from listill.errors import UserError


class Curves:
    """Writes the numbers of history rows to ``folder``; without a folder, does nothing."""

    def __init__(self, folder: Path | None) -> None:
        self.writer: Any = None
        if folder is not None:
            try:
                from torch.utils.tensorboard import SummaryWriter
            except ImportError:
                raise UserError("training.tensorboard needs the package tensorboard: pip install tensorboard") from None
            self.writer = SummaryWriter(folder)  # type: ignore[no-untyped-call]

    def add(self, row: dict[str, Any]) -> None:
        """Add one row of the history at its step."""
        if self.writer is None:
            return
        for name, value in row.items():
            if name not in ("step", "seconds") and isinstance(value, int | float):
                self.writer.add_scalar(f"{row['split']}/{name}", value, row["step"])

    def close(self) -> None:
        """Write what is still in memory."""
        if self.writer is not None:
            self.writer.close()
