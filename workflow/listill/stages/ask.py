"""Ask a language model for queries of the passages of a corpus: one share of the requests, or all of them."""

import logging
from typing import Annotated, Any

from pydantic import Field

from listill.settings import OpenAi, Settings, Transformers, Vllm
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

# To be raised when a file in queries/types or the layout of the prompts changes.
VERSION = 1
log = logging.getLogger("listill")


class AskStage(StageSettings):
    """What the answers depend on."""

    generator: Annotated[Vllm | OpenAi | Transformers, Field(discriminator="kind")]
    passages: int | None = None
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
        passages=generation.passages,
        seed=config.seed,
        shard=int(number),
        shards=int(shards),
    )


def run(settings: AskStage, job: Job, corpus: In, out: Out, heldout: MaybeIn = None) -> None:
    """Write generated/<shard>.parquet; answers that an interrupted run got are not asked for again."""
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.progress import Progress
    from listill.queries.answers import AnswerFile, tidy
    from listill.queries.generators import answers
    from listill.queries.passages import passages, split_of
    from listill.queries.query_types import wanted
    from listill.queries.requests import prefix, requests, share

    generator = settings.generator
    documents = collection.load(corpus)
    split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
    chosen = passages(documents, split, settings.passages, settings.seed)
    kinds = wanted(generator, settings.seed)
    job.depends_on([(kind.name, kind.words, kind.weight, prefix(kind)) for kind in kinds])
    job.details["types"] = {kind.name: {"words": kind.words, "prompt": prefix(kind)} for kind in kinds}
    everything = requests(kinds, documents, chosen, settings.seed, generator.passage_characters)
    asked = share(everything, settings.shard, settings.shards)
    with job.work(out) as work:
        with AnswerFile(work / "answers.jsonl") as file:
            missing = [request for request in asked if request.query_id not in file.answers]
            log.info("ask: %d requests, %d of them answered before", len(asked), len(asked) - len(missing))
            if missing:
                with Progress(len(missing), "ask", "queries") as progress:
                    for batch in answers(generator, missing, work, job.details):
                        file.add(batch)
                        progress.add(len(batch))
            found = [file.answers[request.query_id] for request in asked]
        prompt, cached = sum(one.prompt_tokens for one in found), sum(one.cached_tokens for one in found)
        job.details["tokens"] = {"prompt": prompt, "cached": cached}
        log.info("ask: %d prompt tokens, %.0f %% of them from the prefix cache", prompt, 100 * cached / max(prompt, 1))
        frame = pd.DataFrame([vars(request) for request in asked], columns=list(tables.SCHEMAS["queries"].names))
        frame["text"] = [tidy(answer.text) for answer in found]
        frame["finish_reason"] = [answer.finish_reason for answer in found]
        frame["generator"] = f"{generator.kind}:{generator.model}"
        frame["split"] = [split.get(doc_id, "train") for doc_id in frame["doc_id"]]
        frame = frame.astype({"start": "Int32", "end": "Int32"})
        job.write(out, "queries", frame, f"generated/{settings.shard}-of-{settings.shards}")


if __name__ == "__main__":
    main(run, AskStage, "ask")
