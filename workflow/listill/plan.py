"""The interface of the Snakefile: the validated config, the frozen settings of each stage, and the names of all parts.

A stage has a name such as ``corpus`` or ``queries``. A stage that runs several times has its student or system after a
dot: ``encode.minilm``, ``train.minilm.listwise``, ``search.bm25``. The stage ``joint.<name>`` is that of no single corpus:
its results are in the folder ``JOINT``, as if this were the name of a corpus.
"""

import json
import logging
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from listill.contents import remembered
from listill.families import member_files
from listill.frozen import canonical, parse
from listill.section import Member
from listill.settings.config import Settings
from listill.source_files import model_files
from listill.stages import (
    ask,
    check,
    corpus,
    encode,
    evaluate,
    export_corpus,
    export_lists,
    export_model,
    fuse,
    gate,
    generate,
    learning_curve,
    lists,
    mine,
    mteb,
    report,
    rerank,
    score,
    search,
    train,
    train_joint,
)
from listill.system_names import FUSED, SECOND, without_seed
from listill.teachers.teacher import Teacher, resolved, students_used

log = logging.getLogger("listill")

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
    "joint": train_joint,
    "learning_curve": learning_curve,
    "mteb": mteb,
    "evaluate": evaluate,
    "report": report,
    "check": check,
    "export_corpus": export_corpus,
    "export_lists": export_lists,
    "export_model": export_model,
}


# The folder in results/ of the joint trainings.
JOINT = "joint"


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
    def reported(self) -> list[str]:
        """Names of the corpora with a report; the others only serve to measure what students retain."""
        return self.settings.reported

    @property
    def learned(self) -> list[str]:
        """Names of the corpora whose lists a student is trained on. The others are only measured."""
        return self.settings.learned

    def retention_of(self, corpus: str) -> list[str]:
        """Return the other corpora on which the students that are trained on a corpus are measured."""
        return self.settings.retention_of(corpus)

    def students_on(self, corpus: str) -> list[str]:
        """Return the names of the students that are trained on a corpus."""
        return sorted({student for student, _ in self.settings.trained_on(corpus)})

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

    @property
    def joint(self) -> list[str]:
        """Names of the joint trainings, including those of further seeds."""
        return [name for _, name in self.settings.jointly_trained()]

    @property
    def jointly_trained(self) -> list[str]:
        """Names of the systems of the joint trainings, ``student.name``, which are evaluated on every corpus."""
        return [".".join(pair) for pair in self.settings.jointly_trained()]

    def joint_files(self, name: str) -> dict[str, list[str]]:
        """Return the files that a joint training reads by the option of its stage, one for each of its corpora."""
        settings = self.settings.joint[without_seed(name)]
        student, variant = settings.student, settings.variant
        files = {table: f"{table}.parquet" for table in ("corpus", "topics", "qrels", "queries", "dev_candidates")}
        files |= {folder: f"{folder}/{student}.parquet" for folder in ("tokens", "embeddings")}
        files["lists"] = f"lists/{self.lists(student, variant)}.parquet"
        if guide := self.guide(variant):
            files["guide"] = f"embeddings/{guide[0]}.parquet"
        of_corpora = {
            option: [f"results/{corpus}/{file}" for corpus in settings.corpora] for option, file in files.items()
        }
        others = {"anchor_texts": self.anchor_texts(student, variant)}
        others["retention"] = self.kept_elsewhere(student, variant, settings.corpora)
        return of_corpora | others

    def keeps_documents(self, variant: str) -> bool:
        """Tell whether students of a variant or joint training search the embeddings of the base model.

        This is so if only queries are trained.
        """
        return self.settings.recipe_of(variant).tower == "query"

    def other_documents(self, variant: str) -> str:
        """Return the table of another corpus that students of a variant search there: ``tokens`` or ``embeddings``."""
        return "embeddings" if self.keeps_documents(variant) else "tokens"

    def lists_on(self, corpus: str) -> list[str]:
        """Return the names of the lists of a corpus, ``student`` or ``student.variant``; see ``lists``."""
        return self.settings.lists_on(corpus)

    def evaluated_on(self, corpus: str) -> list[str]:
        """Return the names of the trained systems that are evaluated on a corpus, those of joint trainings included."""
        return [*self.trained_on(corpus), *self.jointly_trained]

    def exported_on(self, corpus: str) -> list[str]:
        """Return the names of the trained systems whose models are exported for a corpus, ``student.variant``."""
        return [".".join(pair) for pair in self.settings.exported_on(corpus)]

    def checked_on(self, corpus: str) -> list[str]:
        """Return the names of the trained systems whose saved models are checked, ``student.variant``."""
        return self.settings.checked_on(corpus)

    def checked_files(self, corpus: str) -> dict[str, list[str]]:
        """Return what the check of a corpus reads: the runs of systems and of their base models, and the systems' models."""
        systems = self.checked_on(corpus)
        names = [*systems, *sorted({system.partition(".")[0] for system in systems})]
        models = [file for system in systems for file in self.trained_model(corpus, system)]
        return {"runs": [f"results/{corpus}/runs/{name}.parquet" for name in names], "models": models}

    def systems_on(self, corpus: str) -> list[str]:
        """Return the names of all systems that are evaluated on a corpus."""
        trained = self.evaluated_on(corpus)
        teacher = ["teacher"] if corpus in self.learned else []
        fused = [f"{name}{FUSED}" for name in [*self.students, *trained]]
        return ["bm25", *self.students, *teacher, *trained, *fused, *self.settings.cut_on(corpus)]

    @property
    def searching(self) -> list[str]:
        """Names of the students and trained systems, whose runs are also fused with that of BM25."""
        return [*self.students, *self.trained, *self.jointly_trained]

    def shares(self, work: str) -> list[str]:
        """Return the names of the shares of ``generated`` (none without a language model), ``encoded`` or ``scored``."""
        settings = self.settings
        generated, encoded = settings.generation.shard_names, settings.encoding.shard_names
        return {"generated": generated, "encoded": encoded, "scored": settings.teacher.shard_names}[work.split("/")[0]]

    @property
    def asking(self) -> tuple[str, int]:
        """The environment in envs/ in which a language model runs, and the number of GPUs of one such job."""
        generator = self.settings.generation.generator
        return generator.environment, generator.gpus

    def guide(self, variant: str) -> list[str]:
        """Return the name of the dense retriever that filters a variant's negatives; empty if it has none."""
        guide = self.settings.training.recipe(variant).negatives.guide
        return [] if guide is None else [guide]

    def anchor_texts(self, student: str, variant: str) -> list[str]:
        """Return the files of the corpus whose passages the anchor of a variant keeps, too; empty if it has none."""
        settings = self.settings.training.recipe(variant).anchor_texts
        tables = ["corpus", f"tokens/{student}", f"embeddings/{student}"]
        return [f"results/{settings.corpus}/{table}.parquet" for table in tables] if settings else []

    def kept_elsewhere(self, student: str, variant: str, corpora: Sequence[str]) -> list[str]:
        """Return the files of the corpora on which the weights of a variant must not lose; ``corpora`` it is trained on."""
        settings = self.settings.training.recipe(variant).selection.retention
        return [
            f"results/{other}/{table}.parquet"
            for other in (settings.corpora if settings else [])
            if other not in corpora
            for table in [
                *("corpus", "topics", "qrels", f"tokens/{student}", f"embeddings/{student}"),
                *(["queries"] if other in self.learned else []),
            ]
        ]

    def learning_curves(self, corpus: str) -> list[str]:
        """Return ``student.variant.percent`` of the trainings on a share of the lists; only the first round has them."""
        percents = sorted({round(100 * share) for share in self.settings.evaluation.learning_curve} - {100})
        systems = [system for system in self.trained_on(corpus) if not system.endswith(SECOND)]
        return [f"{system}.{percent}" for system in systems for percent in percents]

    def probed(self, corpus: str) -> list[str]:
        """Return the systems that are measured on tasks of MTEB for the report of a corpus.

        They are the students that are trained there, before and after, and the joint trainings whose first corpus it is.
        MTEB takes one model: a training of queries only, which needs a second one for documents, is left out.
        """
        if not self.settings.evaluation.mteb:
            return []
        first = {name for name, joint in self.settings.joint.items() if joint.corpora[0] == corpus}
        jointly = [system for system in self.jointly_trained if without_seed(system.partition(".")[2]) in first]
        pairs = [system.partition(".") for system in [*self.trained_on(corpus), *jointly]]
        trained = [(student, variant) for student, _, variant in pairs if not self.keeps_documents(variant)]
        return [*sorted({student for student, _ in trained}), *map(".".join, trained)]

    def mteb_files(self, corpus: str) -> list[str]:
        """Return the tables of these systems. That of a base model, which depends on no corpus, is made once for all."""
        folders = {}
        for system in self.probed(corpus):
            owners = [name for name in self.corpora if system in self.probed(name)]
            folders[system] = owners[0] if "." not in system else corpus
        return [f"results/{folder}/mteb/{system}.parquet" for system, folder in folders.items()]

    def trained_model(self, corpus: str, system: str) -> list[str]:
        """Return the file that stands for the model of a trained system; empty for a base model."""
        student, _, variant = system.partition(".")
        if not variant:
            return []
        folder = f"{JOINT}/{variant}" if variant in self.joint else f"{corpus}/models/{student}/{variant}"
        return [f"results/{folder}/modules.json"]

    def frozen(self, corpus: str, stage: str) -> str:
        """Return the settings that a stage depends on, and no others, as canonical JSON.

        They include the contents of the user's files that the stage reads. If files are missing, for example because their
        disk is not mounted, the contents are those of the stage's last settings in this folder.
        """
        name, _, rest = stage.partition(".")
        arguments = rest.split(".") if name in ("train", "learning_curve") else [rest] if rest else []
        settings = STAGES[name].settings(self.settings, corpus, *arguments).model_dump(mode="json")
        files = self.files(corpus, stage)
        contents = {part: remembered(paths) for part, paths in files.items() if paths}
        if missing := files.keys() - contents.keys():
            last = _read_frozen(Path("results", corpus, "config", f"{stage}.json"))
            known = last.pop("files", {})
            same = last == settings and isinstance(known, dict)
            if same and (assumed := {part: known[part] for part in sorted(missing) if part in known}):
                log.warning("%s: the files of %s are missing: they count as unchanged", stage, ", ".join(assumed))
                contents |= assumed
        return canonical(settings | ({"files": contents} if contents else {}))

    @property
    def whole_config(self) -> str:
        """The whole config as canonical JSON, as far as its keys are set, without those that only the estimate reads."""
        return canonical(self.settings.model_dump(mode="json", exclude_unset=True, exclude={"estimate"}))

    @property
    def estimated_config(self) -> str:
        """The config as the estimate reads it, as canonical JSON."""
        return canonical(self.settings.model_dump(mode="json", exclude_unset=True))

    @staticmethod
    def differs(path: str, settings: Callable[[], str]) -> bool:
        """Tell whether a file of frozen settings is there, but has other settings than ``settings()``."""
        file = Path(path)
        return file.is_file() and file.read_bytes() != f"{settings()}\n".encode()

    def wants_judgements(self, corpus: str) -> bool:
        """Tell whether queries are generated for the passages with human judgements."""
        return self.settings.corpora[corpus].passages_from == "relevant"

    def lists(self, student: str, variant: str) -> str:
        """Return the name of the lists of a variant of the first round: ``student``, or ``student.variant``."""
        return self.settings.training.lists_name(student, variant)

    @property
    def _teachers(self) -> dict[str, Teacher]:
        return resolved(self.settings.teacher.members, self.students)

    @property
    def teacher_embeddings(self) -> list[str]:
        """Names of the students whose embeddings of the corpus the teachers read."""
        return students_used(self._teachers, embeddings=True)

    def files(self, corpus: str, stage: str) -> dict[str, list[str]]:
        """Return the user's files that a stage reads, by the part of the config that names them.

        The list of a part is empty if it names no files, or if one of them is missing. Files of members outside the package
        are among them.
        """
        name, _, rest = stage.partition(".")
        settings = self.settings
        if name == "corpus":
            return _of_member("source", "sources", settings.corpora[corpus].source)
        if name == ("ask" if self.shares("generated") else "queries"):
            return _of_member("generator", "generators", settings.generation.generator)
        if name in ("encode", "mteb") and "." not in rest:  # a trained student is not a file of the user
            return {"model": self._model_files(rest)}
        if name == "candidates" and not rest:
            return self._miner_files
        if name in ("gate", "rerank", "scores"):
            return self._teacher_files
        if name in ("train", "joint", "learning_curve"):
            variant = settings.joint[without_seed(rest)].variant if name == "joint" else rest.split(".")[1]
            losses = settings.training.recipe(variant).losses
            return {f"losses.{loss}": files for loss in losses if (files := member_files("losses", loss))}
        return {}

    def _model_files(self, retriever: str) -> list[str]:
        """Return the files that show whether the model of a student or another dense retriever has changed."""
        model = self.settings.bi_encoder(retriever)
        return model_files(model.model, model.onnx)

    @property
    def _miner_files(self) -> dict[str, list[str]]:
        chosen = self.settings.mining.retrievers
        files: dict[str, list[str]] = {}
        for name, member in self.settings.mining.additional.items():
            if not member.embeds and (chosen is None or name in chosen):
                files |= _of_member(f"additional.{name}", "retrievers", member)
        return files

    @property
    def _teacher_files(self) -> dict[str, list[str]]:
        files: dict[str, list[str]] = {}
        for name, member in self._teachers.items():
            files |= _of_member(f"members.{name}", "teachers", member)
        return files | {f"students.{name}": self._model_files(name) for name in students_used(self._teachers)}


def _of_member(part: str, family: str, member: Member) -> dict[str, list[str]]:
    """Return the files that a member names, and its own if it is outside the package."""
    own = member_files(family, member.kind)
    return {part: member.files(), **({f"{part}.kind": own} if own else {})}


def _read_frozen(path: Path) -> dict[str, Any]:
    """Return the settings of a stage that were frozen before; empty if there are none that can be read."""
    try:
        settings = json.loads(path.read_text())
    except (OSError, ValueError):
        return {}
    return settings if isinstance(settings, dict) else {}
