"""The jobs of a run, each with its work: how much of what is done in it, and what it takes of memory and disk."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from listill.estimate import space
from listill.estimate.counts import NEW_CANDIDATES, Counts, distinct
from listill.estimate.models import Size
from listill.estimate.statistics import Statistics
from listill.evaluation import as_loaded, saved_model
from listill.plan import Plan
from listill.queries.generators.extractive import Extractive
from listill.settings.training import Recipe
from listill.system_names import FUSED, SECOND, without_seed
from listill.teachers.kinds.bm25 import Bm25Teacher
from listill.teachers.kinds.dense import DenseTeacher
from listill.teachers.kinds.file import ScoreFile
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.reranker import Reranker
from listill.teachers.teacher import Teacher, resolved

# From a model to its size: students, dense retrievers, and teachers with a model of their own.
Sizes = Mapping[str, Size | None]


# What the process of a job loads first.
Start = Literal["plain", "text", "model"]


@dataclass(frozen=True)
class Job:
    """One job of a stage.

    ``amount`` and ``unit`` say what it does, for people. ``work`` is what takes the time, by the name of the rate (see
    ``rates``). ``start``: what the process loads first. ``memory`` and ``disk`` are bytes.
    """

    stage: str
    amount: float
    unit: str
    work: dict[str, float] = field(default_factory=dict)
    start: Start = "plain"
    memory: float = 0.0
    disk: float = 0.0

    @property
    def family(self) -> str:
        """The stage without the name of student, system or variant."""
        return self.stage.partition(".")[0]


@dataclass(frozen=True)
class OneCorpus:
    """A corpus of a plan with its numbers, and the sizes of all models."""

    plan: Plan
    name: str
    known: Statistics
    counts: Counts
    sizes: Sizes

    def limit(self, model: str) -> int:
        """Return the maximum number of tokens of a model's texts."""
        size = self.sizes.get(model)
        return size.limit if size else 512

    def queries(self, model: str, count: float) -> dict[str, float]:
        """Return the work of encoding queries."""
        return {f"encode.{model}": count * self.known.query_tokens(self.limit(model))}

    def documents(self, model: str, count: float | None = None) -> dict[str, float]:
        """Return the work of encoding documents, by default all of them."""
        number = self.known.documents if count is None else count
        return {f"encode.{model}": number * self.known.tokens(self.limit(model))}

    def bm25(self, queries: float) -> dict[str, float]:
        """Return the work of an index and of searching it."""
        return {"index": self.known.documents, "bm25": queries * self.known.documents}

    def dense(self, queries: float) -> dict[str, float]:
        """Return the work of an exact search of embeddings."""
        return {"search": queries * self.known.documents}


def added(*works: Mapping[str, float]) -> dict[str, float]:
    """Return the sum of works by rate."""
    total: dict[str, float] = {}
    for work in works:
        for rate, amount in work.items():
            total[rate] = total.get(rate, 0.0) + amount
    return total


def jobs_of(one: OneCorpus) -> Iterator[Job]:
    """Yield the jobs of a corpus, in the order of the stages."""
    plan, known, counts = one.plan, one.known, one.counts
    # Documented packages take about as long to import as the libraries that cut queries from texts, scikit-learn among them.
    start: Start = "text" if plan.settings.corpora[one.name].source.imports else "plain"
    yield Job("corpus", known.documents, "documents", {"read": known.documents}, start, **space.corpus(known))
    asking = one.name in plan.reported or _measured_by(plan, one.name)
    shares = plan.shares("generated") if asking else []
    for shard in shares:
        asked = counts.asked / len(shares)
        kept = space.asked(asked, one.sizes.get("generate"))
        yield Job(f"ask.{shard}", asked, "queries", {"generate": asked}, "model", **kept)
    cleaned = {"clean": counts.asked}
    if asking:
        yield Job("queries", counts.train, "train queries", cleaned, "text", **space.queries(counts.train, known))
    for retriever in _encoding(plan, one.name):
        work = one.documents(retriever)
        kept = space.embeddings(known, one.sizes.get(retriever))
        job = Job(f"encode.{retriever}", sum(work.values()), "tokens", work, "model", **kept)
        yield from _in_shares(job, plan.shares(f"encoded/{retriever}"), known.documents)
    if one.name in plan.learned:
        yield _mining(one, "candidates", plan.miners)
        yield from _scoring(one)
        for lists in plan.lists_on(one.name):
            work = {"rows": counts.pairs}
            yield Job(f"lists.{lists}", counts.lists, "lists", work, **space.lists(counts.pairs, known))
    yield from _trainings(one)
    yield from _searches(one)
    if one.name in plan.reported:
        yield _evaluation(one, "evaluate", len(plan.systems_on(one.name)))
        if systems := plan.checked_on(one.name):
            yield _check(one, systems)
        own = f"results/{one.name}/mteb/"  # base models are measured in the folder of one corpus only
        for system in [Path(file).stem for file in plan.mteb_files(one.name) if file.startswith(own)]:
            tasks = len(plan.settings.evaluation.mteb)
            kept = space.tested(one.sizes.get(system.partition(".")[0]))
            yield Job(f"mteb.{system}", tasks, "tasks", {"mteb": tasks}, "model", **kept)
        yield Job("report", 1, "page", {}, **space.page(known))


def _measured_by(plan: Plan, corpus: str) -> list[str]:
    """Return the students whose retention is measured on a corpus; their base models search it, too."""
    trainers = [other for other in plan.corpora if corpus in plan.retention_of(other)]
    return sorted({student for other in trainers for student in plan.students_on(other)})


def _encoding(plan: Plan, corpus: str) -> list[str]:
    """Return the dense retrievers that encode a corpus."""
    trained = [pair for other in plan.corpora for pair in plan.settings.trained_on(other)]
    trained += [(student, plan.settings.variant_of(name)) for student, name in plan.settings.jointly_trained()]
    wanted = {*_measured_by(plan, corpus)}
    table = f"results/{corpus}/corpus.parquet"
    for student, variant in trained:
        others = [*plan.anchor_texts(student, variant), *plan.kept_elsewhere(student, variant, [])]
        wanted |= {student} if table in others else set()
    if corpus in plan.reported:
        wanted |= {*plan.students}
    if corpus in plan.learned:
        guides = {guide for _, variant in trained for guide in plan.guide(variant)}
        wanted |= {*plan.miners, *guides}
    return [name for name in plan.retrievers if name in wanted]


def _mining(one: OneCorpus, stage: str, retrievers: Sequence[str]) -> Job:
    """Return the job that mines the candidates of all train queries with BM25 and some dense retrievers."""
    train, depth = one.counts.train, one.plan.settings.mining.depth
    work = added(one.bm25(train), *(added(one.queries(name, train), one.dense(train)) for name in retrievers))
    rows = one.counts.mined * (1 + len(retrievers))
    work = added(work, {"rows": rows * depth})
    kept = space.searched(rows, depth, one.known, [one.sizes.get(name) for name in retrievers])
    return Job(stage, rows * depth, "candidates", work, "model", **kept)


def _scoring(one: OneCorpus) -> Iterator[Job]:
    """Yield the jobs gate, scores and rerank; rerank does not score the gate's pairs again."""
    plan, counts = one.plan, one.counts
    cut = counts.mined - counts.human if isinstance(plan.settings.generation.generator, Extractive) else 0.0
    found = added(*(added(one.queries(name, counts.dev), one.dense(counts.dev)) for name in plan.students))
    yield _scored(one, "gate", counts.dev * counts.pool, counts.dev, 0.0, added(one.bm25(counts.dev), found))
    scores = _scored(one, "scores", counts.pairs, counts.mined, cut, {})
    yield from _in_shares(scores, plan.shares("scored"), scores.amount)
    again = counts.evaluated - counts.dev
    yield _scored(one, "rerank", again * counts.pool, counts.evaluated, 0.0, {})
    for system in plan.trained_on(one.name):
        if system.endswith(SECOND):  # it scores what the first round has not found
            first, student = system.removesuffix(SECOND), system.partition(".")[0]
            yield _mining(one, f"candidates.{first}", [student])
            yield _scored(one, f"scores.{first}", NEW_CANDIDATES * counts.pairs, counts.mined, 0.0, {})
            work = {"rows": counts.pairs}
            yield Job(f"lists.{first}", counts.lists, "lists", work, **space.lists(counts.pairs, one.known))


def _in_shares(job: Job, shards: Sequence[str], rows: float) -> Iterator[Job]:
    """Yield the jobs that share the work of ``job``, and the one that writes its table, or the one that does both."""
    if not shards:
        yield job
        return
    for shard in shards:
        work = {rate: amount if rate == "index" else amount / len(shards) for rate, amount in job.work.items()}
        yield replace(job, stage=f"{job.stage}.{shard}", amount=job.amount / len(shards), work=work, disk=0.0)
    yield replace(job, amount=0.0, work={"rows": rows})  # the shares have done the rest


def _scored(one: OneCorpus, stage: str, pairs: float, queries: float, cut: float, more: Mapping[str, float]) -> Job:
    teachers = resolved(one.plan.settings.teacher.members, one.plan.students)
    work = added(more, *(scoring(one, name, teacher, pairs, queries, cut) for name, teacher in teachers.items()))
    sizes = [one.sizes.get(name) for name in {*teachers, *one.plan.students} if name in one.sizes]
    kept = space.scores(pairs, len(teachers), one.known, sizes)
    return Job(stage, pairs * len(teachers), "pairs", work, "model", **kept)


def scoring(one: OneCorpus, name: str, teacher: Teacher, pairs: float, queries: float, cut: float) -> dict[str, float]:
    """Return the work of a teacher on pairs of queries and documents; ``cut`` documents lack their query's text."""
    known = one.known
    if isinstance(teacher, Reranker):
        limit = min(one.limit(name), teacher.max_length or one.limit(name))
        return {f"score.{name}": pairs * min(known.query_tokens(limit) + known.tokens(limit), limit)}
    if isinstance(teacher, LateInteraction):
        model = name if teacher.model else str(teacher.student)
        texts = min(distinct(pairs, known.documents) + cut, pairs)
        return added(one.documents(model, texts), one.queries(model, queries), {f"pairs.{name}": pairs})
    if isinstance(teacher, DenseTeacher):
        return added(one.queries(str(teacher.student), queries), one.documents(str(teacher.student), cut))
    if isinstance(teacher, Bm25Teacher):
        return one.bm25(queries)
    if isinstance(teacher, ScoreFile):
        return {"rows": pairs}
    return {f"pairs.{name}": pairs}  # a member outside the package


def _trainings(one: OneCorpus) -> Iterator[Job]:
    training = one.plan.settings.training
    for system in one.plan.trained_on(one.name):
        student, variant = system.split(".")
        yield _training([one], f"train.{system}", student, training.recipe(variant), training.lists_of(variant).length)
    for point in one.plan.learning_curves(one.name):
        student, variant, percent = point.split(".")
        recipe, length = training.recipe(variant), training.lists_of(variant).length
        yield _training([one], f"learning_curve.{point}", student, recipe, length, int(percent) / 100)


def _training(
    corpora: Sequence[OneCorpus], stage: str, student: str, recipe: Recipe, length: int, share: float = 1.0
) -> Job:
    """Return the job of a training: its steps, and the documents that are encoded to select the weights.

    ``share`` is that of the lists to train on.
    """
    limits = [corpora[0].limit(student), *([recipe.max_length] if recipe.max_length else [])]
    query_limits = [corpora[0].limit(student), *([recipe.query_length] if recipe.query_length else [])]
    work: dict[str, float] = {}
    total = 0.0
    spaces = []
    for one in corpora:
        lists = share * min(one.counts.lists, recipe.max_lists or one.counts.lists) * recipe.epochs
        documents = 0.0 if recipe.tower == "query" else length * one.known.tokens(min(limits))
        tokens = documents + one.known.query_tokens(min(query_limits))
        searched = min(one.known.documents, recipe.selection.documents)
        # The last measurement encodes the whole corpus, unless it is too large to be searched during training.
        encoded = recipe.selection.evaluations * searched + (
            one.known.documents if searched < one.known.documents else 0
        )
        selection = one.documents(student, encoded) if recipe.tower == "both" else {}
        work = added(work, {f"train.{student}": lists * tokens}, selection)
        total += lists
        spaces.append(space.training(one.known, one.sizes.get(student), recipe, recipe.batch * tokens))
    kept = max(spaces, key=lambda each: each["memory"])
    return Job(stage, total, "lists", work, "model", **kept)


def _searches(one: OneCorpus) -> Iterator[Job]:
    plan, count = one.plan, one.counts.evaluated
    reported = one.name in plan.reported
    depth = max(plan.settings.evaluation.depth, plan.settings.mining.depth)
    rows = {"rows": count * depth}
    if reported:
        work = added(one.bm25(count), rows)
        yield Job("search.bm25", count, "queries", work, **space.searched(count, depth, one.known, []))
    for system in plan.systems_on(one.name) if reported else _measured_by(plan, one.name):
        if system.endswith(FUSED):
            yield Job(f"fuse.{system}", count, "queries", {}, **space.fused(count, depth))
        elif system not in ("bm25", "teacher"):
            student = system.partition(".")[0]
            work = added(one.queries(student, count), one.dense(count), rows)
            kept = space.searched(count, depth, one.known, [one.sizes.get(student)])
            yield Job(f"search.{system}", count, "queries", work, "model", **kept)


def _evaluation(one: OneCorpus, stage: str, systems: int) -> Job:
    """Return the job that measures some systems, and compares each with its base and with about one other system."""
    evaluation = one.plan.settings.evaluation
    rows = one.counts.evaluated * systems * len(evaluation.measures)
    return Job(stage, rows, "values", {"resample": 2 * rows * evaluation.resamples}, **space.evaluated(rows, one.known))


def _check(one: OneCorpus, systems: Sequence[str]) -> Job:
    """Return the job that loads each saved model, and ranks the first documents of some queries again."""
    queries = min(as_loaded.QUERIES, one.counts.evaluated)
    documents = distinct(2 * queries * saved_model.DEPTH, one.known.documents)  # of the model's run and of its base's
    students = [system.partition(".")[0] for system in systems]
    works = [
        {f"check.{student}": sum(added(one.queries(student, queries), one.documents(student, documents)).values())}
        for student in students
    ]
    kept = space.searched(queries, saved_model.DEPTH, one.known, [one.sizes.get(student) for student in set(students)])
    return Job("check", len(systems), "models", added(*works), "model", **kept)


def joint_jobs(corpora: Mapping[str, OneCorpus]) -> Iterator[Job]:
    """Yield the jobs that concern several corpora: joint trainings, and trained students on other corpora."""
    plan = next(iter(corpora.values())).plan
    training = plan.settings.training
    for student, name in plan.settings.jointly_trained():
        joint = plan.settings.joint[without_seed(name)]
        chosen = [corpora[corpus] for corpus in joint.corpora]
        recipe, length = training.recipe(joint.variant), training.lists_of(joint.variant).length
        yield _training(chosen, f"joint.{name}", student, recipe, length)
        for one in corpora.values() if not plan.keeps_documents(name) else []:
            yield _encoded_again(one, f"encode.{student}.{name}", student, one.known.documents, 0.0)
    for one in corpora.values():
        for system in plan.trained_on(one.name):
            student, variant = system.split(".")
            for other in plan.retention_of(one.name):
                there = corpora[other]
                encoded = 0 if plan.keeps_documents(variant) else there.known.documents
                yield _encoded_again(there, f"retention.{system}", student, encoded, there.counts.evaluated)
        for other in plan.retention_of(one.name):
            systems = len(plan.students_on(one.name)) + len(plan.trained_on(one.name))
            yield _evaluation(corpora[other], f"evaluate.{one.name}.{other}", systems)


def _encoded_again(one: OneCorpus, stage: str, student: str, documents: float, queries: float) -> Job:
    """Return the job that encodes ``documents`` with a trained student, and searches them if there are ``queries``."""
    encoded = one.documents(student, documents)
    work = added(encoded, one.queries(student, queries), one.dense(queries))
    kept = space.embeddings(one.known, one.sizes.get(student))
    return Job(stage, sum(encoded.values()), "tokens", work, "model", **kept)
