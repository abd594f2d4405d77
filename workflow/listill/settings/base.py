"""What every block of the config is made of."""

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
        for key, value in data.items() if isinstance(data, dict) else []:
            wanted = set(_types(cls.model_fields[key].annotation)) if key in cls.model_fields else set()
            values = value.values() if isinstance(value, dict) else [value]
            if wanted & {int, float} and bool not in wanted and any(isinstance(one, bool) for one in values):
                raise ValueError(f"{key} should be a number, not true or false")
        return data


def _types(annotation: Any) -> Iterator[Any]:
    """Yield what a type is made of."""
    inside = get_args(annotation)
    for one in inside:
        yield from _types(one)
    if not inside:
        yield annotation


class Teacher(Section):
    """What every member of the ensemble has."""

    weight: Positive = Field(1.0, description="weight in the ensemble")
