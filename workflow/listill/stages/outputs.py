"""The outputs of a stage while it runs: no other process writes them, and a run that is out of date does not either.

A stage may outlive the Snakemake that started it. The settings or inputs may then have changed, and a newer run may have
made the same files again.
"""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from listill import locks
from listill.errors import UserError


@contextlib.contextmanager
def locked(outputs: Sequence[Path]) -> Iterator[None]:
    """Hold a lock beside each output; a UserError names the process that writes one already."""
    with contextlib.ExitStack() as stack:
        for output in sorted(outputs):
            stack.enter_context(locks.held(output.with_name(f".{output.name}.lock"), output))
        yield


@contextlib.contextmanager
def unless_outdated(outputs: Sequence[Path], config: Path | None, frozen: bytes, inputs: list[Path]) -> Iterator[None]:
    """Refuse to replace an output once the settings or the inputs are not those that the stage was started with.

    ``frozen`` was the content of the settings file ``config``. Both are looked at again just before an output gets its
    name; of the inputs only those with a fingerprint, because the others would have to be read completely.
    """
    from listill import tables

    def given() -> list[str | None]:
        return [tables.stated_fingerprint(path) for path in inputs]

    def check(path: Path) -> None:
        if path not in outputs:
            return
        if config is not None and (not config.is_file() or config.read_bytes() != frozen):
            changed = f"{config} has"
        elif not all(path.exists() for path in inputs) or given() != before:
            changed = "its inputs have"
        else:
            return
        raise UserError(f"{path}: not written: {changed} changed since this stage was started; run again")

    before = given()
    with tables.checked(check):
        yield
