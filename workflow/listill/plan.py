"""What the Snakefile asks: the checked config, the frozen settings of each stage, and the names of things.

A stage is named ``corpus``, ``queries``, ... or, where there are several, with its student or system behind a dot:
``lists.minilm``, ``train.minilm.listwise``, ``search.bm25``.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from listill.frozen import canonical, parse
from listill.settings import Beir, Files, LanguageModel, Own, Reranker, Settings
from listill.source_files import existing
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
    """The work that a config asks for."""

    def __init__(self, config: Mapping[str, Any], where: str = "config") -> None:
        """Check ``config`` (plain data as YAML gives it); UserError if it is at fault."""
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
        """Names of the dense retrievers: the students' base models and any others."""
        return sorted({**self.settings.students, **self.settings.mining.dense})

    @property
    def miners(self) -> list[str]:
        """Names of the dense retrievers whose candidates are taken."""
        asked = self.settings.mining.retrievers
        return [name for name in self.retrievers if asked is None or name in asked]

    @property
    def variants(self) -> list[str]:
        """Names of the variants, those of the second round among them."""
        return self.settings.training.all_variants()

    @property
    def trained(self) -> list[str]:
        """Names of the trained systems, ``student.variant``."""
        return [f"{student}.{variant}" for student in self.students for variant in self.variants]

    @property
    def systems(self) -> list[str]:
        """Names of all systems that are evaluated."""
        return ["bm25", *self.students, *(f"{student}+bm25" for student in self.students), "teacher", *self.trained]

    @property
    def shards(self) -> list[str]:
        """Names of the parts of a language model's work; none if no model is asked."""
        return self.settings.generation.shard_names

    @property
    def asking(self) -> tuple[str, int]:
        """The environment in envs/ in which queries are asked for, and the GPUs that one such job takes."""
        return {"openai": ("cpu", 0), "transformers": ("gpu", 1)}.get(
            self.settings.generation.generator.kind, ("vllm", 1)
        )

    def model(self, retriever: str) -> str:
        """Return the base model of a student or other dense retriever."""
        return {**self.settings.mining.dense, **self.settings.students}[retriever].model

    def guide(self, variant: str) -> list[str]:
        """Return the dense retriever that guides a variant's negatives, if it has one."""
        guide = self.settings.training.recipe(variant).negatives.guide
        return [] if guide is None else [guide]

    def frozen(self, corpus: str, stage: str) -> str:
        """Return canonical JSON of exactly the settings that a stage depends on."""
        name, _, rest = stage.partition(".")
        arguments = rest.split(".") if name == "train" else [rest] if rest else []
        return canonical(STAGES[name].settings(self.settings, corpus, *arguments).model_dump(mode="json"))

    def sources(self, corpus: str) -> list[str]:
        """Return the files that a corpus is read from, as far as they are there (a dry run needs none of them)."""
        source = self.settings.corpora[corpus].source
        if isinstance(source, Beir):
            return existing(
                source.path, ["corpus.jsonl", "queries.jsonl", *(f"qrels/{s}.tsv" for s in ("train", "dev", "test"))]
            )
        if isinstance(source, Files):
            return [file for path in (source.path, source.topics, source.qrels) if path for file in existing(path)]
        return []

    def wants_judgements(self, corpus: str) -> bool:
        """Tell whether the passages that get queries are chosen by human judgements."""
        return self.settings.corpora[corpus].passages_from == "relevant"

    def own_queries(self) -> list[str]:
        """Return the file of the user's own queries, if the config names one that is there."""
        generator = self.settings.generation.generator
        return existing(generator.path) if isinstance(generator, Own) else []

    def prompt_files(self) -> list[str]:
        """Return what the prompts and the language model are read from, as far as it is there and the user's own."""
        generator = self.settings.generation.generator
        if not isinstance(generator, LanguageModel):
            return []
        files = [file for path in generator.examples.values() for file in existing(path)]
        for path in existing(generator.types_from) if generator.types_from else []:
            files += sorted(map(str, Path(path).glob("*.y*ml"))) if Path(path).is_dir() else [path]
        return [*files, *self.model_files(generator.model)]

    def model_files(self, model: str) -> list[str]:
        """Return what tells that a model folder has changed, if the model is a folder that is there."""
        return existing(model, ["modules.json", "config.json", "model.safetensors", "model.safetensors.index.json"])

    @property
    def teacher_files(self) -> list[str]:
        """Return what tells that a teacher's model folder has changed, for those that are there."""
        models = [m.model for m in self.settings.teacher.members.values() if isinstance(m, Reranker)]
        return [file for model in models for file in self.model_files(model)]
