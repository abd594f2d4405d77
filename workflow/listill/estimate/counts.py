"""How many queries, pairs and lists a corpus will have, from the settings and the statistics of the corpus.

What filters will drop is not known before a run. ``SHARES`` are what finished runs kept: the demo (queries that are cut
from passages) and SciFact (queries of a language model).
"""

import math
from dataclasses import dataclass

from listill.estimate.statistics import Statistics
from listill.queries.generator import LanguageModel
from listill.queries.generators.extractive import Extractive
from listill.queries.generators.file import QueryFile
from listill.settings.config import Settings

# generated: of the queries that are asked for, those that are written and pass the cleaning. consistent: those whose passage
# is retrieved (0.93 in the demo, 0.78 on SciFact). agreed: those whose passage the teacher ranks first. The passage
# of an extracted query lacks its words, so that another one is often first (0.14 in the demo; 0.76 on SciFact).
SHARES = {
    "extractive": {"generated": 0.87, "consistent": 0.9, "agreed": 0.3},
    "other": {"generated": 0.8, "consistent": 0.8, "agreed": 0.75},
}
# The share of a further retriever's candidates that no other retriever has found (0.67 in the demo, 0.54 on SciFact).
NEW_CANDIDATES = 0.6
# Queries share many of their candidates: n pairs have as many distinct documents as n times this number independent draws
# would have (0.33 to 0.67 in these runs).
SPREAD = 0.5


@dataclass(frozen=True)
class Counts:
    """The numbers of a run on one corpus.

    ``passages`` get queries, ``asked`` queries are asked for. ``train`` are the queries whose candidates are mined, with
    ``human`` topics among them; ``mined`` those that are scored. ``evaluated`` are the queries of the evaluation, ``dev``
    those of the gate. ``pool`` is the number of candidates of a query in the evaluation, ``candidates`` in the training.
    ``lists`` are trained on.
    """

    passages: int
    asked: float
    train: float
    human: int
    mined: float
    evaluated: float
    dev: float
    pool: float
    candidates: float
    lists: float

    @property
    def pairs(self) -> float:
        """Number of pairs that each teacher scores for training."""
        return self.mined * self.candidates


def counts(settings: Settings, corpus: str, known: Statistics) -> Counts:
    """Return the numbers of a run on a corpus."""
    generation, mining, lists = settings.generation, settings.mining, settings.training.lists
    share = SHARES["extractive" if isinstance(generation.generator, Extractive) else "other"]
    wanted = settings.passages(corpus)
    eligible = known.relevant if settings.corpora[corpus].passages_from == "relevant" else known.trainable
    passages = eligible if wanted is None else min(wanted, eligible)
    each = queries_per_passage(settings)
    learned = corpus in settings.learned
    human = known.topics.get("train", 0) if generation.human else 0
    if isinstance(generation.generator, QueryFile):
        synthetic, aside = float(file_queries(generation.generator)), {}
    else:
        synthetic = passages * each * share["generated"]
        aside = {split: number * each * share["generated"] for split, number in known.heldout.items()}
    topics_dev = known.topics.get("dev", 0)
    enough = topics_dev >= max(1, settings.corpora[corpus].min_dev_topics)
    dev = topics_dev + (0.0 if enough else aside.get("dev", 0.0))
    heldout = aside.get("heldout", 0.0)
    consistent = 1.0 if mining.consistency.require == "none" else share["consistent"]
    mined = synthetic * consistent + human
    agreed = share["agreed"] if lists.top1 else 1.0
    kept = synthetic * consistent * agreed * (1 - lists.quality_percentile / 100) + human
    retrievers = len(mining.retrievers or ["bm25", *settings.students, *mining.additional])
    return Counts(
        passages=passages + sum(known.heldout.values()),
        asked=(passages + sum(known.heldout.values())) * each,
        train=synthetic + human if learned else 0.0,
        human=human if learned else 0,
        mined=mined if learned else 0.0,
        evaluated=dev + heldout + known.topics.get("test", 0),
        dev=dev if dev else heldout,
        pool=pool(1 + len(settings.students), mining.depth, known.documents),
        candidates=pool(retrievers, mining.depth, known.documents) + mining.random,
        lists=kept if learned else 0.0,
    )


def queries_per_passage(settings: Settings) -> float:
    """Return the number of queries that are asked for on a passage; 0 if they come from a file."""
    generator = settings.generation.generator
    if isinstance(generator, Extractive):
        return float(sum(generator.types.values()))
    if isinstance(generator, LanguageModel):
        from listill.queries.query_types import resolve_types

        return sum(one.weight for one in resolve_types(generator, settings.seed))
    return 0.0


def file_queries(generator: QueryFile) -> int:
    """Return the number of queries in the file of a generator."""
    import pyarrow.parquet as pq

    from listill.errors import UserError
    from listill.source_files import expand

    path = expand(generator.path)
    try:
        return int(pq.ParquetFile(path).metadata.num_rows)
    except (OSError, ValueError):
        raise UserError(f"{path}: not a Parquet file that can be read: correct generation.generator.path") from None


def pool(retrievers: int, depth: int, documents: int) -> float:
    """Return the number of distinct documents that some retrievers find for a query."""
    return min(depth * (1 + NEW_CANDIDATES * (retrievers - 1)), 0.9 * documents, float(documents))


def distinct(pairs: float, documents: int) -> float:
    """Return the number of distinct documents in pairs of queries and their candidates."""
    return documents * (1 - math.exp(-SPREAD * pairs / documents))
