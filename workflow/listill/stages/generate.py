"""Write queries for the passages of a corpus (or take those that a language model wrote), clean them, add human topics."""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from listill.settings import Cleaning, Extractive, LanguageModel, Own, Settings
from listill.stages.command import In, Ins, Job, MaybeIn, Out, StageSettings, main

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection
    from listill.queries.cleaning import Asked

VERSION = 1
log = logging.getLogger("listill")


class GenerateStage(StageSettings):
    """What the queries depend on; without a generator they are given."""

    generator: Annotated[Extractive | Own, Field(discriminator="kind")] | None = Extractive(kind="extractive")
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
    if isinstance(generation.generator, LanguageModel):
        return GenerateStage(generator=None, **kept)
    chosen = {"passages": config.passages(corpus), "passages_from": config.corpora[corpus].passages_from}
    return GenerateStage(generator=generation.generator, **chosen, **kept)


def _asked_for(files: list[Path], documents: "Collection") -> tuple["pd.DataFrame", "Asked"]:
    """Return the queries of all shards in the order in which they were asked for, and what is known of them."""
    import pandas as pd

    from listill import tables
    from listill.errors import UserError
    from listill.queries.cleaning import Asked

    if not files:
        raise UserError("generator is null: give the files that the stage ask wrote with --generated")
    queries = pd.concat([tables.read(file, "queries") for file in files], ignore_index=True)
    types = tables.provenance(files[0]).details.get("types", {})
    positions = documents.positions(queries["doc_id"].tolist(), str(files[0]))
    passages = {doc_id: documents.rendered(i) for doc_id, i in zip(queries["doc_id"], positions, strict=True)}
    return queries, Asked({name: about["words"] for name, about in types.items()}, passages)


def _written(
    settings: GenerateStage, job: Job, documents: "Collection", split: dict[str, str], qrels: Path
) -> "pd.DataFrame":
    """Return the queries that the generator writes."""
    from listill.errors import UserError
    from listill.queries.generators import generate
    from listill.queries.passages import passages, relevant_to_train_topics
    from listill.source_files import checksum, expand

    assert settings.generator
    if isinstance(settings.generator, Own):
        job.depends_on(checksum(expand(settings.generator.path)))
    relevant = relevant_to_train_topics(documents, qrels) if settings.passages_from == "relevant" else None
    chosen = passages(documents, split, settings.passages, settings.seed, relevant)
    queries = generate(settings.generator, documents, chosen, settings.seed)
    if "split" not in queries:
        queries["split"] = [split.get(doc_id, "train") for doc_id in queries["doc_id"]]
    if (leak := (queries["split"] == "train") & queries["doc_id"].isin(split)).any():
        raise UserError(
            f"query '{queries.loc[leak, 'query_id'].iloc[0]}' has split train, but its passage is held out; "
            "leave out the column split, or let corpora.<name>.heldout be 0"
        )
    return queries


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
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.queries import cleaning
    from listill.queries.passages import human_queries, split_of

    documents = collection.load(corpus)
    asked = None
    if settings.generator is None:
        queries, asked = _asked_for(generated, documents)
    else:
        split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
        queries = _written(settings, job, documents, split, qrels)
    human_topics = tables.read(topics, "topics")
    unseen = human_topics.loc[human_topics["split"].isin(["dev", "test"]), "text"].tolist()
    verdict = cleaning.reasons(queries, unseen, settings.cleaning, asked)
    counts = [cleaning.funnel("queries", queries, pd.Series("generated", index=queries.index))]
    counts.append(cleaning.funnel("queries", queries, verdict))
    log.info("generate: %d of %d queries kept", (verdict == "kept").sum(), len(queries))
    for reason, count in verdict[verdict != "kept"].value_counts().items():
        log.info("generate: %d dropped: %s", count, reason)
    kept = queries[verdict == "kept"]
    if settings.human:
        human = human_queries(human_topics, tables.read(qrels, "qrels"))
        log.info("generate: %d human train topics", len(human))
        if clash := set(human["query_id"]) & set(kept["query_id"]):
            raise UserError(f"query_id '{min(clash)}' stands for a topic and for a generated query; rename the topic")
        for reason in ("generated", "kept"):
            counts.append(cleaning.funnel("queries", human, pd.Series(reason, index=human.index)))
        kept = pd.concat([kept, human])
    if not (kept["split"] == "train").any():
        raise UserError("no query to train on is left: see the counts above, and generation in the config")
    job.write(funnel, "funnel", pd.concat(counts), "funnel/queries")
    job.write(out, "queries", kept.sort_values("query_id"))


if __name__ == "__main__":
    main(run, GenerateStage, "generate")
