"""Train one variant of a student on its lists; keep the weights that are best on dev queries."""

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
    """The settings that a trained student depends on.

    ``seed`` is the config's seed. It determines the sample that all variants are measured on; ``training_seed``
    determines everything else that is random.
    """

    name: str = "student"
    variant: str = "variant"
    student: Student
    recipe: Recipe = Recipe()
    guide: Student | None = None
    seed: int = 42

    @property
    def training_seed(self) -> int:
        """The seed of the training itself: the recipe's, so that several seeds can be compared, else the config's."""
        return self.seed if self.recipe.seed is None else self.recipe.seed

    def identity(self) -> dict[str, Any]:
        """Return the settings without those of the machine, which do not affect the result or the checkpoints."""
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

    ``tokens`` and ``embeddings`` are those of the base student; ``guide`` holds the embeddings of the model that
    filters likely false negatives.
    """
    from listill import tables
    from listill.corpus import collection
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
    inputs = (tables.read(lists, "lists"), tables.read(queries, "queries"), tables.read(qrels, "qrels"))
    examples = training_set.prepare(documents, *inputs, recipe, settings.variant, seed)
    if recipe.uses_guide:
        examples = training_set.load_guide(examples, documents, settings.guide, guide)
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
        if processes.first and out.exists():  # an earlier version
            shutil.rmtree(out)
        curves = out.with_name(f"{out.name}.tensorboard")
        text_tokens = examples.tokenise(encoder, stored)
        result = Training(encoder, examples, text_tokens, recipe, dev, seed, folder, curves, processes).run(base)
        if processes.first:
            job.details |= result.summary(base) | {"base_model": settings.student.model, "trained": examples.counts}
            about = job.provenance(f"models/{settings.name}/{settings.variant}")
            write(encoder, result, base, about, out)


if __name__ == "__main__":
    main(run, TrainStage, "train")
