"""Write queries for the passages of a corpus (or take those that a language model wrote), clean them, add human topics."""

from typing import TYPE_CHECKING, Any, Literal

from listill.settings.config import Settings
from listill.settings.generation import Cleaning, Generation
from listill.stages.command import In, Ins, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings

if TYPE_CHECKING:
    from listill.queries.generator import Generator as AnyGenerator
else:
    from listill.settings.generation import AnyGenerator

VERSION = 1


class GenerateStage(StageSettings):
    """What the queries depend on; without a generator they are given."""

    generator: AnyGenerator | None = Generation().generator
    passages: int | None = None
    passages_from: Literal["all", "relevant"] = "all"
    human: bool = True
    cleaning: Cleaning = Cleaning()
    seed: int = 42


def settings(config: Settings, corpus: str) -> GenerateStage:
    """Return the settings of this stage. What a language model is asked is the business of the stage ``ask``."""
    generation = config.generation
    kept: dict[str, Any] = {
        "version": VERSION,
        "human": generation.human,
        "cleaning": generation.cleaning,
        "seed": config.seed,
    }
    if generation.generator.asks_model:
        return GenerateStage(generator=None, **kept)
    chosen = {"passages": config.passages(corpus), "passages_from": config.corpora[corpus].passages_from}
    return GenerateStage(generator=generation.generator, **chosen, **kept)


def run(
    settings: GenerateStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    out: Out,
    funnel: Out,
    heldout: MaybeIn = None,
    generated: Ins = [],
) -> None:
    """Write queries.parquet and its funnel; ``generated`` are the shards of what a language model wrote."""
    from listill import tables
    from listill.corpus import collection
    from listill.queries import build
    from listill.queries.passages import relevant_to_train_topics, split_of

    documents = collection.load(corpus)
    asked = None
    if settings.generator is None:
        written, asked = build.from_answers(generated, documents)
    else:
        if checksum := settings.generator.checksum():
            job.depends_on(checksum)
        split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
        relevant = relevant_to_train_topics(documents, qrels) if settings.passages_from == "relevant" else None
        written = build.from_generator(settings.generator, documents, split, settings.passages, settings.seed, relevant)
    judged = tables.read(qrels, "qrels") if settings.human else None
    kept, counts = build.finish(written, tables.read(topics, "topics"), judged, settings.cleaning, asked)
    job.write(funnel, "funnel", counts, "funnel/queries")
    job.write(out, "queries", kept)


if __name__ == "__main__":
    main(run, GenerateStage, "generate")
