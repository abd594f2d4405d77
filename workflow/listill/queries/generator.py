"""The base classes of generators, which write synthetic queries, and the settings that language models share."""

import os
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from listill.credentials import Fields
from listill.errors import nearest
from listill.section import Count, Member, Name, Positive, Text
from listill.source_files import existing, model_files

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus import collection
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


# The folder with the query types that language models know; their names are those of the files.
BUILT_IN = Path(__file__).parent / "types"


class Generator(Member):
    """The base class of generators. A member is a file in ``queries/generators/``."""

    # True if queries come from a language model: ``answers`` is called, in shards and in the stage ``ask``. Otherwise
    # ``generate`` is called.
    asks_model: ClassVar[bool] = False
    # The environment in envs/ that the stage ``ask`` runs in, and the number of GPUs of one job.
    environment: ClassVar[Literal["cpu", "gpu", "vllm"]] = "cpu"
    gpus: ClassVar[int] = 0
    # Keys that change how queries are computed but not the result: answers from before such a change are reused.
    machine: ClassVar[frozenset[str]] = frozenset()

    def query_types(self) -> set[str] | None:
        """Return the types of its queries; None if only its result shows them."""
        return None

    def checksum(self) -> str | None:
        """Return a checksum of the input other than the corpus, if there is any; it becomes part of the fingerprint."""
        return None

    def generate(self, collection: "collection.Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the queries for ``passages`` (positions in the collection), one row per query.

        Columns: query_id, text, type, doc_id, generator, prompt, seed, finish_reason, start, end; ``split`` only if the
        generator decides it. ``start`` and ``end`` are the range of characters in the passage's text that a query was
        taken from. This range is removed from the passage when the pair is scored or used for training.
        """
        raise NotImplementedError


class LanguageModel(Generator):
    """The base class of generators with a language model: query types, their examples, and sampling."""

    asks_model: ClassVar[bool] = True

    model: Text = Field(
        description="a hub name, a folder, a GGUF file, or `package:MODULE/PATH` (for openai, the server's name for the "
        "model); instruction-tuned, unless chat is false"
    )
    types: dict[Name, Positive] | None = Field(
        None,
        min_length=1,
        description="query types, and the number of queries of each type per passage (0.5: every other passage gets "
        "one, on average); default: all types, with the weights in their files",
    )
    types_from: str | None = Field(
        None, description="a YAML file, or a folder of YAML files, with your own query types (see docs/queries.md)"
    )
    examples: dict[Name, str] = Field(
        {},
        description="by type, a Parquet or JSONL file with the columns query and passage: pairs from your domain that "
        "replace the examples of the type",
    )
    chat: bool = Field(
        True,
        description="true: the prompt is a message in the model's chat template; false: a plain text that the model "
        "continues, for small models and for models without chat template (see docs/queries.md)",
    )
    shots: Count = Field(3, description="number of examples in the prompt; if there are more, this many are sampled")
    passage_characters: Count = Field(8000, description="longer passages are truncated at a space, in the prompt only")
    temperature: Annotated[float, Field(ge=0)] = Field(0.8, description="sampling temperature; 0: greedy decoding")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(
        1.0,
        description="nucleus sampling: only the most likely tokens, with this total probability, are sampled",
    )
    max_tokens: Count = Field(64, description="maximum tokens of an answer; a longer answer is dropped as cut off")

    @model_validator(mode="after")
    def _types_exist(self) -> "LanguageModel":
        if self.types_from is None:  # a folder of the user's may not exist yet
            self.check_types({path.stem for path in BUILT_IN.glob("*.yaml")})
        return self

    def check_types(self, known: Collection[str]) -> None:
        """Raise ValueError for names in ``types`` and ``examples`` that are not among the ``known`` types."""
        for key, names in (("types", self.types or {}), ("examples", self.examples)):
            for name in names:
                if name not in known:
                    raise ValueError(
                        f"{key}: unknown query type '{name}'{nearest(name, known)}; known types: "
                        f"{', '.join(sorted(known))}; add your own with types_from"
                    )

    def query_types(self) -> set[str] | None:
        """Return the names in ``types``, or all built-in types; None if the types are the user's."""
        if self.types is not None:
            return set(self.types)
        return {path.stem for path in BUILT_IN.glob("*.yaml")} if self.types_from is None else None

    @property
    def label(self) -> str:
        """The value of the column ``generator`` in the table of queries: kind and model."""
        return f"{self.kind}:{self.model}"

    def files(self) -> list[str]:
        """Return the user's files with query types, examples and the model."""
        named = [*self.examples.values(), *([self.types_from] if self.types_from else [])]
        if not all(existing(path) for path in named):
            return []
        files = [file for path in self.examples.values() for file in existing(path)]
        for path in existing(self.types_from) if self.types_from else []:
            files += sorted(map(str, Path(path).glob("*.y*ml"))) if Path(path).is_dir() else [path]
        return [*files, *model_files(self.model)]

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers to requests in batches, in any order. Each batch is stored as soon as it is yielded.

        ``work`` is a folder for logs. Facts for the provenance, such as versions, are added to ``details``. If one
        request fails, its ``finish_reason`` says why; if all requests fail, a UserError is raised.
        """
        raise NotImplementedError


class LoadedModel(LanguageModel):
    """The base class of generators that load the model themselves."""

    aliases: ClassVar[dict[str, str]] = {"template": "chat_template_kwargs"}

    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    trust_remote_code: bool = Field(False, description="run the code that comes with the model")
    chat_template_kwargs: Fields = Field(
        {"enable_thinking": False},
        description="variables for the model's chat template; a template ignores unknown variables",
    )

    def files(self) -> list[str]:
        """Return the user's files, or none if the folder of the model is missing."""
        path = os.path.expandvars(os.path.expanduser(self.model))
        return [] if os.path.isabs(path) and not os.path.exists(path) else super().files()
