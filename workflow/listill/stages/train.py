"""Train one variant of a student on its lists; keep the weights that are best on dev queries."""

import contextlib
import logging
from typing import Any

from listill.settings.config import Settings
from listill.settings.students import FrozenEncoder, Student
from listill.settings.training import Recipe
from listill.stages.command import In, MaybeIn, MaybeOut, Out, main
from listill.stages.job import Job, StageSettings
from listill.system_names import seed_number

VERSION = 3
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
    guide: Student | FrozenEncoder | None = None
    seed: int = 42

    @property
    def training_seed(self) -> int:
        """The seed of the training itself: the recipe's, else the config's; the next ones for the variant's next seeds."""
        first = self.seed if self.recipe.seed is None else self.recipe.seed
        return first + seed_number(self.variant) - 1

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
    dev_candidates: MaybeIn = None,
    embeddings_out: MaybeOut = None,
) -> None:
    """Write the model folder ``out`` with history.parquet in it, and the embeddings of the corpus by this model.

    ``tokens`` and ``embeddings`` are those of the base student; ``guide`` holds the embeddings of the model that
    filters likely false negatives. ``dev_candidates`` are included in the documents that weights are measured on.
    """
    import numpy as np

    from listill import tables
    from listill.checksums import remove
    from listill.corpus import collection
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval import embeddings as vectors
    from listill.retrieval import stored_tokens
    from listill.retrieval.encoder import Encoder
    from listill.training import allocator
    from listill.training import examples as training_set
    from listill.training.base_embeddings import with_base
    from listill.training.decision import decide
    from listill.training.loop import Training
    from listill.training.processes import Processes
    from listill.training.save import write
    from listill.training.selection import selector, whole_corpus
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
    matrix, stored = vectors.load(embeddings, documents), stored_tokens.load(tokens, documents)
    recipe = with_teacher_temperature(recipe, encoder, examples, matrix, seed)
    if recipe is not settings.recipe:
        job.details["teacher_temperature"] = recipe.temperatures.teacher
    evaluated = evaluation_queries(topics, qrels, queries, corpus)
    whole = whole_corpus(documents, evaluated, encoder, stored)
    fixed_texts = None
    if recipe.tower == "query":
        whole.fixed = matrix
        fixed_texts = examples.embed_texts(encoder, matrix, np.arange(len(examples.texts)))
    base = whole.measure(encoder, matrix)
    candidates = None if dev_candidates is None else tables.read(dev_candidates, "candidates")
    dev, base_on_part = selector(whole, evaluated, encoder, matrix, recipe.selection, settings.seed, candidates)
    with job.work(out) if processes.first else contextlib.nullcontext() as work:
        folder = processes.agree(work)
        if processes.first:
            remove(out)  # an earlier version
        curves = out.with_name(f"{out.name}.tensorboard")
        text_tokens = examples.tokenise(encoder, stored)
        examples = with_base(examples, encoder, matrix, text_tokens, recipe)
        training = Training(encoder, examples, text_tokens, recipe, dev, seed, folder, curves, processes, fixed_texts)
        result = training.run(base_on_part)
        if processes.first:
            decision = decide(encoder, result, whole, base, matrix, folder, recipe.selection.base)
            job.details |= decision.summary() | {"base_model": settings.student.model, "trained": examples.counts}
            write(encoder, decision.result, base, job.provenance(f"models/{settings.name}/{settings.variant}"), out)
            if embeddings_out is not None:
                key = f"embeddings/{settings.name}.{settings.variant}"
                vectors.write(embeddings_out, decision.embeddings, documents, job.provenance(key))


if __name__ == "__main__":
    main(run, TrainStage, "train")
