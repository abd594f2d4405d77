"""Propose a config for a file or folder of documents, or show what the models see of a corpus.

python -m listill.init PATH              writes config/<name>.yaml
python -m listill.init --check CONFIG    shows the first ten documents of each corpus
"""

import argparse
import logging
import re
import sys
from pathlib import Path

from listill.errors import UserError
from listill.init.preview import SHOWN, first_documents, lines, seen
from listill.init.proposal import as_yaml, corpus_name, propose
from listill.section import NAME
from listill.settings.config_file import read
from listill.text import printable


def write_config(path: Path, name: str | None, out: Path | None) -> str:
    """Write the config that is proposed for ``path``; return what was found and what to do next, as text."""
    proposal = propose(path)
    name = name or corpus_name(path)
    if not re.match(NAME, name):
        raise UserError(f"--name {name}: a name has letters, digits, - and _, and begins with a letter or digit")
    file = out or Path("config") / f"{name}.yaml"
    if file.exists():
        raise UserError(f"{file}: exists already: choose another file with --out, or remove it")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(as_yaml(proposal, name, str(file)), encoding="utf-8")
    except OSError as error:
        raise UserError(f"{file}: cannot be written ({error.strerror}): choose another file with --out") from None
    return f"{path}: {proposal.found}\nwrote {file}\nnext: python -m listill.init --check {file}"


def check(config: Path) -> str:
    """Return the first documents of each corpus of a config, as each student sees them, as text."""
    from listill.retrieval.encoder import Encoder

    settings = read(config)
    parts = []
    encoders = {name: Encoder(student) for name, student in sorted(settings.students.items())}
    for corpus in sorted(settings.corpora):
        doc_ids, texts, counts = first_documents(settings, corpus)
        numbers = ", ".join(f"{count} {what}" for what, count in counts.items())
        parts.append(f"{corpus}: {numbers}")
        for name, encoder in encoders.items():
            parts.append(f"the first {len(doc_ids)} documents for {name}, which reads {encoder.max_length} tokens:")
            parts += [line for one in seen(encoder, doc_ids, texts) for line in lines(one)]
    return "\n".join(parts)


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(
        prog="python -m listill.init", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument(
        "path",
        type=Path,
        nargs="?",
        metavar="PATH",
        help="a .jsonl, .csv, .tsv or .parquet file with one document per row, a BEIR folder, or a folder of .txt and .md "
        "files",
    )
    what.add_argument(
        "--check",
        type=Path,
        metavar="CONFIG",
        help=f"instead: read the corpora of a config, and show the first {SHOWN} documents of each as the models will see "
        "them, cut at max_length, with the number of tokens",
    )
    parser.add_argument("--name", help="name of the corpus and of its folder in results/; default: that of the path")
    parser.add_argument("--out", type=Path, metavar="CONFIG", help="the config to write; default: config/<name>.yaml")
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        config, path = arguments.check, arguments.path
        said = check(config) if config else write_config(path, arguments.name, arguments.out)
    except UserError as error:
        sys.exit(f"listill init: error: {error}")
    print("\n".join(printable(line) for line in said.splitlines()))


if __name__ == "__main__":
    main()
