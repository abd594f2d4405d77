"""The types of queries that a language model is asked for: one YAML file each, in ``types/`` or given by the user."""

import random
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import Field

from listill.errors import UserError, nearest
from listill.frozen import parse
from listill.queries.generator import LanguageModel
from listill.schemas import HUMAN
from listill.section import Count, Positive, Section
from listill.source_files import expand

OURS = Path(__file__).parent / "types"


class Example(Section):
    """A passage, and a query that it answers."""

    passage: str = Field(min_length=1, description="a passage as it stands in a corpus")
    query: str = Field(min_length=1, description="what is wanted for it")


class QueryType(Section):
    """One type: what a file in ``types/`` holds."""

    instruction: str = Field(min_length=1, description="what the model is told to write")
    words: Count = Field(description="longest query: the model is told, and what is longer is dropped")
    weight: Positive = Field(1.0, description="queries of a passage; 0.5: every other passage gets one")
    examples: list[Example] = Field([], description="what is shown before the passage")


@dataclass(frozen=True)
class Wanted:
    """A type as it is asked for: with the examples that are shown, and how many queries a passage gets."""

    name: str
    instruction: str
    words: int
    weight: float
    examples: list[Example]


def files(types_from: str | None) -> dict[str, Path]:
    """Return the file of each type by name: ours, and those of the user, which go first."""
    found = {path.stem: path for path in sorted(OURS.glob("*.yaml"))}
    if types_from is None:
        return found
    path = expand(types_from)
    own = [path] if path.is_file() else sorted([*path.glob("*.yaml"), *path.glob("*.yml")])
    if not own:
        raise UserError(f"generation.generator.types_from: {path}: neither a YAML file nor a folder that has any")
    if taken := [file for file in own if file.stem == HUMAN]:
        raise UserError(f"{taken[0]}: the name '{HUMAN}' is that of people's queries; name the file otherwise")
    return found | {file.stem: file for file in own}


def read(path: Path) -> QueryType:
    """Read the file of one type; a UserError says where a fault is."""
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    return parse(QueryType, data, str(path))


def read_pairs(path: Path) -> list[Example]:
    """Read pairs of query and passage from a Parquet or JSONL file."""
    import pandas as pd

    if not path.is_file():
        raise UserError(f"generation.generator.examples: {path}: no such file")
    try:
        frame = pd.read_parquet(path) if path.suffix == ".parquet" else pd.read_json(path, lines=True, dtype=False)
    except ValueError as error:  # pyarrow's errors are of this kind, too
        raise UserError(f"{path}: neither Parquet nor JSONL: {str(error).splitlines()[0]}") from None
    if missing := [column for column in ("query", "passage") if column not in frame]:
        raise UserError(f"{path}: column '{missing[0]}' is missing; examples are pairs of query and passage")
    rows = frame[["passage", "query"]].to_dict("records")
    if not rows:
        raise UserError(f"{path}: no pairs in it; give at least one, or leave the examples of the type as they are")
    return [parse(Example, row, f"{path}: pair {number}") for number, row in enumerate(rows, 1)]


def wanted(settings: LanguageModel, seed: int) -> list[Wanted]:
    """Return the types that the settings ask for, in the order of their names."""
    known = files(settings.types_from)
    names = sorted(settings.types if settings.types is not None else known)
    for key, chosen in (("types", names), ("examples", settings.examples)):
        for name in chosen:
            if name not in known:
                raise UserError(
                    f"generation.generator.{key}: no query type '{name}'{nearest(name, known)}; "
                    f"known are {', '.join(sorted(known))}, and types_from adds others"
                )
    found = []
    for name in names:
        described = read(known[name])
        examples = described.examples
        if name in settings.examples:
            examples = read_pairs(expand(settings.examples[name]))
        if len(examples) > settings.shots:
            examples = random.Random(f"{seed}:examples:{name}").sample(examples, settings.shots)
        weight = described.weight if settings.types is None else settings.types[name]
        found.append(Wanted(name, described.instruction.strip(), described.words, weight, examples))
    return found
