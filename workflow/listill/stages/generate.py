"""Generate queries for the passages of a corpus, or read those of a language model; clean them and add human topics."""

from typing import TYPE_CHECKING, Any, Literal

from listill.settings.config import Settings
from listill.settings.generation import Cleaning, Generation
from listill.stages.command import In, Ins, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings

if TYPE_CHECKING:
    from listill.queries.generator import Generator as AnyGenerator
else:
    from listill.settings.generation import AnyGenerator

VERSION = 2


class GenerateStage(StageSettings):
    """The settings that the queries depend on. Without a generator, the stage reads the output of the stage ``ask``."""

    generator: AnyGenerator | None = Generation().generator
    passages: int | None = None
    passages_from: Literal["all", "relevant"] = "all"
    human: bool = True
    cleaning: Cleaning = Cleaning()
    seed: int = 42


def settings(config: Settings, corpus: str) -> GenerateStage:
    """Return the settings of this stage; requests to a language model belong to the stage ``ask``."""
    generation = config.generation
    common: dict[str, Any] = {
        "version": VERSION,
        "human": generation.human,
        "cleaning": generation.cleaning,
        "seed": config.seed,
    }
    if generation.generator.asks_model:
        return GenerateStage(generator=None, **common)
    passages = {"passages": config.passages(corpus), "passages_from": config.corpora[corpus].passages_from}
    return GenerateStage(generator=generation.generator, **passages, **common)


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
    """Write queries.parquet and its funnel; ``generated`` are the shards that the stage ``ask`` wrote."""
    from listill import tables
    from listill.corpus import collection
    from listill.queries import build
    from listill.queries.passages import relevant_to_train_topics, split_of

    documents = collection.load(corpus)
    request_info = None
    if settings.generator is None:
        queries, request_info = build.from_answers(generated, documents)
    else:
        if checksum := settings.generator.checksum():
            job.depends_on(checksum)
        split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
        relevant = relevant_to_train_topics(documents, qrels) if settings.passages_from == "relevant" else None
        queries = build.from_generator(settings.generator, documents, split, settings.passages, settings.seed, relevant)
    judgements = tables.read(qrels, "qrels") if settings.human else None
    all_topics = tables.read(topics, "topics")
    kept, counts = build.finish(queries, all_topics, judgements, settings.cleaning, request_info)
    job.write(funnel, "funnel", counts, "funnel/queries")
    job.write(out, "queries", kept)


if __name__ == "__main__":
    main(run, GenerateStage, "generate")
