"""Ask a language model for queries of the passages of a corpus: one share of the requests, or all of them."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from listill.settings import OpenAi, Settings, Transformers, Vllm
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

if TYPE_CHECKING:
    import pandas as pd

    from listill.queries.answers import Answer
    from listill.queries.requests import Request

# To be raised when a file in queries/types or the layout of the prompts changes.
VERSION = 1
log = logging.getLogger("listill")


class AskStage(StageSettings):
    """What the answers depend on."""

    generator: Annotated[Vllm | OpenAi | Transformers, Field(discriminator="kind")]
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


def _answered(generator: Any, asked: "list[Request]", work: Path, details: dict[str, Any]) -> "list[Answer]":
    """Return an answer for each request; those that an interrupted run got are not asked for again."""
    from listill.progress import Progress
    from listill.queries.answers import AnswerFile
    from listill.queries.generators import answers

    with AnswerFile(work / "answers.jsonl") as file:
        missing = [request for request in asked if request.query_id not in file.answers]
        log.info("ask: %d requests, %d of them answered before", len(asked), len(asked) - len(missing))
        if missing:
            with Progress(len(missing), "ask", "queries") as progress:
                for batch in answers(generator, missing, work, details):
                    file.add(batch)
                    progress.add(len(batch))
        return [file.answers[request.query_id] for request in asked]


def _table(generator: Any, asked: "list[Request]", found: "list[Answer]", split: dict[str, str]) -> "pd.DataFrame":
    """Return requests and answers as a table of queries."""
    import pandas as pd

    from listill import tables
    from listill.queries.answers import tidy

    frame = pd.DataFrame([vars(request) for request in asked], columns=list(tables.SCHEMAS["queries"].names))
    frame["text"] = [tidy(answer.text) for answer in found]
    frame["finish_reason"] = [answer.finish_reason for answer in found]
    frame["generator"] = f"{generator.kind}:{generator.model}"
    frame["split"] = [split.get(doc_id, "train") for doc_id in frame["doc_id"]]
    return frame.astype({"start": "Int32", "end": "Int32"})


def run(settings: AskStage, job: Job, corpus: In, out: Out, heldout: MaybeIn = None, qrels: MaybeIn = None) -> None:
    """Write generated/<shard>.parquet: what the model answered, tidied but not cleaned.

    ``qrels`` are needed where only passages that are relevant to train topics get queries.
    """
    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
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
    asked = share(everything, settings.shard, settings.shards)
    with job.work(out) as work:
        found = _answered(generator, asked, work, job.details)
        prompt, cached = sum(one.prompt_tokens for one in found), sum(one.cached_tokens for one in found)
        job.details["tokens"] = {"prompt": prompt, "cached": cached}
        log.info("ask: %d prompt tokens, %.0f %% of them from the prefix cache", prompt, 100 * cached / max(prompt, 1))
        name = f"generated/{settings.shard}-of-{settings.shards}"
        job.write(out, "queries", _table(generator, asked, found, split), name)


if __name__ == "__main__":
    main(run, AskStage, "ask")
