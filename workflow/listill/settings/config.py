"""The whole config, and the checks that concern several of its blocks."""

from pydantic import Field, model_validator

from listill.errors import nearest
from listill.section import Name, Section, Seed
from listill.settings.corpora import Corpus
from listill.settings.encoding import Encoding
from listill.settings.estimate import Estimate
from listill.settings.evaluation import Evaluation
from listill.settings.export import Export
from listill.settings.generation import Generation
from listill.settings.joint import Joint, check_name
from listill.settings.lists import Lists
from listill.settings.mining import Mining
from listill.settings.students import FrozenEncoder, Student
from listill.settings.teacher import Teaching
from listill.settings.training import Recipe, Training
from listill.system_names import with_seed, with_size, without_seed


class Settings(Section):
    """The whole config. Every corpus is run with every student and every variant, unless a variant names some."""

    corpora: dict[Name, Corpus] = Field(
        min_length=1, description="the corpora by name, which is also the folder in results/"
    )
    students: dict[Name, Student] = Field(min_length=1, description="the models that are trained, by name")
    generation: Generation = Field(Generation(), description="synthetic queries")
    encoding: Encoding = Field(Encoding(), description="embeddings of the documents")
    mining: Mining = Field(Mining(), description="the candidates of every query")
    teacher: Teaching = Field(Teaching(), description="the teachers that score the candidates")
    training: Training = Field(Training(), description="training lists, losses and variants")
    joint: dict[Name, Joint] = Field(
        {}, description="students that are trained on several corpora, by name: the systems `<student>.<name>`"
    )
    evaluation: Evaluation = Field(Evaluation(), description="measures and significance tests")
    export: Export = Field(Export(), description="what `snakemake export` writes for other tools")
    estimate: Estimate = Field(Estimate(), description="known rates and prices, for `snakemake estimate`")
    seed: Seed = Field(42, description="seed of everything that is drawn at random")

    @model_validator(mode="after")
    def _names_exist(self) -> "Settings":
        for name, member in self.teacher.members.items():
            for student in member.students_used():
                if student not in self.students:
                    raise ValueError(
                        f"teacher.members.{name}.student: no student '{student}'{nearest(student, self.students)}"
                    )
        types = self.generation.query_types()
        for where, recipe in [("", self.training), *((f"variants.{n}.", v) for n, v in self.training.variants.items())]:
            for name in recipe.types or [] if types else []:
                if name not in types:
                    raise ValueError(
                        f"training.{where}types: no queries of the type '{name}'{nearest(name, types)}; the types of "
                        f"the generator are {', '.join(sorted(types))}"
                    )
            guide = recipe.negatives.guide if recipe.negatives else None
            known = [*self.students, *self.mining.embedding]
            if guide is not None and guide not in known:
                raise ValueError(f"training.{where}negatives.guide: no retriever '{guide}'{nearest(guide, known)}")
        self._check_lists("training.lists", self.training.lists, [*self.students])
        self._check_variants()
        self._check_joint()
        if not self.learned:
            raise ValueError(
                "training.variants: none is trained on any corpus: see `corpora` and `students` of the variants"
            )
        self._check_retention()
        self._check_export()
        reserved = {"bm25", "teacher", "positive", "random"}  # the last two: see `candidates/` (column retriever)
        additional = set(self.mining.additional)
        if clash := (reserved | additional) & set(self.students) or reserved & additional:
            raise ValueError(f"the name '{min(clash)}' is taken: rename the student or retriever")
        return self

    def trained_on(self, corpus: str) -> list[tuple[str, str]]:
        """Return the (student, variant) that are trained on a corpus, with all seeds and rounds."""
        pairs = [(student, variant) for student in sorted(self.students) for variant in self.training.all_variants()]
        return [pair for pair in pairs if self.training.trains(corpus, *pair)]

    def jointly_trained(self) -> list[tuple[str, str]]:
        """Return the (student, name) of all joint trainings, with all seeds. They are evaluated on every corpus."""
        seeds = range(1, self.training.seeds + 1)
        return [(self.joint[name].student, with_seed(name, seed)) for name in sorted(self.joint) for seed in seeds]

    def evaluated_on(self, corpus: str) -> list[tuple[str, str]]:
        """Return the (student, variant) and (student, joint training) that are evaluated on a corpus."""
        return [*self.trained_on(corpus), *self.jointly_trained()]

    def cut_on(self, corpus: str) -> list[str]:
        """Return the systems of a corpus whose embeddings are cut, ``student.variant@size``."""
        return [
            with_size(f"{student}.{name}", size)
            for student, name in self.evaluated_on(corpus)
            for size in sorted(self.recipe_of(name).matryoshka)
        ]

    def lists_on(self, corpus: str) -> list[str]:
        """Return the names of all lists of a corpus that are trained on in the first round."""
        joint = [(one.student, one.variant) for one in self.joint.values() if corpus in one.corpora]
        return sorted({self.training.lists_name(*pair) for pair in [*self.trained_on(corpus), *joint]})

    def retention_of(self, corpus: str) -> list[str]:
        """Return the other corpora on which the students that are trained on a corpus are measured."""
        retention = self.evaluation.retention
        if retention is None or not self.trained_on(corpus):
            return []
        return [name for name in retention.corpora if name != corpus]

    @property
    def reported(self) -> list[str]:
        """Names of the corpora with a report: all but those that only serve to measure retention, or other trainings."""
        retention = self.evaluation.retention
        serving = {*(retention.corpora if retention else []), *self.read_by_others}
        return [name for name in sorted(self.corpora) if name not in serving or self.evaluated_on(name)]

    @property
    def read_by_others(self) -> set[str]:
        """Names of the corpora that trainings on other corpora read: their texts as anchors, their topics for selection."""
        return set().union(*(self.training.recipe(variant).other_corpora for variant in self.training.variants))

    @property
    def learned(self) -> list[str]:
        """Names of the corpora whose lists a student is trained on. The others are only measured."""
        return [name for name in sorted(self.corpora) if self.lists_on(name)]

    def bi_encoder(self, name: str) -> Student:
        """Return the base model of a student or of another dense retriever."""
        other = self.mining.embedding.get(name)
        return self.students[name] if other is None else FrozenEncoder(**other.model_dump(exclude={"kind"}))

    def mining_on(self, corpus: str) -> Mining:
        """Return the settings of mining for the language of a corpus."""
        return self.mining.in_language(self.corpora[corpus].language)

    def passages(self, corpus: str) -> int | None:
        """Return how many passages of a corpus get train queries; None: all. Where nothing is trained, none does."""
        if corpus not in self.learned:
            return 0
        own = self.corpora[corpus].passages
        return self.generation.passages if own is None else own

    def _check_kept_elsewhere(self, variant: str, recipe: Recipe) -> None:
        """Raise ValueError for corpora in selection.retention that are not there, or that measure nothing."""
        if recipe.selection.retention is None:
            return
        place, named = f"training.variants.{variant}.selection.retention.corpora", recipe.selection.retention.corpora
        for name in named:
            if name not in self.corpora:
                raise ValueError(f"{place}: no corpus '{name}'{nearest(name, self.corpora)}")
        own = self.training.variants[variant].corpora
        trainings = [[corpus] for corpus in (self.corpora if own is None else own)]
        trainings += [joint.corpora for joint in self.joint.values() if joint.variant == variant]
        if trainings and not any({*named} - {*corpora} for corpora in trainings):
            raise ValueError(f"{place}: the variant is trained on {', '.join(named)}: name other corpora")

    def _check_retention(self) -> None:
        """Raise ValueError for unknown corpora, and if no student is trained on another corpus."""
        if self.evaluation.retention is None:
            return
        for name in self.evaluation.retention.corpora:
            if name not in self.corpora:
                raise ValueError(f"evaluation.retention.corpora: no corpus '{name}'{nearest(name, self.corpora)}")
        if not any(self.retention_of(corpus) for corpus in self.corpora):
            raise ValueError(
                "evaluation.retention.corpora: no student is trained on another corpus than these: add a corpus on which "
                "none is trained (see `corpora` of training.variants)"
            )

    def _check_export(self) -> None:
        """Raise ValueError for a system that is not trained."""
        known = {".".join(pair) for corpus in self.corpora for pair in self.evaluated_on(corpus)}
        for name in self.export.systems or []:
            if name not in known:
                raise ValueError(
                    f"export.systems: no trained system '{name}'{nearest(name, sorted(known))}; known: "
                    f"{', '.join(sorted(known))}"
                )

    def variant_of(self, name: str) -> str:
        """Return the variant whose settings a training has: that of the joint training of this ``name``, else ``name``."""
        joint = self.joint.get(without_seed(name))
        return joint.variant if joint else name

    def recipe_of(self, name: str) -> Recipe:
        """Return the settings of a variant, or of a joint training."""
        return self.training.recipe(self.variant_of(name))

    def checked_on(self, corpus: str) -> list[str]:
        """Return the trained systems whose saved models are checked: the first seeds, and those that are exported."""
        exported = self.exported_on(corpus)
        return [
            ".".join(pair) for pair in self.evaluated_on(corpus) if pair[1] == without_seed(pair[1]) or pair in exported
        ]

    def exported_on(self, corpus: str) -> list[tuple[str, str]]:
        """Return the (student, variant) whose models are exported for a corpus, joint trainings included."""
        pairs, chosen = self.evaluated_on(corpus), self.export.systems
        if chosen is None:
            return [(student, name) for student, name in pairs if name == without_seed(name)]
        return [pair for pair in pairs if ".".join(pair) in chosen]

    def _check_variants(self) -> None:
        """Raise ValueError for names in a variant that the config does not have."""
        for variant, settings in self.training.variants.items():
            place = f"training.variants.{variant}"
            recipe = self.training.recipe(variant)
            if recipe.anchor_texts and recipe.anchor_texts.corpus not in self.corpora:
                name = recipe.anchor_texts.corpus
                raise ValueError(f"{place}.anchor_texts.corpus: no corpus '{name}'{nearest(name, self.corpora)}")
            self._check_kept_elsewhere(variant, recipe)
            if recipe.anchor_texts and recipe.tower == "query":
                raise ValueError(
                    f"{place}.anchor_texts: passages are not trained with `tower: query`: remove one of the two keys"
                )
            for key, kind, known in [
                ("corpora", "corpus", [*self.corpora]),
                ("students", "student", [*self.students]),
                ("teachers", "teacher", [*self.teacher.members]),
            ]:
                for name in getattr(settings, key) or []:
                    if name not in known:
                        raise ValueError(f"{place}.{key}: no {kind} '{name}'{nearest(name, known)}")
            if settings.lists:
                own = self.training.lists_of(variant)
                self._check_lists(f"{place}.lists", own, settings.students or [*self.students])

    def _check_joint(self) -> None:
        """Raise ValueError for names in a joint training that the config does not have, or has for something else."""
        if self.joint and "joint" in self.corpora:
            raise ValueError("corpora.joint: results/joint has the joint trainings: rename the corpus")
        for name, settings in self.joint.items():
            check_name(name, self.training.variants)
            for key, kind, names, known in [
                ("corpora", "corpus", settings.corpora, [*self.corpora]),
                ("student", "student", [settings.student], [*self.students]),
                ("variant", "variant", [settings.variant], [*self.training.variants]),
            ]:
                for one in names:
                    if one not in known:
                        hint = nearest(one, known) or f"; known: {', '.join(sorted(known))}"
                        raise ValueError(f"joint.{name}.{key}: no {kind} '{one}'{hint}")
            own = self.training.lists_of(settings.variant)
            self._check_lists(f"training.variants.{settings.variant}.lists", own, [settings.student])

    def _check_lists(self, where: str, lists: Lists, students: list[str]) -> None:
        """Raise ValueError for names in the settings of lists that the config does not have; ``students`` have the lists."""
        self._check_retrievers(where, lists, students)
        self._check_min_score(where, lists)

    def _check_min_score(self, where: str, lists: Lists) -> None:
        """Raise ValueError for unknown teachers, and for a threshold that needs random passages which are not drawn."""
        for name, value in lists.min_score.items():
            if name not in self.teacher.members:
                raise ValueError(f"{where}.min_score: no teacher '{name}'{nearest(name, self.teacher.members)}")
            if value == "auto" and not self.mining.random:
                raise ValueError(
                    f"{where}.min_score.{name}: auto compares with the scores of random passages: set mining.random "
                    "(10, for instance), or give a number"
                )

    def _check_retrievers(self, where: str, lists: Lists, students: list[str]) -> None:
        """Raise ValueError for unknown retrievers, and for lists whose candidates no retriever finds."""
        known = ["bm25", *self.students, *self.mining.additional]
        for place, names in [
            ("mining.retrievers", self.mining.retrievers or []),
            (f"{where}.candidates_from", lists.candidates_from.values()),
        ]:
            for name in names:
                if name not in known:
                    raise ValueError(f"{place}: no retriever '{name}'{nearest(name, known)}")
        for student in lists.candidates_from:
            if student not in self.students:
                raise ValueError(f"{where}.candidates_from: no student '{student}'{nearest(student, self.students)}")
        if lists.retrievers == "all" and self.mining.consistency.require != "student":
            return
        for student in students:
            source = lists.candidates_from.get(student, student)
            if self.mining.retrievers is not None and source not in self.mining.retrievers:
                raise ValueError(
                    f"{where}: the lists of '{student}' use the candidates of '{source}', which is not among "
                    f"mining.retrievers: add it there, or name another one in {where}.candidates_from"
                )
