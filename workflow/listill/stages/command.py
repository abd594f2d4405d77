"""What all stage commands share: the command line from a function's signature, logging, errors, fingerprints, parts."""

import argparse
import contextlib
import errno
import fcntl
import importlib.metadata
import inspect
import logging
import os
import shutil
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_args, get_origin, get_type_hints

from listill import __version__
from listill.errors import UserError
from listill.frozen import canonical, parse, read_json
from listill.settings import Section

if TYPE_CHECKING:
    from listill import tables

# The Snakefile imports the stages for their settings, so nothing heavy (pandas, pyarrow) is imported up here.

In = Annotated[Path, "input"]
Ins = Annotated[list[Path], "input"]
MaybeIn = Annotated[Path | None, "input"]
Out = Annotated[Path, "output"]
MaybeOut = Annotated[Path | None, "output"]

log = logging.getLogger("listill")


class StageSettings(Section):
    """The frozen settings of a stage: exactly what it depends on, and the version of its code."""

    version: int = 1

    def identity(self) -> dict[str, Any]:
        """Return, as plain data, those settings that the outputs depend on: they are in the fingerprint."""
        return self.model_dump(mode="json")


@dataclass
class Job:
    """One run of a stage: what its outputs will say of where they come from."""

    stage: str
    fingerprint: str
    lineage: dict[str, str]
    settings: StageSettings
    threads: int
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
        return tables.Provenance(key, self.fingerprint, self.lineage, details)

    def write(self, path: Path, name: str, data: Any, key: str | None = None) -> None:
        """Write one output table."""
        from listill import tables

        tables.write(path, name, data, self.provenance(key or name))

    @contextlib.contextmanager
    def work(self, beside: Path) -> Iterator[Path]:
        """Yield a folder for finished parts of this very job, kept from run to run until the job succeeds.

        It lies in ``.work`` of the corpus' results folder (``beside`` is any output), under the fingerprint, so that parts
        made with other settings are never taken. A lock keeps two writers out; it goes with the process.
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
    names = ["numpy", "scipy", "pandas", "pyarrow", "torch", "transformers", "sentence-transformers"]
    names += ["bm25s", "faiss-cpu", "pytrec-eval-terrier"]
    found = {"listill": __version__, "python": sys.version.split()[0]}
    for name in names:
        with contextlib.suppress(importlib.metadata.PackageNotFoundError):
            found[name] = importlib.metadata.version(name)
    return found


def _role(hint: Any) -> str | None:
    return get_args(hint)[1] if get_origin(hint) is Annotated else None


def _parser(run: Callable[..., None], hints: dict[str, Any], stage: str) -> argparse.ArgumentParser:
    text = inspect.getdoc(inspect.getmodule(run)) or ""
    parser = argparse.ArgumentParser(
        prog=f"python -m listill.stages.{stage}", description=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--config", type=Path, help="frozen settings of this stage (JSON); default: all defaults")
    parser.add_argument("--log", type=Path, help="also write messages to this file")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="processor cores to use")
    parser.add_argument("--debug", action="store_true", help="show where an error was raised")
    for name, parameter in inspect.signature(run).parameters.items():
        role = _role(hints[name])
        if role is None:
            continue
        several = hints[name] == Ins
        optional = parameter.default is not inspect.Parameter.empty
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=Path,
            nargs="*" if several else None,
            required=not optional,
            default=parameter.default if optional else None,
            help=role,
        )
    return parser


def _set_threads(threads: int) -> None:
    """Tell the numeric libraries how many cores they have; they read this when they are imported."""
    for variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
        os.environ[variable] = str(threads)
    # Waiting threads soon sleep: with other work on the same cores, spinning made the models 10 times slower. But spinning
    # for some microseconds first, until the model's next operation, makes a training step 1.25 times as fast, and costs
    # nothing beside other work.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("GOMP_SPINCOUNT", "20000")
    # oneDNN keeps a kernel for each of the last 1,024 shapes, and of texts nearly every batch is a new shape: 64 take less
    # memory (0.2 GB in a training of minutes) and no more time.
    os.environ.setdefault("ONEDNN_PRIMITIVE_CACHE_CAPACITY", "64")
    os.environ.setdefault("TOKENIZERS_PARALLELISM", "true" if threads > 1 else "false")


def _start_log(path: Path | None) -> None:
    handlers: list[logging.Handler] = [logging.StreamHandler(sys.stderr)]
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
        handlers.append(logging.FileHandler(path, mode="w"))
    for handler in handlers:  # libraries that set their own level (bm25s logs at DEBUG) are heard from WARNING on
        handler.addFilter(lambda record: record.name.startswith("listill") or record.levelno >= logging.WARNING)
    logging.basicConfig(level=logging.WARNING, format="%(message)s", handlers=handlers, force=True)
    log.setLevel(logging.INFO)


def _full_disk(output: Path) -> str:
    return (
        f"{output.absolute().parent}: no space is left on the disk (or in your quota, or where models are downloaded to); "
        "free some and run again: what is finished is kept and taken up"
    )


def main(run: Callable[..., None], settings: type[StageSettings], stage: str) -> None:
    """Run a stage from the command line.

    ``run(settings, job, ...)`` has parameters annotated In, Ins, MaybeIn, Out or MaybeOut; each becomes an option. The
    fingerprint is taken over the settings and the lineages of all inputs. A UserError ends in one message and exit status 1.
    """
    from listill import tables

    hints = get_type_hints(run, include_extras=True)
    arguments = _parser(run, hints, stage).parse_args()
    _start_log(arguments.log)
    _set_threads(arguments.threads)
    files = {name: getattr(arguments, name) for name in hints if _role(hints[name])}
    outputs = [path for name, path in files.items() if _role(hints[name]) == "output"]
    try:
        chosen = (
            read_json(settings, arguments.config) if arguments.config else parse(settings, {}, "--config is not given")
        )
        given = [files[name] for name in files if _role(hints[name]) == "input" and files[name]]
        paths = [path for item in given for path in (item if isinstance(item, list) else [item])]
        for path in paths:
            if not path.exists():
                raise UserError(f"{path}: no such file")
        lineage = tables.merge_lineages(paths)
        fingerprint = tables.digest(canonical([stage, chosen.identity(), lineage]))
        run(chosen, Job(stage, fingerprint, lineage, chosen, arguments.threads), **files)
    except UserError as error:
        if arguments.debug:
            raise
        log.error("listill %s: error: %s", stage, error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            log.exception("listill %s: this should not have happened", stage)
        else:
            log.error("listill %s: error: %s", stage, _full_disk(outputs[0]))
        sys.exit(1)
    except Exception:
        log.exception("listill %s: this should not have happened", stage)
        sys.exit(1)
