"""The command line of a stage, from the signature of its function ``run``."""

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

# The Snakefile imports the stages for their settings, so nothing heavy (pandas, pyarrow) is imported at the top.

In = Annotated[Path, "input"]
Ins = Annotated[list[Path], "input"]
MaybeIn = Annotated[Path | None, "input"]
MaybeModel = Annotated[Path | None, "model"]
Out = Annotated[Path, "output"]
MaybeOut = Annotated[Path | None, "output"]

log = logging.getLogger("listill")


def _role(hint: Any) -> str | None:
    """Return ``input``, ``model`` or ``output`` for a parameter that is an option of the command line."""
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


def _paths(files: dict[str, Any], hints: dict[str, Any], *roles: str) -> list[Path]:
    """Return the given paths that have one of these roles."""
    given = [files[name] for name in files if _role(hints[name]) in roles and files[name]]
    return [path for item in given for path in (item if isinstance(item, list) else [item])]


def _full_disk(output: Path) -> str:
    return (
        f"{output.absolute().parent}: no space is left on the disk (or in your quota, or where models are downloaded to); "
        "free some and run again: what is finished is kept and taken up"
    )


def main(run: Callable[..., None], settings: type[StageSettings], stage: str) -> None:
    """Run a stage from the command line.

    ``run(settings, job, ...)`` has parameters annotated In, Ins, MaybeIn, MaybeModel, Out or MaybeOut; each becomes an
    option. The fingerprint covers the settings and the lineages of all inputs. All inputs must be of one corpus, but for a
    model, which may have been trained on another one. A UserError ends in one message and exit status 1.
    """
    from listill import tables

    hints = get_type_hints(run, include_extras=True)
    arguments = _parser(run, hints, stage).parse_args()
    start_log(arguments.log)
    set_threads(arguments.threads)
    files = {name: getattr(arguments, name) for name in hints if _role(hints[name])}
    outputs = [path for name, path in files.items() if _role(hints[name]) == "output"]
    try:
        chosen = (
            read_json(settings, arguments.config) if arguments.config else parse(settings, {}, "--config is not given")
        )
        for path in _paths(files, hints, "input", "model"):
            if not path.exists():
                raise UserError(f"{path}: no such file")
        corpus = tables.common_corpus(_paths(files, hints, "input"))
        for model in map(tables.provenance, _paths(files, hints, "model")):
            if corpus and model.corpus not in (None, corpus):
                log.info(
                    "the model %s was trained on the corpus '%s'; here it is used on '%s'",
                    model.key,
                    model.corpus,
                    corpus,
                )
        lineage = tables.merge_lineages(_paths(files, hints, "input", "model"))
        fingerprint = tables.digest(canonical([stage, chosen.identity(), lineage]))
        run(chosen, Job(stage, fingerprint, lineage, chosen, arguments.threads, corpus), **files)
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
