"""Train one variant of a student on its lists; keep the step that is best on dev queries."""

import contextlib
import dataclasses
import logging
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listill.settings import Recipe, Settings, Student
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd

    from listill.retrieval.encoder import Encoder
    from listill.tables import Provenance
    from listill.training.examples import Examples
    from listill.training.loop import Result

VERSION = 2
# Lists on which the temperature is matched, and the losses that have one.
SAMPLE = 512
TEACHERS = {"listwise", "margin_mse"}
log = logging.getLogger("listill")


class TrainStage(StageSettings):
    """What a trained student depends on.

    ``seed`` is the config's: it draws what all variants are measured on. ``training_seed`` draws the rest.
    """

    name: str = "student"
    variant: str = "variant"
    student: Student
    recipe: Recipe = Recipe()
    guide: Student | None = None
    seed: int = 42

    @property
    def training_seed(self) -> int:
        """The seed of the training itself: the recipe's own, so that several seeds can be compared, or the config's."""
        return self.seed if self.recipe.seed is None else self.recipe.seed

    def identity(self) -> dict[str, Any]:
        """Return the settings without those of the machine: a checkpoint fits whatever they are."""
        return self.model_dump(mode="json", exclude={"recipe": {"memory", "checkpoint", "tensorboard"}})


def settings(config: Settings, corpus: str, student: str, variant: str) -> TrainStage:
    """Return the settings of this stage for one variant of one student."""
    recipe = config.training.recipe(variant)
    guide = recipe.negatives.guide
    return TrainStage(
        version=VERSION,
        name=student,
        variant=variant,
        student=config.students[student],
        recipe=recipe,
        guide=None if guide is None else {**config.mining.dense, **config.students}[guide],
        seed=config.seed,
    )


def run(
    settings: TrainStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    lists: In,
    tokens: In,
    embeddings: In,
    out: Out,
    guide: MaybeIn = None,
) -> None:
    """Write the model folder ``out`` with history.parquet in it.

    ``tokens`` and ``embeddings`` are the base student's, ``guide`` the embeddings of the model that guides the negatives.
    """
    import numpy as np

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval import embeddings as vectors
    from listill.retrieval import stored_tokens
    from listill.retrieval.encoder import Encoder
    from listill.training import allocator
    from listill.training import examples as training_set
    from listill.training.loop import Training
    from listill.training.processes import Processes
    from listill.training.selection import selector

    allocator.keep_freed()
    processes = Processes()
    if not processes.first:
        log.setLevel(logging.WARNING)
    recipe = settings.recipe
    documents = collection.load(corpus)
    chosen = choose(tables.read(lists, "lists"), settings)
    judged = tables.read(qrels, "qrels").query("split == 'train'")
    examples = training_set.load(documents, chosen, tables.read(queries, "queries"), judged)
    if recipe.negatives.guide is not None and ("contrastive" in recipe.losses or recipe.negatives.listwise):
        if guide is None or settings.guide is None:
            raise UserError(
                "negatives.guide is set, but --guide (its embeddings) or its model in the settings is missing"
            )
        everything = np.arange(len(examples)), np.arange(len(examples.texts))
        guided = examples.embed(Encoder(settings.guide), vectors.load(guide, documents), *everything)
        examples = dataclasses.replace(examples, guide=guided)
    encoder = Encoder(settings.student, trainable=True)
    matrix = vectors.load(embeddings, documents)
    recipe = with_temperature(encoder, examples, matrix, recipe, settings.training_seed)
    if recipe is not settings.recipe:
        job.details["teacher_temperature"] = recipe.temperatures.teacher
    asked = evaluation_queries(topics, qrels, queries, corpus)
    stored = stored_tokens.load(tokens, documents)
    dev, base = selector(documents, asked, encoder, matrix, stored, recipe.selection, settings.seed)
    read = examples.tokenise(encoder, stored)
    curves = out.with_name(f"{out.name}.tensorboard")
    with job.work(out) if processes.first else contextlib.nullcontext() as work:
        folder = processes.agree(work)
        if processes.first and out.exists():  # what Snakemake left of an earlier version
            shutil.rmtree(out)
        training = Training(encoder, examples, read, recipe, dev, settings.training_seed, folder, curves, processes)
        result = training.run(base)
        if not processes.first:
            return
        if result.best_step == 0:
            log.warning("train: no step was better than the base model on dev queries: the base model is kept")
        log.info("train: kept step %d, dev nDCG@10 %.4f (base %.4f)", result.best_step, result.best, base)
        counts = chosen["type"].value_counts().sort_index()
        job.details |= {
            "trained": {kind: int(count) for kind, count in counts.items()},
            "base_model": settings.student.model,
            "best_step": result.best_step,
            "kept": result.kept,
        }
        write(encoder, result, base, job.provenance(f"models/{settings.name}/{settings.variant}"), out)


def choose(lists: "pd.DataFrame", settings: TrainStage) -> "pd.DataFrame":
    """Return the lists that the recipe trains on."""
    import numpy as np

    from listill.errors import UserError

    recipe = settings.recipe
    chosen = lists.sort_values("query_id", ignore_index=True)
    if recipe.types is not None:
        if unknown := set(recipe.types) - set(chosen["type"]):
            there = ", ".join(sorted(set(chosen["type"])))
            raise UserError(f"variant {settings.variant}: no list is of type '{min(unknown)}'; there are {there}")
        chosen = chosen[chosen["type"].isin(recipe.types)].reset_index(drop=True)
    if recipe.max_lists is not None and recipe.max_lists < len(chosen):
        keep = np.random.default_rng(settings.training_seed).permutation(len(chosen))[: recipe.max_lists]
        chosen = chosen.iloc[np.sort(keep)].reset_index(drop=True)
    return chosen


def with_temperature(
    encoder: "Encoder", examples: "Examples", matrix: "np.ndarray", recipe: Recipe, seed: int
) -> Recipe:
    """Return the recipe with a number for the teacher's temperature, matched on a sample of the lists if it is `auto`."""
    import numpy as np
    import torch

    from listill.training.batches import collate
    from listill.training.temperature import matched

    if recipe.temperatures.teacher != "auto" or not TEACHERS & set(recipe.losses):
        return recipe
    drawn = np.sort(np.random.default_rng([seed, SAMPLE]).permutation(len(examples))[:SAMPLE])
    step = collate(examples, drawn, recipe.negatives)
    queries, texts = examples.embed(encoder, matrix, drawn, step.texts)
    similarity = torch.from_numpy(queries @ texts.T).gather(1, step.lists)
    student, offset = recipe.temperatures.student, recipe.temperatures.offset
    value = matched(similarity, step.scores, step.mask, student, offset)
    log.info("train: teacher temperature %.4f", value)
    return recipe.model_copy(update={"temperatures": recipe.temperatures.model_copy(update={"teacher": value})})


def write(encoder: "Encoder", result: "Result", base: float, about: "Provenance", out: Path) -> None:
    """Write the model and its history; the folder appears whole."""
    import pandas as pd

    from listill import tables
    from listill.training.save import save

    history = pd.DataFrame(result.history).reindex(columns=tables.SCHEMAS["history"].names)
    history = history.astype(dict.fromkeys(("step", "queries", "passages"), "Int64"))
    tables.clear(out)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    save(encoder, temporary, about, base, result)
    tables.write(temporary / "history.parquet", "history", history, about)
    shutil.rmtree(out, ignore_errors=True)
    os.replace(temporary, out)


if __name__ == "__main__":
    main(run, TrainStage, "train")
