"""Read a corpus and its human topics.

python -m listill.stages.corpus --config corpus.json --corpus corpus.parquet --topics topics.parquet
    --qrels qrels.parquet --heldout heldout.parquet

The config is required, because there is no default corpus:
{"corpus": {"source": {"kind": "beir", "path": "data/scifact"}}}.
"""

import logging

from listill.settings.bm25 import Bm25
from listill.settings.config import Settings
from listill.settings.corpora import Corpus
from listill.stages.command import Out, main
from listill.stages.job import Job, StageSettings

VERSION = 5

log = logging.getLogger("listill")


class CorpusStage(StageSettings):
    """The settings that the corpus depends on."""

    name: str = "corpus"
    corpus: Corpus
    seed: int = 42


def settings(config: Settings, corpus: str) -> CorpusStage:
    """Return the settings of the stage for one corpus of the config."""
    # The choice of passages that get queries belongs to the stages that write them.
    corpus_settings = config.corpora[corpus].model_copy(update={"passages": None, "passages_from": "all"})
    return CorpusStage(version=VERSION, name=corpus, corpus=corpus_settings, seed=config.seed)


def run(settings: CorpusStage, job: Job, corpus: Out, topics: Out, qrels: Out, heldout: Out) -> None:
    """Write the tables. The corpus is written last, so if it exists, all tables exist."""
    from listill.corpus import build
    from listill.corpus.source import read_unchanged
    from listill.retrieval.shared_words import warn_of_unlike_topics

    raw = read_unchanged(settings.corpus.source)
    job.corpus = settings.name
    job.depends_on(raw.details)
    tables = build.build(raw, settings.corpus, settings.seed)
    bm25 = Bm25().in_language(settings.corpus.language)
    warn_of_unlike_topics(tables.judged_documents(), tables.topics, tables.qrels, settings.corpus.template, bm25)
    reading = settings.corpus.model_dump(include={"template", "language", "topics_are_documents", "min_dev_topics"})
    job.details |= {**reading, "counts": tables.counts, **raw.details}
    job.write(topics, "topics", tables.topics)
    job.write(qrels, "qrels", tables.qrels)
    job.write(heldout, "heldout", tables.heldout)
    job.write(corpus, "corpus", tables.corpus)
    log.info("corpus %s: %s", settings.name, ", ".join(f"{count} {label}" for label, count in tables.counts.items()))


if __name__ == "__main__":
    main(run, CorpusStage, "corpus")
