"""The base of every block of the config."""

import functools
from collections.abc import Iterator
from typing import Annotated, Any, ClassVar, get_args

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from listill.errors import nearest

NAME = r"^[A-Za-z0-9][A-Za-z0-9_-]*$"
Name = Annotated[str, Field(pattern=NAME)]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
# Libraries take no negative seeds, and some none of more than 32 bits.
Seed = Annotated[int, Field(ge=0, lt=2**32)]


def _given(text: str) -> str:
    if not text.strip() or "\0" in text:
        raise ValueError("should not be empty, nor contain a character NUL")
    return text


def _distinct(values: list[Any]) -> list[Any]:
    if twice := [value for number, value in enumerate(values) if value in values[:number]]:
        raise ValueError(f"'{twice[0]}' stands in the list twice: remove one")
    return values


# The name of a file or model, and lists whose entries may not be repeated.
Text = Annotated[str, AfterValidator(_given)]
Distinct = AfterValidator(_distinct)
# Values that have been renamed, of all keys: old to present.
OLD_VALUES: dict[str, str] = {}


class Section(BaseModel):
    """A block of the config: immutable, and closed to unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=(), allow_inf_nan=False)

    # Keys that have been renamed: old name to present name. The old name still works.
    aliases: ClassVar[dict[str, str]] = {}

    # Validators of mode "before" run from the last to the first: keys are renamed before they are checked.
    @model_validator(mode="before")
    @classmethod
    def _known_keys(cls, data: Any) -> Any:
        unknown = [key for key in data if key not in cls.model_fields] if isinstance(data, dict) else []
        if unknown:
            key = str(unknown[0])
            known = ", ".join(cls.model_fields)
            raise ValueError(f"unknown key '{key}'{nearest(key, cls.model_fields)}; known here: {known}")
        return data

    @model_validator(mode="before")
    @classmethod
    def _booleans_are_not_numbers(cls, data: Any) -> Any:
        # pydantic would read true as 1.
        numbers = [key for key in data if key in _numbers(cls)] if isinstance(data, dict) else []
        for key in numbers:
            value = data[key]
            inside = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [])
            for place, one in [(key, value), *((f"{key}.{part}", one) for part, one in inside)]:
                if isinstance(one, bool):
                    raise ValueError(f"{place} should be a number, not true or false")
        return data

    @model_validator(mode="before")
    @classmethod
    def _present_names(cls, data: Any) -> Any:
        return cls.renamed(data)

    @classmethod
    def renamed(cls, data: Any) -> Any:
        """Return plain data of this block with old key names replaced; ValueError if a key has both names."""
        if not isinstance(data, dict):
            return data
        for old in data:
            if (new := cls.aliases.get(old)) and new in data:
                raise ValueError(f"'{old}' is the old name of '{new}': remove one of the two")
        return {cls.aliases.get(key, key): value for key, value in data.items()}


class Member(Section):
    """A block that is one member of a family, told from the others by its ``kind`` (see ``listill.families``)."""

    kind: str

    def files(self) -> list[str]:
        """Return the user's files that it reads, or none if one of them is missing (a dry run needs no files).

        A stage runs again if their contents have changed. Missing files count as unchanged, so that a disk that is not
        mounted removes no results.
        """
        return []


def renamed_value(**present: str) -> BeforeValidator:
    """Return a validator that replaces old values by their present names: ``renamed_value(own="student")``."""
    OLD_VALUES.update(present)
    return BeforeValidator(lambda value: present.get(value, value) if isinstance(value, str) else value)


@functools.cache
def _numbers(section: type[Section]) -> frozenset[str]:
    """Return the keys of a block whose values are numbers, or lists or mappings of numbers."""
    types = {key: set(_types(field.annotation)) for key, field in section.model_fields.items()}
    return frozenset(key for key, parts in types.items() if parts & {int, float} and bool not in parts)


def _types(annotation: Any) -> Iterator[Any]:
    """Yield the types that a type is made of; for a literal, the types of its values."""
    arguments = get_args(annotation)
    for argument in arguments:
        yield from _types(argument)
    if not arguments:
        yield annotation if isinstance(annotation, type) else type(annotation)
