"""What every block of the config is made of."""

from typing import Annotated, Any, Literal

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


class Teacher(Section):
    """What every member of the ensemble has."""

    weight: Positive = Field(1.0, description="weight in the ensemble")
