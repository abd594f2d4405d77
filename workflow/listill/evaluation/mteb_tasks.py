"""Tasks of MTEB: what a student reaches on benchmarks that others report. The package `mteb` is an extra."""

from collections.abc import Sequence
from typing import Any

import pandas as pd
from sentence_transformers import SentenceTransformer

from listill.errors import UserError


def measure(model: SentenceTransformer, names: Sequence[str]) -> pd.DataFrame:
    """Return the main score of a model on the named tasks, for each subset (language, for example) and split.

    The columns are those of the table ``mteb``. The model is used as it is: with its prompts and its maximum length. Raises
    UserError if the package is not installed, if it has no such task, or if the data of a task are neither in the cache nor
    can be loaded.
    """
    mteb = _package()
    rows = []
    for task in [_task(mteb, name) for name in names]:
        _load(task)
        results = mteb.evaluate(model, task, cache=None, show_progress_bar=False).task_results
        rows += [
            {
                "task": result.task_name,
                "subset": scores["hf_subset"],
                "split": split,
                "measure": task.metadata.main_score,
                "value": float(scores["main_score"]),
                "revision": result.dataset_revision,
            }
            for result in results
            for split, subsets in result.scores.items()
            for scores in subsets
        ]
        task.unload_data()
    return pd.DataFrame(rows)


def _package() -> Any:
    try:
        import mteb
    except ImportError:
        raise UserError(
            "evaluation.mteb: the package mteb is not installed: install the extra `mteb` (`pip install -e '.[mteb]'`), or "
            "remove the key"
        ) from None
    return mteb


def _task(mteb: Any, name: str) -> Any:
    try:
        return mteb.get_task(name)
    except KeyError as error:  # its message names the nearest task
        hint = str(error.args[0]).partition("not found")[2].strip(". ")
        raise UserError(f"evaluation.mteb: mteb has no task '{name}'{f': {hint}' if hint else ''}") from None


def _load(task: Any) -> None:
    """Load the data of a task. What `datasets` and the hub raise without a network are kinds of OSError."""
    try:
        task.load_data()
    except OSError as error:
        raise UserError(
            f"evaluation.mteb: the data of {task.metadata.name} are not in the cache and cannot be loaded "
            f"({str(error).splitlines()[0]}): run this stage once on a machine with access to the hub, or remove the task"
        ) from None
