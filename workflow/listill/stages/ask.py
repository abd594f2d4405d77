"""Ask a language model for queries of the passages of a corpus: one share of the requests, or all of them."""

from typing import TYPE_CHECKING, Any, Literal

from listill.settings.config import Settings
from listill.stages.command import In, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings

if TYPE_CHECKING:
    from listill.queries.generator import LanguageModel as AnyGenerator
else:
    from listill.settings.generation import AnyGenerator

# To be raised when a file in queries/types or the layout of the prompts changes.
VERSION = 1


class AskStage(StageSettings):
    """What the answers depend on."""

    generator: AnyGenerator
    passages: int | None = None
    passages_from: Literal["all", "relevant"] = "all"
    seed: int = 42
    shard: int = 1
    shards: int = 1

    def identity(self) -> dict[str, Any]:
        """Return the settings without those of the machine, which change nothing in what is asked."""
        return self.model_dump(mode="json", exclude={"generator": set(self.generator.machine)})


def settings(config: Settings, corpus: str, shard: str) -> AskStage:
    """Return the settings of this stage for a share of the requests, such as ``1-of-4``."""
    number, _, shards = shard.partition("-of-")
    generation = config.generation
    return AskStage(
        version=VERSION,
        generator=generation.generator,
        passages=config.passages(corpus),
        passages_from=config.corpora[corpus].passages_from,
        seed=config.seed,
        shard=int(number),
        shards=int(shards),
    )


def run(settings: AskStage, job: Job, corpus: In, out: Out, heldout: MaybeIn = None, qrels: MaybeIn = None) -> None:
    """Write generated/<shard>.parquet: what the model answered, tidied but not cleaned.

    ``qrels`` are needed where only passages that are relevant to train topics get queries.
    """
    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.queries.asking import answer_all, as_queries
    from listill.queries.passages import passages, relevant_to_train_topics, split_of
    from listill.queries.query_types import wanted
    from listill.queries.requests import prefix, requests, share

    generator = settings.generator
    documents = collection.load(corpus)
    split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
    relevant = None
    if settings.passages_from == "relevant":
        if qrels is None:
            raise UserError("passages_from is relevant, but the judgements (--qrels) are missing")
        relevant = relevant_to_train_topics(documents, qrels)
    chosen = passages(documents, split, settings.passages, settings.seed, relevant)
    kinds = wanted(generator, settings.seed)
    job.depends_on([(kind.name, kind.words, kind.weight, prefix(kind)) for kind in kinds])
    job.details["types"] = {kind.name: {"words": kind.words, "prompt": prefix(kind)} for kind in kinds}
    everything = requests(kinds, documents, chosen, settings.seed, generator.passage_characters)
    shard = share(everything, settings.shard, settings.shards)
    with job.work(out) as work:
        answers = answer_all(generator, shard, work, job.details)
        table = as_queries(generator.label, shard, answers, split)
        job.write(out, "queries", table, f"generated/{settings.shard}-of-{settings.shards}")


if __name__ == "__main__":
    main(run, AskStage, "ask")
