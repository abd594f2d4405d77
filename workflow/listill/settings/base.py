"""What every block of the config is made of."""

import functools
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, model_validator

from listill.errors import nearest

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_-]*$")]
Share = Annotated[float, Field(ge=0, le=1)]
Positive = Annotated[float, Field(gt=0)]
Count = Annotated[int, Field(ge=1)]
Loss = Literal["listwise", "contrastive", "margin_mse", "ranknet"]


class Section(BaseModel):
    """A block of the config: immutable, and closed to keys that it does not know."""

    model_config = ConfigDict(extra="forbid", frozen=True, protected_namespaces=())

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
    def _true_is_no_number(cls, data: Any) -> Any:
        # pydantic takes true for 1.
        numbers = [key for key in data if key in _numbers(cls)] if isinstance(data, dict) else []
        for key in numbers:
            value = data[key]
            inside = value.items() if isinstance(value, dict) else enumerate(value if isinstance(value, list) else [])
            for place, one in [(key, value), *((f"{key}.{part}", one) for part, one in inside)]:
                if isinstance(one, bool):
                    raise ValueError(f"{place} should be a number, not true or false")
        return data


@functools.cache
def _numbers(section: type[Section]) -> frozenset[str]:
    """Return the keys of a block that are numbers, or lists or mappings of numbers."""
    types = {key: set(_types(field.annotation)) for key, field in section.model_fields.items()}
    return frozenset(key for key, made_of in types.items() if made_of & {int, float} and bool not in made_of)


def _types(annotation: Any) -> Iterator[Any]:
    """Yield the types that a type is made of; of a literal, those of its values."""
    inside = get_args(annotation)
    for one in inside:
        yield from _types(one)
    if not inside:
        yield annotation if isinstance(annotation, type) else type(annotation)


class Teacher(Section):
    """What every member of the ensemble has."""

    weight: Positive = Field(1.0, description="weight in the ensemble")
