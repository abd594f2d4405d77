"""A small training, also as a script that tests can interrupt or run in several processes.

python tiny_training.py MODEL WORK OUT RECIPE [SIZES] trains the tiny MODEL with checkpoints in WORK, jointly on corpora of
these SIZES if there are several. The first process writes the weights and the history to OUT.
"""

import json
import logging
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch

import tiny
from listill.corpus.collection import Collection
from listill.ragged import Ragged
from listill.retrieval.encoder import Encoder
from listill.settings.joint import ALTERNATE, Turns
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training.base_embeddings import with_base
from listill.training.examples import Examples
from listill.training.loop import Result, Training
from listill.training.parts import Part
from listill.training.processes import Processes
from listill.training.selection import Selector

SIZE = 22
RECIPE = {
    "epochs": 5,
    "batch": 5,
    "learning_rate": 3e-3,
    "losses": {"listwise": 1.0, "infonce": 0.2},
    "temperatures": {"teacher": 0.2},
    "selection": {"evaluations": 4, "average": 2, "merge": "use"},
    "checkpoint": 2,
}


def collection(size: int, seed: int = 0) -> Collection:
    """Return a tiny corpus."""
    rows = tiny.tiny_documents(size, seed)
    return Collection([r["_id"] for r in rows], [r["title"] for r in rows], [r["text"] for r in rows], np.arange(size))


def selector(documents: Collection) -> Selector:
    """Return a selector with one query for every document: the words of its title in another order."""
    ids = [f"q{i}" for i in range(len(documents))]
    judged = pd.DataFrame({"query_id": ids, "doc_id": documents.doc_ids, "relevance": 1, "split": "dev"})
    titles = [f"{(title or '').split()[-1]} {(title or '').split(':')[0]}" for title in documents.titles]
    return Selector(documents, ids, titles, judged)


def part(encoder: Encoder, examples: Examples, recipe: Recipe, dev: Selector, name: str = "") -> Part:
    """Return a part of a training."""
    tokens = (encoder.tokenise(examples.queries, "query"), encoder.tokenise(examples.texts, "document"))
    return Part(examples, *tokens, recipe.temperatures, dev, name=name)


def training_set(documents: Collection, seed: int = 0) -> Examples:
    """Return examples whose queries are the titles, with lists that share documents."""
    size = len(documents)
    draw = np.random.default_rng(seed)
    lists = [np.array([i, *draw.permutation([d for d in range(size) if d != i])[: 2 + i % 3]]) for i in range(size)]
    return Examples(
        query_ids=[f"q{i}" for i in range(size)],
        types=["title"] * size,
        queries=[title or "" for title in documents.titles],
        lists=Ragged.of(lists),
        scores=Ragged.of([np.linspace(1, 0, len(row), dtype=np.float32) for row in lists]),
        relevant=Ragged.of([row[:1] for row in lists]),
        texts=documents.texts,
        group=np.arange(size),
        document=np.arange(size),
    )


def training(
    model: Path,
    recipe: dict[str, object],
    work: Path | None = None,
    processes: Processes | None = None,
    sizes: Sequence[int] = (SIZE,),
    turns: Turns = ALTERNATE,
) -> Training:
    """Return a training on one or several tiny corpora of these sizes, called c0, c1, ..."""
    encoder = Encoder(Student(model=str(model), precision="fp32"), trainable=True)
    encoder.token_budget = 120
    full_recipe = Recipe.model_validate({**RECIPE, **recipe})
    parts = []
    for number, size in enumerate(sizes):
        documents = collection(size, number)
        examples = training_set(documents, number)
        tokens = (encoder.tokenise(examples.queries, "query"), encoder.tokenise(examples.texts, "document"))
        examples = with_base(examples, encoder, encoder.encode(tokens[1], "document"), tokens, full_recipe)
        parts.append(part(encoder, examples, full_recipe, selector(documents), f"c{number}"))
    return Training(encoder, parts, full_recipe, seed=3, work=work, processes=processes, turns=turns)


def final(training: Training) -> tuple[Result, dict[str, torch.Tensor]]:
    """Run a training; return its result and its final weights."""
    result = training.run(base=0.0)
    return result, training.encoder.model.state_dict()


def untimed(result: Result) -> list[dict[str, Any]]:
    """Return the history without the times."""
    return [{key: value for key, value in row.items() if key != "seconds"} for row in result.history]


if __name__ == "__main__":
    torch.set_num_threads(1)
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    model, work, out = map(Path, sys.argv[1:4])
    processes = Processes()
    sizes = json.loads(sys.argv[5]) if len(sys.argv) > 5 else [SIZE]
    process_training = training(model, json.loads(sys.argv[4]), work, processes, sizes)
    result = process_training.run(base=0.0)
    if processes.first:
        about = {"history": untimed(result), "best": result.best, "best_step": result.best_step, "kept": result.kept}
        torch.save({"weights": process_training.encoder.model.state_dict(), "about": json.dumps(about)}, out)
