"""Generators: where synthetic queries come from, and the settings that all of them with a language model share."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

from pydantic import Field

from listill.section import Count, Member, Name, Positive
from listill.source_files import existing, model_files

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection
    from listill.queries.answers import Answer
    from listill.queries.requests import Request


class Generator(Member):
    """The base of all generators: a member is a file in ``queries/generators/``."""

    # Whether a language model is asked (``answers``), in shards and a stage of its own; else ``generate`` is called. The
    # environment in envs/ that such a stage runs in, and the GPUs that one job takes.
    asks_model: ClassVar[bool] = False
    environment: ClassVar[Literal["cpu", "gpu", "vllm"]] = "cpu"
    gpus: ClassVar[int] = 0
    # Keys that say how the work is done and not what comes out: parts made before such a change are still good.
    machine: ClassVar[frozenset[str]] = frozenset()

    def files(self) -> list[str]:
        """Return the user's files that are read, as far as they exist: a changed file reruns the queries."""
        return []

    def checksum(self) -> str | None:
        """Return a checksum of what is read beside the corpus, if anything: it becomes part of the fingerprint."""
        return None

    def generate(self, collection: "Collection", passages: list[int], seed: int) -> "pd.DataFrame":
        """Return the queries of passages (positions in the collection), one row each.

        Columns: query_id, text, type, doc_id, generator, prompt, seed, finish_reason, start, end; ``split`` only where the
        generator decides it. ``start`` and ``end`` are the characters of the passage's text that a query was taken from: they
        are removed wherever the pair is scored or trained.
        """
        raise NotImplementedError


class LanguageModel(Generator):
    """What every generator with a language model has: the types of queries, their examples, and how to sample."""

    asks_model: ClassVar[bool] = True

    model: str = Field(description="an instruction-tuned model: a hub name or a folder; openai: its name at the server")
    types: dict[Name, Positive] | None = Field(
        None,
        description="query types, and how many queries of each a passage gets (0.5: every other passage gets one); "
        "default: all types, with the weights in their files",
    )
    types_from: str | None = Field(
        None, description="a YAML file, or a folder of them, with types of your own (see docs/queries.md)"
    )
    examples: dict[Name, str] = Field(
        {},
        description="by type, a Parquet or JSONL file with columns query and passage: pairs of your domain that replace "
        "the examples of the type",
    )
    shots: Count = Field(3, description="examples that are shown; of more, these many are drawn with the seed")
    passage_characters: Count = Field(8000, description="longer passages are cut, at a blank, for the prompt only")
    temperature: Annotated[float, Field(ge=0)] = Field(0.8, description="of sampling; 0: always the likeliest token")
    top_p: Annotated[float, Field(gt=0, le=1)] = Field(1.0, description="probability from which tokens are sampled")
    max_tokens: Count = Field(64, description="tokens of an answer; one that is longer is dropped as cut off")

    @property
    def label(self) -> str:
        """What stands in the column ``generator`` of the queries: kind and model."""
        return f"{self.kind}:{self.model}"

    def files(self) -> list[str]:
        """Return the files of prompts and model that are the user's own, as far as they exist."""
        files = [file for path in self.examples.values() for file in existing(path)]
        for path in existing(self.types_from) if self.types_from else []:
            files += sorted(map(str, Path(path).glob("*.y*ml"))) if Path(path).is_dir() else [path]
        return [*files, *model_files(self.model)]

    def answers(self, requests: "list[Request]", work: Path, details: dict[str, Any]) -> "Iterator[list[Answer]]":
        """Yield the answers to requests in batches, in any order; each batch is stored before the next is requested.

        ``work`` is a folder for messages; what is to be noted in the provenance (versions) goes into ``details``. A fault of
        one request is its ``finish_reason``; a fault of all is a UserError.
        """
        raise NotImplementedError


class LoadedModel(LanguageModel):
    """The base of generators that load a model themselves."""

    aliases: ClassVar[dict[str, str]] = {"template": "chat_template_kwargs"}

    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")
    chat_template_kwargs: dict[str, Any] = Field(
        {"enable_thinking": False},
        description="variables for the model's chat template, which ignores those that it does not know",
    )
