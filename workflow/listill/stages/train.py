"""Train one variant of a student on its lists; keep the step that is best on dev queries."""

import contextlib
import logging
import shutil
from typing import Any

from listill.settings.config import Settings
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.stages.command import In, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 2
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
        guide=None if guide is None else config.bi_encoder(guide),
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
    from listill.training.save import write
    from listill.training.selection import selector
    from listill.training.temperature import with_teacher_temperature

    allocator.keep_freed()
    processes = Processes()
    if not processes.first:
        log.setLevel(logging.WARNING)
    recipe, seed = settings.recipe, settings.training_seed
    documents = collection.load(corpus)
    chosen = training_set.choose_lists(tables.read(lists, "lists"), recipe, settings.variant, seed)
    judged = tables.read(qrels, "qrels").query("split == 'train'")
    examples = training_set.load(documents, chosen, tables.read(queries, "queries"), judged)
    if recipe.uses_guide:
        if guide is None or settings.guide is None:
            raise UserError(
                "negatives.guide is set, but --guide (its embeddings) or its model in the settings is missing"
            )
        examples = examples.with_guide(Encoder(settings.guide), vectors.load(guide, documents))
    encoder = Encoder(settings.student, trainable=True)
    matrix = vectors.load(embeddings, documents)
    recipe = with_teacher_temperature(recipe, encoder, examples, matrix, seed)
    if recipe is not settings.recipe:
        job.details["teacher_temperature"] = recipe.temperatures.teacher
    evaluated = evaluation_queries(topics, qrels, queries, corpus)
    stored = stored_tokens.load(tokens, documents)
    dev, base = selector(documents, evaluated, encoder, matrix, stored, recipe.selection, settings.seed)
    with job.work(out) if processes.first else contextlib.nullcontext() as work:
        folder = processes.agree(work)
        if processes.first and out.exists():  # what Snakemake left of an earlier version
            shutil.rmtree(out)
        curves = out.with_name(f"{out.name}.tensorboard")
        read = examples.tokenise(encoder, stored)
        result = Training(encoder, examples, read, recipe, dev, seed, folder, curves, processes).run(base)
        if processes.first:
            job.details |= result.summary(base) | {"base_model": settings.student.model, "trained": examples.counts}
            about = job.provenance(f"models/{settings.name}/{settings.variant}")
            write(encoder, result, list(recipe.losses), base, about, out)


if __name__ == "__main__":
    main(run, TrainStage, "train")
