"""The command line of a stage, built from the signature of its function ``run``."""

import argparse
import errno
import inspect
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from listill.errors import UserError
from listill.frozen import canonical, parse, read_json
from listill.stages.job import Job, StageSettings
from listill.stages.process import set_threads, start_log

# The Snakefile imports the stages for their settings. No heavy package (pandas, pyarrow) is therefore imported at the
# top.

In = Annotated[Path, "input"]
Ins = Annotated[list[Path], "input"]
MaybeIn = Annotated[Path | None, "input"]
MaybeModel = Annotated[Path | None, "model"]
Out = Annotated[Path, "output"]
MaybeOut = Annotated[Path | None, "output"]

log = logging.getLogger("listill")


def _role(hint: Any) -> str | None:
    """Return ``input``, ``model`` or ``output`` for a parameter that is a command-line option, else None."""
    return get_args(hint)[1] if get_origin(hint) is Annotated else None


def _parser(run: Callable[..., None], hints: dict[str, Any], stage: str) -> argparse.ArgumentParser:
    description = inspect.getdoc(inspect.getmodule(run)) or ""
    parser = argparse.ArgumentParser(
        prog=f"python -m listill.stages.{stage}",
        description=description,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "--config", type=Path, help="JSON file with the frozen settings of this stage; default: all defaults"
    )
    parser.add_argument("--log", type=Path, help="also write log messages to this file")
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="number of processor cores to use")
    parser.add_argument("--debug", action="store_true", help="show the traceback of an error")
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


def _paths(files: dict[str, Any], hints: dict[str, Any], *roles: str) -> list[Path]:
    """Return the paths that were passed for the options with one of these roles."""
    values = [files[name] for name in files if _role(hints[name]) in roles and files[name]]
    return [path for value in values for path in (value if isinstance(value, list) else [value])]


def _full_disk(output: Path) -> str:
    return (
        f"{output.absolute().parent}: no space left on the disk (or in your quota, or in the cache of downloaded "
        "models): free some space and run again; finished parts are kept and reused"
    )


def main(run: Callable[..., None], settings: type[StageSettings], stage: str) -> None:
    """Run a stage from the command line.

    ``run(settings, job, ...)`` has parameters annotated In, Ins, MaybeIn, MaybeModel, Out or MaybeOut; each becomes an
    option. The fingerprint covers the settings and the lineages of all inputs. All inputs must be of the same corpus;
    only a model may have been trained on another one. A UserError ends the process with one message and exit status 1.
    """
    from listill import tables

    hints = get_type_hints(run, include_extras=True)
    arguments = _parser(run, hints, stage).parse_args()
    start_log(arguments.log)
    set_threads(arguments.threads)
    files = {name: getattr(arguments, name) for name in hints if _role(hints[name])}
    outputs = [path for name, path in files.items() if _role(hints[name]) == "output"]
    try:
        if arguments.config:
            stage_settings = read_json(settings, arguments.config)
        else:
            stage_settings = parse(settings, {}, "--config is missing")
        for path in _paths(files, hints, "input", "model"):
            if not path.exists():
                raise UserError(f"{path}: no such file")
        corpus = tables.common_corpus(_paths(files, hints, "input"))
        for model in _paths(files, hints, "model"):
            trained_on = tables.common_corpus([model])
            if corpus and trained_on and trained_on != corpus:
                key = tables.provenance(model).key
                log.info(
                    "model %s: was trained on the corpus '%s' and is used on the corpus '%s'", key, trained_on, corpus
                )
        lineage = tables.merge_lineages(_paths(files, hints, "input", "model"))
        fingerprint = tables.digest(canonical([stage, stage_settings.identity(), lineage]))
        run(stage_settings, Job(stage, fingerprint, lineage, stage_settings, arguments.threads, corpus), **files)
    except UserError as error:
        if arguments.debug:
            raise
        log.error("listill %s: error: %s", stage, error)
        sys.exit(1)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            log.exception("listill %s: unexpected error", stage)
        else:
            log.error("listill %s: error: %s", stage, _full_disk(outputs[0]))
        sys.exit(1)
    except Exception:
        log.exception("listill %s: unexpected error", stage)
        sys.exit(1)
