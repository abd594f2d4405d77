"""The config: one definition, from which the checks, config/schema.json and config/README.md are made.

A setting that is missing takes its default; a key that is unknown is an error that names its place and the nearest
known key. Nothing heavier than pydantic is imported, because the Snakefile imports this package in every job.
"""

from pydantic import Field, model_validator

from listill.errors import nearest
from listill.settings.base import Count, Loss, Name, Positive, Section, Share
from listill.settings.corpora import Beir, Corpus, Files, IrDatasets, PythonApi
from listill.settings.evaluation import Evaluation
from listill.settings.generation import Cleaning, Extractive, Generation, Own
from listill.settings.language_models import LanguageModel, OpenAi, Transformers, Vllm
from listill.settings.mining import Bm25, Consistency, Mining
from listill.settings.rerankers import T5, Causal, CrossEncoder, Layerwise, Reranker
from listill.settings.students import Preset, Student
from listill.settings.teacher import Bm25Teacher, Dense, Gate, LateInteraction, Teacher, TeacherEnsemble
from listill.settings.training import Lists, Negatives, Recipe, Selection, Temperatures, Training, Variant

__all__ = [
    "T5",
    "Beir",
    "Bm25",
    "Bm25Teacher",
    "Causal",
    "Cleaning",
    "Consistency",
    "Corpus",
    "Count",
    "CrossEncoder",
    "Dense",
    "Evaluation",
    "Extractive",
    "Files",
    "Gate",
    "Generation",
    "IrDatasets",
    "LanguageModel",
    "LateInteraction",
    "Layerwise",
    "Lists",
    "Loss",
    "Mining",
    "Name",
    "Negatives",
    "OpenAi",
    "Own",
    "Positive",
    "Preset",
    "PythonApi",
    "Recipe",
    "Reranker",
    "Section",
    "Selection",
    "Settings",
    "Share",
    "Student",
    "Teacher",
    "TeacherEnsemble",
    "Temperatures",
    "Training",
    "Transformers",
    "Variant",
    "Vllm",
]


class Settings(Section):
    """The whole config. Every corpus is run with every student and every variant."""

    corpora: dict[Name, Corpus] = Field(min_length=1, description="the corpora, by name: the folder below results/")
    students: dict[Name, Student] = Field(min_length=1, description="the models to be trained, by name")
    generation: Generation = Field(Generation(), description="synthetic queries")
    mining: Mining = Field(Mining(), description="candidate documents of every query")
    teacher: TeacherEnsemble = Field(TeacherEnsemble(), description="who scores the candidates")
    training: Training = Field(Training(), description="lists, losses and variants")
    evaluation: Evaluation = Field(Evaluation(), description="measures and tests")
    seed: int = Field(42, description="of everything that is drawn at random")

    @model_validator(mode="after")
    def _names_exist(self) -> "Settings":
        for name, member in self.teacher.members.items():
            student = getattr(member, "student", None)
            if student is not None and student not in self.students:
                raise ValueError(
                    f"teacher.members.{name}.student: no student '{student}'{nearest(student, self.students)}"
                )
        for where, recipe in [("", self.training), *((f"variants.{n}.", v) for n, v in self.training.variants.items())]:
            guide = recipe.negatives.guide if recipe.negatives else None
            known = {**self.students, **self.mining.dense}
            if guide is not None and guide not in known:
                raise ValueError(f"training.{where}negatives.guide: no retriever '{guide}'{nearest(guide, known)}")
        self._check_retrievers()
        reserved = {"bm25", "teacher"}
        if clash := (reserved | set(self.mining.dense)) & set(self.students) or reserved & set(self.mining.dense):
            raise ValueError(f"the name '{min(clash)}' is taken: rename the student or retriever")
        return self

    def passages(self, corpus: str) -> int | None:
        """Return how many passages of a corpus get queries; None: all."""
        own = self.corpora[corpus].passages
        return self.generation.passages if own is None else own

    def _check_retrievers(self) -> None:
        """Refuse retrievers that there are not, and lists of candidates that nobody finds."""
        known = ["bm25", *self.students, *self.mining.dense]
        lists = self.training.lists
        for place, names in [
            ("mining.retrievers", self.mining.retrievers or []),
            ("training.lists.own", lists.own.values()),
        ]:
            for name in names:
                if name not in known:
                    raise ValueError(f"{place}: no retriever '{name}'{nearest(name, known)}")
        for student in lists.own:
            if student not in self.students:
                raise ValueError(f"training.lists.own: no student '{student}'{nearest(student, self.students)}")
        if lists.retrievers == "all" and self.mining.consistency.require != "own":
            return
        for student in self.students:
            own = lists.own.get(student, student)
            if self.mining.retrievers is not None and own not in self.mining.retrievers:
                raise ValueError(
                    f"training.lists: the lists of '{student}' are made of candidates of '{own}', which is not among "
                    "mining.retrievers: add it there, or name one that stands in for it in training.lists.own"
                )
