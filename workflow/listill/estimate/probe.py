"""Measure the rates of this machine: each model works on a sample of the corpus for a second or two."""

import logging
import subprocess
import sys
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass

import numpy as np

from listill.errors import UserError
from listill.estimate.jobs import OneCorpus, scoring
from listill.estimate.rates import FIXED, Rates
from listill.estimate.statistics import Contents
from listill.settings.students import Student
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.teacher import Teacher, resolved

log = logging.getLogger("listill")

# A rate is measured with more and more items, until they take this long.
SECONDS = 0.7
# Repetitions of the last measurement.
REPEATED = 2
# Items of the first measurement, which also warms up the libraries.
FIRST = 16
# Documents of the sample, for models and for BM25.
TEXTS, INDEXED = 500, 5000
# Texts, and queries for each of them, whose pairs are compared by late interaction.
COMPARED = (64, 128)
# Differences of systems that are tested together.
TESTED = 10
# Documents read a second, where the corpus has been read before (python_api: 2,000; JSONL files: more).
READ = 2000.0
# What processes load; a model is the first student that is here.
STARTS = {
    "plain": "from listill.retrieval import bm25, runs",
    "text": "from listill.queries import build, extraction",
    "model": "import sys; from listill.retrieval import bm25, runs; from listill.retrieval.encoder import Encoder; "
    "from listill.settings.students import Student; student = Student.model_validate_json(sys.argv[1]); "
    "Encoder(student) if sys.argv[2] else None",
}


@dataclass
class Probe:
    """The measurements on one corpus; ``read`` is the number of documents that are read a second, if it was measured."""

    one: OneCorpus
    contents: Contents
    read: float = READ

    def __post_init__(self) -> None:
        collection = self.contents.collection
        self.sample = collection.subset(self.contents.sample(TEXTS))
        self.texts = [self.sample.rendered(i) for i in range(len(self.sample))]
        queries = self.contents.some_queries(TEXTS)
        self.query_ids, self.queries = [query_id for query_id, _ in queries], [text for _, text in queries]

    def rates(self, wanted: Collection[str], known: Collection[str] = ()) -> Rates:
        """Return the ``wanted`` rates that are not ``known``. Those of models that are not here are missing."""
        per_second: dict[str, float] = {"read": self.read, **FIXED}
        missing: dict[str, str] = {}
        for name in sorted(set(wanted) - {*known, *per_second}):
            kind, _, model = name.partition(".")
            try:
                per_second[name] = self._measure(kind, model)
            except UserError as error:
                missing[name] = _reason(str(error), name)
                continue
            log.info("estimate: %s: %.3g a second", name, per_second[name])
        name, student = min(
            self.one.plan.settings.students.items(), key=lambda pair: self.one.sizes.get(pair[0]) is None
        )
        arguments = [student.model_dump_json(), "load" if self.one.sizes.get(name) else ""]
        starts = {kind: start(code, arguments) for kind, code in STARTS.items()}
        return Rates(per_second, starts, missing)

    def _measure(self, kind: str, model: str) -> float:
        simple = {"index": self._index, "bm25": self._bm25, "search": self._search, "resample": self._resample}
        if kind in simple:
            return simple[kind]()
        if kind == "generate":
            raise UserError("a language model is not tried: set estimate.rates.generate to its queries a second")
        if kind == "mteb":
            raise UserError(
                "the tasks of MTEB are not tried: set estimate.rates.mteb to the tasks a second (0.01: 100 s each)"
            )
        if kind == "train":
            return self._train(self.one.plan.settings.students[model])
        if kind == "encode":
            return self._encode(model)
        if kind == "check":
            return self._check(self.one.plan.settings.students[model])
        teacher = resolved(self.one.plan.settings.teacher.members, self.one.plan.students)[model]
        return self._late_interaction(teacher) if isinstance(teacher, LateInteraction) else self._score(model, teacher)

    def _index(self) -> float:
        documents = min(INDEXED, len(self.contents.collection))
        return per_second(lambda n: self._bm25_index(n), documents, first=documents)

    def _bm25_index(self, documents: int) -> object:
        from listill.retrieval.bm25 import Bm25Index

        collection = self.contents.collection
        bm25 = self.one.plan.settings.mining_on(self.one.name).bm25
        return Bm25Index([collection.rendered(i) for i in range(documents)], bm25)

    def _bm25(self) -> float:
        from listill.retrieval.bm25 import Bm25Index

        documents = min(INDEXED, len(self.contents.collection))
        index = self._bm25_index(documents)
        assert isinstance(index, Bm25Index)
        order = np.arange(documents)
        return documents * per_second(lambda n: index.search(self.queries[:n], 10, order), len(self.queries))

    def _search(self) -> float:
        from listill.retrieval.search import search

        size = next((size for size in self.one.sizes.values() if size), None)
        draw = np.random.default_rng(0)
        matrix = draw.standard_normal((INDEXED, size.hidden if size else 768), dtype=np.float32)
        return INDEXED * per_second(lambda n: search(matrix[:n], matrix, 20, np.arange(INDEXED)), INDEXED)

    def _resample(self) -> float:
        from listill.evaluation.significance import Sample, compare

        evaluation, queries = self.one.plan.settings.evaluation, 500
        values = [*np.random.default_rng(0).random((TESTED, queries))]

        def resample(count: int) -> None:
            compare(values, Sample(queries), count, evaluation.confidence, 0)

        return TESTED * queries * per_second(resample, evaluation.resamples, first=1000)

    def _encode(self, model: str) -> float:
        encode: Callable[[list[str]], object]
        teacher = self.one.plan.settings.teacher.members.get(model)
        if isinstance(teacher, LateInteraction) and teacher.model:
            from listill.teachers.multi_vector import MultiVectorModel

            vectors = MultiVectorModel(teacher)
            encode = lambda texts: vectors.token_vectors(texts, "document")  # noqa: E731
        else:
            from listill.retrieval.encoder import Encoder

            encoder = Encoder(self.one.plan.settings.bi_encoder(model))
            encode = lambda texts: encoder.encode(texts, "document")  # noqa: E731
        tokens = self.one.known.tokens(self.one.limit(model))
        return tokens * per_second(lambda n: encode(self.texts[:n]), len(self.texts))

    def _check(self, student: Student) -> float:
        """Return the tokens a second of the model as users load it."""
        from listill.models.loading import load, pooling_of
        from listill.models.locate import resolve
        from listill.retrieval.encoder import Encoder

        encoder = Encoder(student)
        limit = encoder.max_length
        model = load(student, resolve(student.model, student.revision, pooling_of(student)), encoder.device)
        model.max_seq_length = limit
        encode = lambda texts: model.encode_document(texts, show_progress_bar=False)  # noqa: E731
        return self.one.known.tokens(limit) * per_second(lambda n: encode(self.texts[:n]), len(self.texts))

    def _train(self, student: Student) -> float:
        """Return the tokens a second of training steps on texts and queries, with a loss that costs nothing."""
        from listill.retrieval.encoder import Encoder
        from listill.training.engine import Engine
        from listill.training.loop import memory
        from listill.training.schedule import optimiser

        training = self.one.plan.settings.training
        encoder = Encoder(student, trainable=True)
        engine = Engine(encoder, memory(training, encoder.device))
        adam = optimiser(encoder.model, training)
        limits = [encoder.max_length, *([training.max_length] if training.max_length else [])]
        texts = encoder.tokenise(self.texts, "document").cut(min(limits))
        queries = encoder.tokenise(self.queries, "query")
        length = training.lists.length

        def step(lists: int) -> None:
            for first in range(0, lists, training.batch):
                count = min(training.batch, lists - first)
                chosen = (np.arange(count) + first) % len(queries), (np.arange(count * length) + first) % len(texts)
                engine.backward(queries, chosen[0], texts, chosen[1], lambda q, t: [((q @ t.T).mean(), {})])
                adam.step()
                adam.zero_grad(set_to_none=True)

        tokens = length * self.one.known.tokens(min(limits)) + self.one.known.query_tokens(min(limits))
        return tokens * per_second(step, 100 * training.batch, first=training.batch)

    def _score(self, name: str, teacher: Teacher) -> float:
        """Return what a teacher does in a second, in the unit of its rate."""
        amount = sum(scoring(self.one, name, teacher, 1.0, 0.0, 0.0).values())
        resources = self._resources()
        return amount * per_second(lambda n: teacher.score(self._pairs(n, 1), resources), len(self.texts))

    def _late_interaction(self, teacher: LateInteraction) -> float:
        """Return the pairs a second, beyond the time in which the texts are encoded."""
        resources, texts = self._resources(), min(len(self.texts), COMPARED[0])
        each = min(len(self.queries), COMPARED[1])
        teacher.score(self._pairs(FIRST, 1), resources)
        few = elapsed(lambda: teacher.score(self._pairs(texts, 1), resources))
        many = elapsed(lambda: teacher.score(self._pairs(texts, each), resources))
        more = texts * (each - 1)
        return more / (many - few) if more and many > few else texts * each / many

    def _resources(self):  # type: ignore[no-untyped-def]
        from listill.teachers.resources import Resources

        settings = self.one.plan.settings
        return Resources(self.sample, settings.students, settings.mining_on(self.one.name).bm25)

    def _pairs(self, texts: int, each: int):  # type: ignore[no-untyped-def]
        """Return pairs of the first texts with ``each`` queries."""
        from listill.teachers.pairs import Pairs

        pairs = sorted(((text + number) % len(self.queries), text) for text in range(texts) for number in range(each))
        query, text = np.array(pairs, dtype=np.int64).T
        return Pairs(self.sample, self.queries, query, text, query_ids=self.query_ids)


def _reason(error: str, rate: str) -> str:
    """Return why a rate is not known, and what to do about it."""
    if "cannot be downloaded" not in error:
        return error
    return (
        f"{error.partition(':')[0]} is not on this machine, and the estimate downloads none: download it, or set "
        f"estimate.rates.{rate}"
    )


def per_second(work: Callable[[int], object], most: int, first: int = FIRST) -> float:
    """Return how many items are done in a second; ``work(n)`` does n of them, at most ``most``.

    It is the fastest of some repetitions, so that it depends less on what other processes do meanwhile.
    """
    count = min(first, most)
    work(count)
    while True:
        seconds = elapsed(lambda: work(count))  # noqa: B023
        if seconds >= SECONDS or count == most:
            break
        count = min(most, max(2 * count, int(1.2 * count * SECONDS / max(seconds, 1e-6))))
    seconds = min(seconds, *(elapsed(lambda: work(count)) for _ in range(REPEATED)))
    return count / max(seconds, 1e-6)


def elapsed(work: Callable[[], object]) -> float:
    """Return the seconds that some work takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def start(code: str, arguments: list[str]) -> float:
    """Return the seconds in which a process starts that loads what the stages load."""
    command = [sys.executable, "-c", code, *arguments]
    return elapsed(lambda: subprocess.run(command, check=True, capture_output=True))
