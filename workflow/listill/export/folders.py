"""The exported folders: one folder per format, and a README.md that says what is in them and how to load them."""

import logging
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from listill import families, tables
from listill.export.measured_corpus import MeasuredCorpus
from listill.export.training_lists import TrainingLists

log = logging.getLogger("listill")
README = "README.md"


def chosen(formats: Sequence[str], of: str) -> list[str]:
    """Return those of the formats that hold ``of``: ``lists`` or ``corpus``."""
    return [name for name in formats if of == families.load("formats", name).OF]


def write(out: Path, material: Any, formats: Sequence[str], of: str, introduction: str) -> None:
    """Write the folder ``out``, which is replaced: a folder for each of the formats that hold ``of``, and README.md."""
    with tables.atomic(out) as temporary:
        temporary.mkdir()
        parts = [introduction]
        for name in chosen(formats, of):
            member = families.load("formats", name)
            (temporary / name).mkdir()
            member.write(material, temporary / name)
            parts.append(f"## {name}\n\n{member.LOAD}")
        (temporary / README).write_text("\n\n".join(parts) + "\n", encoding="utf-8")
    log.info("%s: %s", out, ", ".join(chosen(formats, of)) or "no format is chosen")


def write_lists(out: Path, material: TrainingLists, formats: Sequence[str], template: str, corpus: str) -> None:
    """Write the training lists in the chosen formats."""
    lengths = Counter(len(one.passages) for one in material.lists)
    left_out = len(material.lists) - len(material.contrastive)
    types = ", ".join(f"{count} {kind}" for kind, count in material.types.items())
    introduction = f"""# Training lists of {material.name} on {corpus}

{len(material.lists)} lists ({types}). The numbers of passages in a list are {_described(lengths)}.

- A list has a query, its positives and its negatives. Positives are the source passage, judged passages, and those that the
  teachers score near the positive.
- The scores are the targets of the training: the normalised scores of the ensemble of teachers, higher is better.
- Texts are rendered with the template `{template}`. They have no prompt: give the trainer the prompts of the model.
- A passage that a query was taken from lacks the words of the query; its id is `<doc_id>#<query_id>`.
- {left_out} lists have no negative. They are only in formats that need none.
- The texts are those of your corpus: check its licence before you pass them on."""
    write(out, material, formats, "lists", introduction)


def write_corpus(out: Path, material: MeasuredCorpus, formats: Sequence[str]) -> None:
    """Write the corpus, its queries and judgements, and the runs in the chosen formats."""
    evaluated = material.evaluated
    splits = sorted(evaluated.queries["split"].unique())
    judged = "; ".join(f"{split}: {evaluated.composition(split)}" for split in splits) or "none"
    introduction = f"""# The corpus {material.name}

{len(material.collection)} documents, {len(material.topics)} topics of people, {len(material.runs)} runs. Systems are measured
on judged queries: {judged}.

The texts are those of your corpus: check its licence before you pass them on."""
    write(out, material, formats, "corpus", introduction)


def _described(lengths: Counter[int]) -> str:
    return ", ".join(f"{length} ({count} lists)" for length, count in sorted(lengths.items())) or "0 (no lists)"
