"""Write queries for the passages of a corpus, clean them, and add the human train topics."""

import logging

from listill.settings import Generation, Own, Settings
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

VERSION = 1
log = logging.getLogger("listill")


class GenerateStage(StageSettings):
    """What the queries depend on."""

    generation: Generation = Generation()
    seed: int = 42


def settings(config: Settings, corpus: str) -> GenerateStage:
    """Return the settings of this stage."""
    return GenerateStage(version=VERSION, generation=config.generation, seed=config.seed)


def run(
    settings: GenerateStage, job: Job, corpus: In, topics: In, qrels: In, out: Out, funnel: Out, heldout: MaybeIn = None
) -> None:
    """Write queries.parquet and its funnel."""
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.queries import cleaning
    from listill.queries.generators import generate
    from listill.queries.passages import human_queries, passages, split_of
    from listill.source_files import checksum, expand

    if isinstance(settings.generation.generator, Own):
        job.depends_on(checksum(expand(settings.generation.generator.path)))
    documents = collection.load(corpus)
    split = {} if heldout is None else split_of(tables.read(heldout, "heldout"))
    chosen = passages(documents, split, settings.generation.passages, settings.seed)
    queries = generate(settings.generation.generator, documents, chosen, settings.seed)
    if "split" not in queries:
        queries["split"] = [split.get(doc_id, "train") for doc_id in queries["doc_id"]]
    if (leak := (queries["split"] == "train") & queries["doc_id"].isin(split)).any():
        raise UserError(
            f"query '{queries.loc[leak, 'query_id'].iloc[0]}' has split train, but its passage is held out; "
            "leave out the column split, or let corpora.<name>.heldout be 0"
        )
    human_topics = tables.read(topics, "topics")
    unseen = human_topics.loc[human_topics["split"].isin(["dev", "test"]), "text"].tolist()
    verdict = cleaning.reasons(queries, unseen, settings.generation.cleaning)
    counts = cleaning.funnel("queries", queries, verdict)
    generated = cleaning.funnel("queries", queries, pd.Series("generated", index=queries.index))
    log.info("generate: %d of %d queries kept", (verdict == "kept").sum(), len(queries))
    for reason, count in verdict[verdict != "kept"].value_counts().items():
        log.info("generate: %d dropped: %s", count, reason)
    kept = queries[verdict == "kept"]
    if settings.generation.human:
        human = human_queries(human_topics, tables.read(qrels, "qrels"))
        log.info("generate: %d human train topics", len(human))
        if clash := set(human["query_id"]) & set(kept["query_id"]):
            raise UserError(f"query_id '{min(clash)}' stands for a topic and for a generated query; rename the topic")
        counts = pd.concat([counts, cleaning.funnel("queries", human, pd.Series("kept", index=human.index))])
        generated = pd.concat([generated, cleaning.funnel("queries", human, pd.Series("generated", index=human.index))])
        kept = pd.concat([kept, human])
    if not (kept["split"] == "train").any():
        raise UserError("no query to train on is left: see the counts above, and generation in the config")
    job.write(funnel, "funnel", pd.concat([generated, counts]), "funnel/queries")
    job.write(out, "queries", kept.sort_values("query_id"))


if __name__ == "__main__":
    main(run, GenerateStage, "generate")
