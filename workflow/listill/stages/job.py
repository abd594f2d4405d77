"""One run of a stage: the provenance of its outputs, and the folder for its finished parts."""

import contextlib
import importlib.metadata
import logging
import shutil
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import SerializerFunctionWrapHandler, model_serializer

from listill import __version__, locks
from listill.checksums import discard, make_folder
from listill.errors import UserError
from listill.frozen import canonical
from listill.section import Section

if TYPE_CHECKING:
    from listill import tables

PACKAGES = ["numpy", "scipy", "pandas", "pyarrow", "torch", "transformers", "sentence-transformers"]
PACKAGES += ["bm25s", "faiss-cpu", "pytrec-eval-terrier"]
# The file in a folder of finished parts that says which output they are for.
OUTPUT = "output"
LOCK = "lock"
log = logging.getLogger("listill")


class StageSettings(Section):
    """The frozen settings of a stage: exactly those that it depends on, and the version of its code.

    ``files`` are the contents of the user's files that it reads (see ``Plan.files``).
    """

    version: int = 1
    files: dict[str, str] = {}

    @model_serializer(mode="wrap")
    def _without_no_files(self, settings: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {key: value for key, value in settings(self).items() if key != "files" or value}

    def identity(self) -> dict[str, Any]:
        """Return the settings that the outputs depend on, as plain data. They are part of the fingerprint."""
        return self.model_dump(mode="json")


@dataclass
class Job:
    """One run of a stage. ``corpus`` is the name of the corpus of its inputs, if their metadata contain it."""

    stage: str
    fingerprint: str
    lineage: dict[str, str]
    settings: StageSettings
    threads: int
    corpus: str | None = None
    details: dict[str, Any] = field(default_factory=dict)

    def depends_on(self, data: Any) -> None:
        """Make the fingerprint depend on data that are not among the inputs (checksums, package versions)."""
        from listill import tables

        self.fingerprint = tables.digest(canonical([self.fingerprint, data]))

    def uses(self, models: dict[str, str]) -> None:
        """Record the models that are used (name: commit or checksum), and make the fingerprint depend on them."""
        if models:
            self.details["models"] = models
            self.depends_on(models)

    def provenance(self, key: str) -> "tables.Provenance":
        """Return the metadata of an output, including the ``details`` recorded so far (models, counts)."""
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
        """Yield a folder for finished parts of this job, which is kept until the job succeeds.

        The folder is in ``.work`` of the corpus' results folder (``beside`` is any output). Its name contains the
        fingerprint, so that parts made with other settings are never reused; such parts of the same output are removed
        when the job succeeds. A lock keeps out other processes; it is released when the process ends.
        """
        folder, output = _folder_of_parts(beside, f"{self.stage}-{self.fingerprint}")
        root = folder.parent
        with _lock(folder):
            yield folder
            shutil.rmtree(folder, ignore_errors=True)
        # Another job that ends at the same moment may remove what this one sees, even the empty folder.
        with contextlib.suppress(FileNotFoundError):
            for other in sorted(root.glob(f"{self.stage}-*")):
                _remove_earlier(other, output)
        with contextlib.suppress(OSError):
            root.rmdir()

    @contextlib.contextmanager
    def share(self, stage: str, beside: Path, name: str) -> Iterator[Path]:
        """Yield the folder in which ``stage``, with the settings and inputs of this job, looks for its finished parts.

        ``beside`` is the output of that stage whose parts these are. A lock keeps out other processes that make the share
        with this ``name``. The folder remains until that stage succeeds.
        """
        folder, _ = _folder_of_parts(beside, f"{stage}-{fingerprint(stage, self.settings, self.lineage)}")
        with locks.held(folder / f"{LOCK}.{name}", folder):
            yield folder


def fingerprint(stage: str, settings: StageSettings, lineage: dict[str, str]) -> str:
    """Return the fingerprint of a stage: it covers the settings and the lineages of all inputs."""
    from listill import tables

    return tables.digest(canonical([stage, settings.identity(), lineage]))


def _folder_of_parts(beside: Path, name: str) -> tuple[Path, str]:
    """Return a folder of finished parts, and the name of the output whose parts they are, as the folder remembers it."""
    root = make_folder(results_folder(beside) / ".work")
    folder = make_folder(root / name)
    output = str(beside.absolute().relative_to(root.parent.absolute()))
    (folder / OUTPUT).write_text(output)
    return folder, output


def _remove_earlier(folder: Path, output: str) -> None:
    """Remove the finished parts of an output that were made with other settings, unless a process uses them."""
    if not (folder / OUTPUT).is_file() or (folder / OUTPUT).read_text(errors="replace") != output:
        return
    with contextlib.suppress(UserError), _lock(folder):
        log.info("%s: removed, since its parts were made with other settings", folder)
        shutil.rmtree(folder, ignore_errors=True)


@contextlib.contextmanager
def _lock(folder: Path) -> Iterator[None]:
    """Hold the lock of a folder of finished parts; a UserError says which process uses the folder."""
    if (folder / LOCK).is_dir():
        discard(folder / LOCK)
    with contextlib.ExitStack() as held:
        for path in [folder / LOCK, *folder.glob(f"{LOCK}.*")]:  # the locks of shares, too
            held.enter_context(locks.held(path, folder))
        yield


def results_folder(output: Path) -> Path:
    """Return the results folder of the corpus, or the folder of ``output`` if it is outside a results folder."""
    return next((folder for folder in output.parents if (folder / "config").is_dir()), output.parent)


def score_folder(output: Path, pairs: Literal["candidates", "evaluation"]) -> Path:
    """Return the folder of the teachers' stored scores.

    All rounds share those of the ``candidates``, and the stages gate and rerank share those of the ``evaluation``. The
    two are separate although they have a few pairs in common: which of these stages runs first must not matter, since
    the last digits of a score depend on the other pairs of its batch.
    """
    return results_folder(output) / ".scores" / pairs


def versions() -> dict[str, str]:
    """Return the versions of the packages that the outputs depend on."""
    installed = {"listill": __version__, "python": sys.version.split()[0]}
    for name in PACKAGES:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            installed[name] = importlib.metadata.version(name)
    return installed
