"""Ask a language model for queries about the passages of a corpus: all requests, or one shard of them."""

from typing import TYPE_CHECKING, Any, Literal

from listill.settings.config import Settings
from listill.stages.command import In, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings

if TYPE_CHECKING:
    from listill.queries.generator import LanguageModel as AnyGenerator
else:
    from listill.settings.generation import AnyGenerator

# Increase it when a file in queries/types or the layout of the prompts changes.
VERSION = 2


class AskStage(StageSettings):
    """The settings that the answers depend on."""

    generator: AnyGenerator
    passages: int | None = None
    passages_from: Literal["all", "relevant"] = "all"
    seed: int = 42
    shard: int = 1
    shards: int = 1

    def identity(self) -> dict[str, Any]:
        """Return the settings without the machine settings, which do not change the requests."""
        return self.model_dump(mode="json", exclude={"generator": set(self.generator.machine)})


def settings(config: Settings, corpus: str, shard: str) -> AskStage:
    """Return the settings of this stage for one shard of the requests, such as ``1-of-4``."""
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
    """Write generated/<shard>.parquet: the answers of the model, tidied but not cleaned.

    ``qrels`` is required if only passages that are relevant to train topics get queries.
    """
    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.queries.asking import answer_all, as_queries
    from listill.queries.passages import passages, relevant_to_train_topics, split_of
    from listill.queries.query_types import resolve_types
    from listill.queries.requests import label_of, prefix, requests, share

    generator = settings.generator
    documents = collection.load(corpus)
    split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
    relevant = None
    if settings.passages_from == "relevant":
        if qrels is None:
            raise UserError("passages_from is relevant, but there are no judgements: pass them with --qrels")
        relevant = relevant_to_train_topics(documents, qrels)
    chosen = passages(documents, split, settings.passages, settings.seed, relevant)
    types = resolve_types(generator, settings.seed)
    prompts = {each.name: (prefix(each, generator.chat), label_of(each, generator.chat)) for each in types}
    job.depends_on([(each.name, each.words, each.weight, each.phrases, *prompts[each.name]) for each in types])
    job.details["types"] = {
        each.name: {
            "words": each.words,
            "prompt": prompts[each.name][0],
            "examples": [example.query for example in each.examples],
        }
        for each in types
    }
    all_requests = requests(types, documents, chosen, settings.seed, generator.passage_characters, generator.chat)
    shard_requests = share(all_requests, settings.shard, settings.shards)
    with job.work(out) as work:
        answers = answer_all(generator, shard_requests, work, job.details)
        phrases = {each.name: each.phrases for each in types if each.phrases}
        table = as_queries(generator.label, shard_requests, answers, split, phrases)
        job.write(out, "queries", table, f"generated/{settings.shard}-of-{settings.shards}")


if __name__ == "__main__":
    main(run, AskStage, "ask")
