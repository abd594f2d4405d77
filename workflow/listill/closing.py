"""The last lines of a run that went well: the results, where they are, and how to use them."""

from collections.abc import Iterable
from pathlib import Path

from listill.errors import UserError

_MOST = 12  # files that are listed one by one
# Pages over all corpora, which are named if a run was asked for them.
_PAGES = {"overview.html": "the overview", "papers.html": "the papers' tables"}


def show(made: Iterable[str], targets: Iterable[str]) -> None:
    """Print ``text`` after an empty line, or why there is none: a table may have been damaged since it was made."""
    try:
        print(f"\n{text(made, targets)}", flush=True)
    except UserError as error:
        print(f"\nlistill: error: {error}", flush=True)


def text(made: Iterable[str], targets: Iterable[str]) -> str:
    """Return what a run has to say at its end.

    ``made`` are the files of the run, whether they were made now or before; ``targets`` are those that it was asked for.
    If reports are made, the text has the tables and verdicts of all of them, and names the pages over all corpora.
    Otherwise it lists the targets or, if they are many, their folders.
    """
    reports = sorted({path for path in made if Path(path).name == "report.html"})
    if reports:
        named = sorted({path for path in targets if Path(path).name in _PAGES})
        pages = "\n".join(f"{_PAGES[Path(path).name]}: {Path(path).absolute()}" for path in named)
        return "\n\n\n".join([*(_results(Path(path).parent) for path in reports), *filter(None, [pages])])
    places = sorted(set(targets))
    if len(places) > _MOST:
        places = sorted({f"{Path(path).parent}/" for path in places})
    return "\n".join(["files:", *(f"  {place}" for place in places)])


def _results(folder: Path) -> str:
    try:
        from listill.report import table
    except ImportError as error:
        return (
            f"the page: {(folder / 'report.html').absolute()}\nthe models: {(folder / 'models').absolute()}\n"
            f"the table is not shown, because {error.name} is not installed where Snakemake runs: "
            f"python -m listill.report.table {folder}"
        )
    return table.text(folder)
