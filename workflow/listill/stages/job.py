"""One run of a stage: what its outputs say of where they come from, and where its finished parts are kept."""

import contextlib
import fcntl
import importlib.metadata
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listill import __version__
from listill.errors import UserError
from listill.frozen import canonical
from listill.section import Section

if TYPE_CHECKING:
    from listill import tables

PACKAGES = ["numpy", "scipy", "pandas", "pyarrow", "torch", "transformers", "sentence-transformers"]
PACKAGES += ["bm25s", "faiss-cpu", "pytrec-eval-terrier"]


class StageSettings(Section):
    """The frozen settings of a stage: exactly what it depends on, and the version of its code."""

    version: int = 1

    def identity(self) -> dict[str, Any]:
        """Return, as plain data, the settings that the outputs depend on: they are part of the fingerprint."""
        return self.model_dump(mode="json")


@dataclass
class Job:
    """One run of a stage. ``corpus`` is the name of the corpus that its inputs are of, if they say so."""

    stage: str
    fingerprint: str
    lineage: dict[str, str]
    settings: StageSettings
    threads: int
    corpus: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def depends_on(self, what: Any) -> None:
        """Make the fingerprint depend on something that was read beside the inputs (checksums, package versions)."""
        from listill import tables

        self.fingerprint = tables.digest(canonical([self.fingerprint, what]))

    def uses(self, models: dict[str, str]) -> None:
        """Note which models (name: commit or checksum) are used, and make the fingerprint depend on them."""
        if models:
            self.details["models"] = models
            self.depends_on(models)

    def provenance(self, key: str) -> "tables.Provenance":
        """Return the metadata of an output; ``details`` noted so far (models, counts) are part of it."""
        from listill import tables

        details = {
            "stage": self.stage,
            "settings": self.settings.model_dump(mode="json"),
            "versions": versions(),
            **self.details,
        }
        return tables.Provenance(key, self.fingerprint, self.lineage, details, self.corpus)

    def write(self, path: Path, name: str, data: Any, key: str | None = None) -> None:
        """Write one output table."""
        from listill import tables

        tables.write(path, name, data, self.provenance(key or name))

    @contextlib.contextmanager
    def work(self, beside: Path) -> Iterator[Path]:
        """Yield a folder for finished parts of this very job, kept from run to run until the job succeeds.

        It lies in ``.work`` of the corpus' results folder (``beside`` is any output), under the fingerprint, so that parts
        made with other settings are never reused. A lock keeps other writers out; it ends with the process.
        """
        root = next((folder for folder in beside.parents if (folder / "config").is_dir()), beside.parent)
        folder = root / ".work" / f"{self.stage}-{self.fingerprint}"
        folder.mkdir(parents=True, exist_ok=True)
        with open(folder / "lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise UserError(f"{folder}: another process is at work on this; wait for it or stop it") from None
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):
            folder.parent.rmdir()


def versions() -> dict[str, str]:
    """Return the versions of the packages that decide what the outputs are."""
    known = {"listill": __version__, "python": sys.version.split()[0]}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            known[name] = importlib.metadata.version(name)
    return known
