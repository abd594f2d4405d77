"""The interface of the Snakefile: the validated config, the frozen settings of each stage, and the names of all parts.

A stage has a name such as ``corpus`` or ``queries``. A stage that runs several times has its student or system after a
dot: ``encode.minilm``, ``train.minilm.listwise``, ``search.bm25``.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from listill.families import member_files
from listill.frozen import canonical, parse
from listill.section import Member
from listill.settings.config import Settings
from listill.source_files import model_files
from listill.stages import (
    ask,
    corpus,
    encode,
    evaluate,
    fuse,
    gate,
    generate,
    lists,
    mine,
    report,
    rerank,
    score,
    search,
    train,
)
from listill.system_names import FUSED, SECOND
from listill.teachers.teacher import Teacher, resolved, students_used

STAGES: dict[str, Any] = {
    "corpus": corpus,
    "ask": ask,
    "queries": generate,
    "encode": encode,
    "candidates": mine,
    "search": search,
    "fuse": fuse,
    "rerank": rerank,
    "gate": gate,
    "scores": score,
    "lists": lists,
    "train": train,
    "evaluate": evaluate,
    "report": report,
}


class Plan:
    """The work that a config describes."""

    def __init__(self, config: Mapping[str, Any], where: str = "config") -> None:
        """Validate ``config`` (plain data, as loaded from YAML); raises UserError if it is invalid."""
        self.settings = parse(Settings, dict(config), where)

    @property
    def corpora(self) -> list[str]:
        """Names of the corpora."""
        return sorted(self.settings.corpora)

    @property
    def students(self) -> list[str]:
        """Names of the students."""
        return sorted(self.settings.students)

    @property
    def retrievers(self) -> list[str]:
        """Names of the retrievers with embeddings: the students' base models and the additional dense retrievers."""
        return sorted({**self.settings.students, **self.settings.mining.embedding})

    @property
    def miners(self) -> list[str]:
        """Names of the retrievers with embeddings whose candidates are used."""
        chosen = self.settings.mining.retrievers
        return [name for name in self.retrievers if chosen is None or name in chosen]

    @property
    def variants(self) -> list[str]:
        """Names of the variants, including those of further seeds and of the second round."""
        return self.settings.training.all_variants()

    @property
    def first_round(self) -> list[str]:
        """Names of the variants of the first round."""
        return [variant for variant in self.variants if not variant.endswith(SECOND)]

    @property
    def trained(self) -> list[str]:
        """Names of the trained systems of all corpora, ``student.variant``."""
        return list(dict.fromkeys(system for corpus in self.corpora for system in self.trained_on(corpus)))

    def trained_on(self, corpus: str) -> list[str]:
        """Return the names of the systems that are trained on a corpus, ``student.variant``."""
        return [".".join(pair) for pair in self.settings.trained_on(corpus)]

    def lists_on(self, corpus: str) -> list[str]:
        """Return the names of the lists of a corpus, ``student`` or ``student.variant``; see ``lists``."""
        return self.settings.lists_on(corpus)

    def systems_on(self, corpus: str) -> list[str]:
        """Return the names of all systems that are evaluated on a corpus."""
        trained = self.trained_on(corpus)
        return ["bm25", *self.students, "teacher", *trained, *(f"{name}{FUSED}" for name in [*self.students, *trained])]

    @property
    def searching(self) -> list[str]:
        """Names of the students and trained systems, whose runs are also fused with that of BM25."""
        return [*self.students, *self.trained]

    @property
    def shards(self) -> list[str]:
        """Names of the shards of generation by a language model; empty if no language model is used."""
        return self.settings.generation.shard_names

    @property
    def asking(self) -> tuple[str, int]:
        """The environment in envs/ in which a language model runs, and the number of GPUs of one such job."""
        generator = self.settings.generation.generator
        return generator.environment, generator.gpus

    def guide(self, variant: str) -> list[str]:
        """Return the name of the dense retriever that filters a variant's negatives; empty if it has none."""
        guide = self.settings.training.recipe(variant).negatives.guide
        return [] if guide is None else [guide]

    def frozen(self, corpus: str, stage: str) -> str:
        """Return the settings that a stage depends on, and no others, as canonical JSON."""
        name, _, rest = stage.partition(".")
        arguments = rest.split(".") if name == "train" else [rest] if rest else []
        return canonical(STAGES[name].settings(self.settings, corpus, *arguments).model_dump(mode="json"))

    @property
    def whole_config(self) -> str:
        """The whole config as canonical JSON, as far as its keys are set."""
        return canonical(self.settings.model_dump(mode="json", exclude_unset=True))

    @staticmethod
    def differs(path: str, settings: Callable[[], str]) -> bool:
        """Tell whether a file of frozen settings is there, but has other settings than ``settings()``."""
        file = Path(path)
        return file.is_file() and file.read_bytes() != f"{settings()}\n".encode()

    def source_files(self, corpus: str) -> list[str]:
        """Return the files of a corpus' source that exist (a dry run needs none of them)."""
        source = self.settings.corpora[corpus].source
        return [*source.files(), *_member("sources", source)]

    def wants_judgements(self, corpus: str) -> bool:
        """Tell whether queries are generated for the passages with human judgements."""
        return self.settings.corpora[corpus].passages_from == "relevant"

    @property
    def generator_files(self) -> list[str]:
        """The user's files that the generator reads: queries, prompts, examples, a model folder."""
        generator = self.settings.generation.generator
        return [*generator.files(), *_member("generators", generator)]

    @property
    def own_queries(self) -> list[str]:
        """The generator's files if it uses no language model."""
        return [] if self.shards else self.generator_files

    @property
    def prompt_files(self) -> list[str]:
        """The generator's files if it uses a language model."""
        return self.generator_files if self.shards else []

    def retriever_files(self, retriever: str) -> list[str]:
        """Return the files that show whether the model of a student or another dense retriever has changed."""
        model = self.settings.bi_encoder(retriever)
        return model_files(model.model, model.onnx)

    @property
    def miner_files(self) -> list[str]:
        """The user's files that the additional retrievers without embeddings read."""
        chosen = self.settings.mining.retrievers
        additional = self.settings.mining.additional.items()
        members = [member for name, member in additional if chosen is None or name in chosen]
        return [
            file
            for member in members
            if not member.embeds
            for file in [*member.files(), *_member("retrievers", member)]
        ]

    def lists(self, student: str, variant: str) -> str:
        """Return the name of the lists of a variant of the first round: ``student``, or ``student.variant``."""
        return self.settings.training.lists_name(student, variant)

    def loss_files(self, variant: str) -> list[str]:
        """Return the files of the variant's losses that are outside the package."""
        losses = self.settings.training.recipe(variant).losses
        return [file for name in losses for file in member_files("losses", name)]

    @property
    def _teachers(self) -> dict[str, Teacher]:
        return resolved(self.settings.teacher.members, self.students)

    @property
    def teacher_embeddings(self) -> list[str]:
        """Names of the students whose embeddings of the corpus the teachers read."""
        return students_used(self._teachers, embeddings=True)

    @property
    def teacher_files(self) -> list[str]:
        """The user's files that the teachers read, including those that show whether a model folder has changed."""
        teachers = self._teachers
        own = [file for one in teachers.values() for file in [*one.files(), *_member("teachers", one)]]
        return [*own, *(file for name in students_used(teachers) for file in self.retriever_files(name))]


def _member(family: str, settings: Member) -> list[str]:
    """Return the file of a member outside the package. If it changes, the stages that use it run again."""
    return member_files(family, settings.kind)
