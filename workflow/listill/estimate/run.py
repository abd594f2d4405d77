"""The estimate of a config: its corpora are counted, this machine is tried, and all is put together."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from listill.errors import UserError
from listill.estimate import probe, table
from listill.estimate.counts import counts
from listill.estimate.jobs import Job, OneCorpus, Sizes, jobs_of, joint_jobs
from listill.estimate.levers import best
from listill.estimate.models import Size, size_of
from listill.estimate.probe import READ, Probe
from listill.estimate.rates import Rates, check_names, machines, rates_of
from listill.estimate.statistics import Contents, Lengths, Statistics, of_source, of_tables, statistics
from listill.plan import Plan
from listill.queries.generator import LanguageModel
from listill.settings.config import Settings
from listill.teachers.kinds.late_interaction import LateInteraction
from listill.teachers.reranker import Reranker

# Characters of a token, if no tokenizer is here; tokens of a query that a language model writes.
CHARACTERS, WRITTEN = 4.5, 20


@dataclass
class Estimate:
    """A config with what is known of its corpora and models; ``read`` are the documents read a second, if measured."""

    plan: Plan
    contents: Mapping[str, Contents]
    known: Mapping[str, Statistics]
    sizes: Sizes
    read: float = READ

    def corpora(self, settings: Settings | None = None) -> dict[str, OneCorpus]:
        """Return all corpora with their numbers, for the config or other settings."""
        plan = self.plan if settings is None else _with(self.plan, settings)
        sizes = dict(self.sizes)
        for name, student in plan.settings.students.items():
            if (size := sizes.get(name)) and student.max_length:
                sizes[name] = replace(size, limit=student.max_length)
        return {
            name: OneCorpus(plan, name, known, counts(plan.settings, name, known), sizes)
            for name, known in self.known.items()
        }

    def jobs(self, settings: Settings | None = None) -> list[Job]:
        """Return all jobs of a run, for the config or other settings."""
        corpora = self.corpora(settings)
        return [*(job for one in corpora.values() for job in jobs_of(one)), *joint_jobs(corpora)]

    def flop(self, model: str) -> float:
        """Return the FLOP per unit of a model's rate: per token, or per query of a language model."""
        known = next(iter(self.known.values()))
        size = self.sizes[model]
        assert size is not None
        if model != "generate":
            return size.flop(np.minimum(known.lengths, size.limit))
        generator = self.plan.settings.generation.generator
        assert isinstance(generator, LanguageModel)
        prompt = np.minimum(known.lengths, generator.passage_characters / CHARACTERS) * (1 + generator.shots)
        return float(prompt.mean() + WRITTEN) * size.flop(prompt)

    def text(self, here: Rates) -> str:
        """Return the whole estimate as text."""
        jobs, corpora, settings = self.jobs(), self.corpora(), self.plan.settings
        rates = {table.HERE: ("this machine", here)}
        for name, machine in machines().items():
            rates[name] = (machine["about"], rates_of(machine, self.sizes, self.flop, jobs))

        def total(of: list[Job]) -> float:
            return sum(here.seconds(job) or 0.0 for job in of)

        pairs = sum(job.amount for job in jobs if job.family in ("gate", "scores", "rerank"))
        found = best(settings, lambda changed: total(self.jobs(changed)), total(jobs))
        parts = [
            table.corpora(corpora),
            table.stages(jobs, here),
            "if the jobs run one after the other:\n" + table.machines(jobs, rates, settings.estimate.price_per_hour),
            table.levers(found, pairs, total(jobs)),
            table.missing(here),
        ]
        return "\n\n".join(part for part in parts if part)


def of_config(plan: Plan, results: Path) -> Estimate:
    """Return the estimate of a plan; corpora that a run has read before are in ``results``."""
    sizes = _sizes(plan.settings)
    lengths = _lengths(plan.settings)
    contents: dict[str, Contents] = {}
    documents, seconds = 0, 0.0
    for name in plan.corpora:
        folder = results / name
        made = folder / "config" / "corpus.json"
        same = made.is_file() and not plan.differs(str(made), lambda: plan.frozen(name, "corpus"))  # noqa: B023
        if same and (found := of_tables(folder)) is not None:
            contents[name] = found
            continue
        source = plan.settings.corpora[name]
        seconds += probe.elapsed(lambda: contents.update({name: of_source(source, plan.settings.seed)}))  # noqa: B023
        documents += len(contents[name].collection)
    known = {name: statistics(one, lengths) for name, one in contents.items()}
    return Estimate(plan, contents, known, sizes, documents / seconds if documents else READ)


def rates_here(estimate: Estimate) -> Rates:
    """Return the rates of this machine: those in the config, the others measured on the largest corpus."""
    jobs, given = estimate.jobs(), estimate.plan.settings.estimate.rates
    check_names(given, jobs)
    name = max(estimate.known, key=lambda corpus: estimate.known[corpus].documents)
    measured = Probe(estimate.corpora()[name], estimate.contents[name], estimate.read)
    return measured.rates({rate for job in jobs for rate in job.work}, given).replaced(given)


def check_prices(plan: Plan) -> None:
    """Raise UserError for a price of a machine that nobody knows."""
    known = [table.HERE, *machines()]
    for name in plan.settings.estimate.price_per_hour:
        if name not in known:
            raise UserError(f"estimate.price_per_hour: no machine '{name}': use {', '.join(known)}")


def _with(plan: Plan, settings: Settings) -> Plan:
    changed = Plan.__new__(Plan)
    changed.settings = settings
    return changed


def _sizes(settings: Settings) -> dict[str, Size | None]:
    """Return the size of each model by the name of student, retriever or teacher; ``generate``: the language model."""
    from listill.models.locate import locate, resolve_transformer

    models = {**settings.students, **{name: settings.bi_encoder(name) for name in settings.mining.embedding}}
    found: dict[str, Size | None] = {}
    for name, student in models.items():
        found[name] = _size(lambda one=student: locate(one.model, one.revision), student.max_length)
    for name, teacher in settings.teacher.members.items():
        if isinstance(teacher, Reranker):
            folder = lambda one=teacher: resolve_transformer(one.model, one.revision, one.onnx)  # noqa: E731
            found[name] = _size(folder, teacher.max_length)
        elif isinstance(teacher, LateInteraction) and teacher.model:
            found[name] = _size(lambda one=teacher: locate(one.model, one.revision), teacher.max_length)
    generator = settings.generation.generator
    if isinstance(generator, LanguageModel):
        found["generate"] = _size(lambda: locate(generator.model, getattr(generator, "revision", None)), None)
    return found


def _size(folder, max_length: int | None) -> Size | None:  # type: ignore[no-untyped-def]
    try:
        return size_of(folder(), max_length)
    except UserError:  # the probe says that the model is not here
        return None


def _lengths(settings: Settings) -> Lengths:
    """Return the function that counts tokens: with the tokenizer of the first student that is here, or estimated."""
    from listill.models.locate import locate

    for student in settings.students.values():
        try:
            folder = locate(student.model, student.revision)
        except UserError:
            continue
        from transformers import AutoTokenizer

        tokenizer = AutoTokenizer.from_pretrained(str(folder))
        return lambda texts: np.array([len(ids) for ids in tokenizer(texts, verbose=False)["input_ids"]])
    return lambda texts: np.array([len(text) / CHARACTERS for text in texts]).astype(np.int64)
