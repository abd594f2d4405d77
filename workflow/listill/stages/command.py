"""The command line of a stage, built from the signature of its function ``run``."""

import argparse
import inspect
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

from listill import shortage
from listill.errors import UserError
from listill.frozen import parse, read_json
from listill.stages.job import Job, StageSettings, fingerprint
from listill.stages.options import help_text
from listill.stages.outputs import locked, unless_outdated
from listill.stages.process import set_threads, start_log, stoppable, writes

# The Snakefile imports the stages for their settings. No heavy package (pandas, pyarrow) is therefore imported at the
# top.

In = Annotated[Path, "input"]
Ins = Annotated[list[Path], "input"]
MaybeIn = Annotated[Path | None, "input"]
# The files of several corpora, one each, in the order of the settings' ``corpora``.
Corpora = Annotated[list[Path], "corpora"]
# Files of any corpora.
Others = Annotated[list[Path], "others"]
MaybeModel = Annotated[Path | None, "model"]
Models = Annotated[list[Path], "model"]
Out = Annotated[Path, "output"]
MaybeOut = Annotated[Path | None, "output"]

log = logging.getLogger("listill")


def _role(hint: Any) -> str | None:
    """Return the second part of the annotation of a parameter that is a command-line option, else None."""
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
        several = hints[name] in (Ins, Corpora, Others, Models)
        optional = parameter.default is not inspect.Parameter.empty
        parser.add_argument(
            f"--{name.replace('_', '-')}",
            type=Path,
            nargs="*" if several else None,
            required=not optional,
            default=parameter.default if optional else None,
            help=help_text(stage, name, role, several).replace("%", "%%"),
        )
    return parser


def _paths(files: dict[str, Any], hints: dict[str, Any], *roles: str) -> list[Path]:
    """Return the paths that were passed for the options with one of these roles."""
    values = [files[name] for name in files if _role(hints[name]) in roles and files[name]]
    return [path for value in values for path in (value if isinstance(value, list) else [value])]


def main(run: Callable[..., None], settings: type[StageSettings], stage: str) -> None:
    """Run a stage from the command line.

    ``run(settings, job, ...)`` has parameters annotated In, Ins, MaybeIn, Corpora, Others, MaybeModel,
    Models, Out or MaybeOut;
    each becomes an option. The fingerprint covers the settings and the lineages of all inputs. All inputs must be of the
    same corpus; only a model may have been trained on another one, the files of Corpora are one of each corpus, and those
    of Others are of any. A lock keeps other processes away from the outputs, and a run whose settings or inputs have changed
    meanwhile writes none. What a user can fix or cause ends the process with one message and exit status 1, and a signal
    to stop with one message and 128 + the number of the signal.
    """
    hints = get_type_hints(run, include_extras=True)
    arguments = _parser(run, hints, stage).parse_args()
    files = {name: getattr(arguments, name) for name in hints if _role(hints[name])}
    try:
        start_log(arguments.log, stage)
        set_threads(arguments.threads)
        with stoppable(stage):
            _run(run, settings, stage, arguments, hints, files)
    except UserError as error:
        if arguments.debug:
            raise
        log.error("listill %s: error: %s", stage, error)
        sys.exit(1)
    except Exception as error:
        if arguments.debug:
            raise
        if explanation := shortage.explanation(error, _paths(files, hints, "output")[0]):
            log.error("listill %s: error: %s", stage, explanation)
        else:
            log.exception("listill %s: unexpected error", stage)
        sys.exit(1)


def _run(
    run: Callable[..., None],
    settings: type[StageSettings],
    stage: str,
    arguments: argparse.Namespace,
    hints: dict[str, Any],
    files: dict[str, Any],
) -> None:
    """Check the inputs and run the stage; see ``main``."""
    from listill import tables

    config: Path | None = arguments.config
    frozen = config.read_bytes() if config and config.is_file() else b""
    stage_settings = read_json(settings, config) if config else parse(settings, {}, "--config is missing")
    inputs = _paths(files, hints, "input", "corpora", "others", "model")
    outputs = _paths(files, hints, "output") if writes() else []
    for path in inputs:
        if not path.exists():
            raise UserError(f"{path}: no such file")
    with locked(outputs):
        corpus = tables.common_corpus(_paths(files, hints, "input"))
        _check_corpora({name: files[name] for name in files if _role(hints[name]) == "corpora"}, stage_settings)
        for model in _paths(files, hints, "model"):
            trained_on = tables.common_corpus([model])
            if corpus and trained_on and trained_on != corpus:
                key = tables.provenance(model).key
                log.info(
                    "model %s: was trained on the corpus '%s' and is used on the corpus '%s'", key, trained_on, corpus
                )
        lineage = tables.merge_lineages(inputs)
        job = Job(
            stage, fingerprint(stage, stage_settings, lineage), lineage, stage_settings, arguments.threads, corpus
        )
        with unless_outdated(outputs, config, frozen, inputs):
            run(stage_settings, job, **files)


def _check_corpora(files: dict[str, list[Path]], settings: StageSettings) -> None:
    """Raise UserError unless each option has one file of each corpus, in the order of the settings."""
    from listill import tables

    corpora: list[str] = getattr(settings, "corpora", [])
    for option, paths in files.items():
        if paths and len(paths) != len(corpora):
            raise UserError(
                f"--{option.replace('_', '-')} has {len(paths)} files, but the settings have {len(corpora)} corpora: give "
                "one file for each"
            )
        for path, corpus in zip(paths, corpora, strict=False):
            found = tables.common_corpus([path])
            if found not in (None, corpus):
                raise UserError(
                    f"{path}: is of the corpus '{found}', but in the place of '{corpus}': give the files in the order "
                    f"{', '.join(corpora)}"
                )
