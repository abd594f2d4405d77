"""Train one variant of a student on its lists; keep the weights that are best on dev queries."""

import contextlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from listill.settings.config import Settings
from listill.settings.students import FrozenEncoder, Student
from listill.settings.training import Recipe
from listill.stages.command import In, MaybeIn, MaybeOut, Others, Out, main
from listill.stages.job import Job, StageSettings
from listill.system_names import seed_number

if TYPE_CHECKING:
    from listill.retrieval.encoder import Encoder
    from listill.training.decision import Decision
    from listill.training.parts import Files, Loaded

VERSION = 3


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
    anchor_texts: Others = [],
    retention: Others = [],
    embeddings_out: MaybeOut = None,
) -> None:
    """Write the model folder ``out`` with history.parquet in it, and the embeddings of the corpus by this model.

    ``tokens`` and ``embeddings`` are those of the base student; ``guide`` holds the embeddings of the model that
    filters likely false negatives. ``dev_candidates`` are included in the documents that weights are measured on.
    ``anchor_texts`` are corpus.parquet, tokens and embeddings of the corpus that training.anchor_texts names. ``retention``
    are corpus.parquet, topics.parquet, qrels.parquet, tokens and embeddings of the corpora in
    training.selection.retention, and their queries.parquet if synthetic dev queries may be used.
    """
    from listill.retrieval import embeddings as vectors
    from listill.training.parts import Files
    from listill.training.save import write

    files = Files(corpus, topics, qrels, queries, lists, tokens, embeddings, guide, dev_candidates, anchor_texts)
    with trained(settings, job, files, retention, out) as (encoder, loaded, decision):
        if loaded.part.temperatures is not settings.recipe.temperatures:
            job.details["teacher_temperature"] = loaded.part.temperatures.teacher
        if decision:
            counts = loaded.part.examples.counts
            job.details |= decision.summary() | {"base_model": settings.student.model, "trained": counts}
            about = job.provenance(f"models/{settings.name}/{settings.variant}")
            write(encoder, decision.result, decision.base, about, out)
            if embeddings_out is not None:
                key = f"embeddings/{settings.name}.{settings.variant}"
                documents = loaded.whole.selector.collection
                vectors.write(embeddings_out, decision.embeddings[0], documents, job.provenance(key))


@contextlib.contextmanager
def trained(
    settings: TrainStage, job: Job, files: "Files", retention: Sequence[Path], out: Path, share: float = 1.0
) -> "Iterator[tuple[Encoder, Loaded, Decision | None]]":
    """Train on one corpus; yield the encoder with the kept weights, what was read, and the decision about the weights.

    ``share`` is that of the lists. The decision is None in all processes but the first. The checkpoints for ``out`` are kept
    until the context ends.
    """
    from listill.retrieval.encoder import Encoder
    from listill.training import elsewhere, parts, session

    processes, recipe, seed = session.begin(), settings.recipe, settings.training_seed
    encoder = Encoder(settings.student, trainable=True)
    loaded = parts.load(files, encoder, recipe, settings.variant, settings.guide, seed, settings.seed, share=share)
    others = elsewhere.load(retention, encoder, recipe, settings.seed, [job.corpus])
    with job.work(out) if processes.first else contextlib.nullcontext() as work:
        yield encoder, loaded, session.train(encoder, [loaded], recipe, seed, work, out, processes, others=others)


if __name__ == "__main__":
    main(run, TrainStage, "train")
