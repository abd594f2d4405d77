"""Tell in a few minutes whether training can help on a corpus. Nothing is trained or written.

On a sample of the corpus, the teacher is compared with the untrained students, synthetic queries search their passages, and
the documents are looked at: near duplicates, how alike they are, and how much of them the models read.
docs/when-not-to-finetune.md explains the verdict.
"""

import argparse
import logging
import os
import sys
import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

from listill.errors import UserError
from listill.headroom.findings import reasons, verdict
from listill.settings.config_file import read
from listill.stages.process import set_threads, start_log
from listill.text import printable

if TYPE_CHECKING:
    from listill.headroom.findings import Findings

# The size of the sample: encoding it with a small student takes a minute on two cores.
DOCUMENTS, QUERIES = 3000, 200
SIGNS = {"for": "+", "against": "-", "first": "!", "note": " "}


def text(corpus: str, found: "Findings", replaced: bool) -> str:
    """Return the findings on a corpus and the verdict as text."""
    given = reasons(found)
    lines = [f"{corpus}: {verdict(given)}", f"  measured on {found.sampled} of {found.documents} documents"]
    if replaced:
        lines.append("  the run's own generator was not used: the synthetic queries are sentences of the passages")
    for reason in given:
        mark = f"{SIGNS[reason.level]} "
        lines += textwrap.wrap(reason.text, 100, initial_indent=mark, subsequent_indent="  ")
    return "\n".join(lines)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m listill.headroom", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("config", type=Path, metavar="CONFIG", help="a config file, such as config/my-corpus.yaml")
    parser.add_argument(
        "--documents", type=int, default=DOCUMENTS, help=f"size of the sample of documents; default: {DOCUMENTS}"
    )
    parser.add_argument(
        "--queries", type=int, default=QUERIES, help=f"number of topics and of synthetic queries; default: {QUERIES}"
    )
    parser.add_argument(
        "--threads", type=int, default=os.cpu_count() or 1, help="number of processor cores to use; default: all"
    )
    arguments = parser.parse_args()
    try:
        start_log(None)
        logging.getLogger("listill").setLevel(logging.WARNING)
        set_threads(arguments.threads)
        for name in ("documents", "queries"):
            if getattr(arguments, name) < 2:
                raise UserError(f"--{name} {getattr(arguments, name)}: give 2 or more")
        settings = read(arguments.config)

        from listill.estimate.statistics import of_source
        from listill.headroom.measure import findings
        from listill.headroom.sample import replaces

        replaced = replaces(settings.generation.generator)
        for corpus in settings.learned:
            contents = of_source(settings.corpora[corpus], settings.seed)
            found = findings(settings, corpus, contents, arguments.documents, arguments.queries)
            print("\n".join(printable(line) for line in text(corpus, found, replaced).splitlines()), flush=True)
    except UserError as error:
        sys.exit(f"listill headroom: error: {error}")


if __name__ == "__main__":
    main()
