"""The types of queries that a language model writes: one YAML file each, in ``types/`` or from the user."""

import random
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import Field

from listill.errors import UserError
from listill.frozen import parse
from listill.queries.generator import BUILT_IN, LanguageModel
from listill.schemas import HUMAN
from listill.section import Count, Positive, Section
from listill.source_files import expand


class Example(Section):
    """A passage, and a query that it answers."""

    passage: str = Field(min_length=1, description="a passage like those in a corpus")
    query: str = Field(min_length=1, description="the query that the model should write for it")


class QueryType(Section):
    """One query type: the content of a file in ``types/``."""

    instruction: str = Field(min_length=1, description="the instruction for the model: what to write")
    words: Count = Field(description="maximum words of a query: stated in the prompt, and longer queries are dropped")
    weight: Positive = Field(1.0, description="queries per passage; 0.5: every other passage gets one, on average")
    label: str = Field(
        "Search query:", min_length=1, description="what stands before a query in a prompt with chat: false"
    )
    phrases: Count | None = Field(
        None,
        description="keep this many phrases of an answer that is a list with commas, each phrase once; default: all",
    )
    examples: list[Example] = Field([], description="examples that precede the passage in the prompt")
    plain_examples: list[Example] = Field(
        [], description="examples that replace them with chat: false, where a model has nothing else to go by"
    )


@dataclass(frozen=True)
class ResolvedType:
    """A query type with the settings of the config applied: its examples in the prompt, and its queries per passage."""

    name: str
    instruction: str
    words: int
    weight: float
    examples: list[Example]
    label: str
    phrases: int | None


def files(types_from: str | None) -> dict[str, Path]:
    """Return the file of each type by name; the user's types override built-in types of the same name."""
    built_in = {path.stem: path for path in sorted(BUILT_IN.glob("*.yaml"))}
    if types_from is None:
        return built_in
    path = expand(types_from)
    user_files = [path] if path.is_file() else sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
    if not user_files:
        raise UserError(f"generation.generator.types_from: {path}: neither a YAML file nor a folder with YAML files")
    if reserved := [file for file in user_files if file.stem == HUMAN]:
        raise UserError(f"{reserved[0]}: the name '{HUMAN}' is reserved for human queries: rename the file")
    return built_in | {file.stem: file for file in user_files}


def read(path: Path) -> QueryType:
    """Read the file of one type; UserError names the file and the key of an error."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: invalid YAML: {' '.join(str(error).split())}") from None
    return parse(QueryType, data, str(path))


def read_pairs(path: Path) -> list[Example]:
    """Read pairs of query and passage from a Parquet or JSONL file."""
    import pandas as pd

    if not path.is_file():
        raise UserError(f"generation.generator.examples: {path}: no such file")
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_json(path, lines=True, dtype=False)
    except ValueError as error:  # the errors of pyarrow are ValueErrors, too
        raise UserError(f"{path}: neither Parquet nor JSONL: {str(error).splitlines()[0]}") from None
    if missing := [column for column in ("query", "passage") if column not in frame]:
        raise UserError(f"{path}: column '{missing[0]}' is missing: examples need the columns query and passage")
    rows = frame[["passage", "query"]].to_dict("records")
    if not rows:
        raise UserError(f"{path}: no pairs: add at least one, or remove the type from generation.generator.examples")
    return [parse(Example, row, f"{path}: pair {number}") for number, row in enumerate(rows, 1)]


def resolve_types(settings: LanguageModel, seed: int) -> list[ResolvedType]:
    """Return the types that the settings select, sorted by name.

    Raises UserError for unknown names, and for a type without examples if the prompt has nothing else (``chat: false``).
    """
    known = files(settings.types_from)
    names = sorted(settings.types if settings.types is not None else known)
    try:
        settings.check_types(known)
    except ValueError as error:
        raise UserError(f"generation.generator.{error}") from None
    resolved = []
    for name in names:
        query_type = read(known[name])
        examples = query_type.examples if settings.chat else query_type.plain_examples or query_type.examples
        if name in settings.examples:
            examples = read_pairs(expand(settings.examples[name]))
        if not settings.chat and not examples:
            raise UserError(
                f"{known[name]}: the query type '{name}' has no examples, and with chat: false the model sees nothing else: "
                f"add examples to it, or set generation.generator.examples.{name}"
            )
        if len(examples) > settings.shots:
            examples = random.Random(f"{seed}:examples:{name}").sample(examples, settings.shots)
        weight = query_type.weight if settings.types is None else settings.types[name]
        resolved.append(
            ResolvedType(
                name,
                query_type.instruction.strip(),
                query_type.words,
                weight,
                examples,
                query_type.label.strip(),
                query_type.phrases,
            )
        )
    return resolved
