"""The settings of a model that is loaded for scoring."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from listill.families import names
from listill.section import Count, Member

if TYPE_CHECKING:
    Backend = str
else:
    Backend = Literal[tuple(names("backends"))]


class ModelSettings(Member):
    """A model that reads a query and a passage: where it is, and how it is loaded."""

    # How the name of the model's architecture ends, and the class of transformers that loads it.
    architecture: ClassVar[str] = ""
    auto_class: ClassVar[str] = ""

    model: str = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count = Field(
        512, description="tokens that are read, of prompt, query and passage together; the passage is cut"
    )
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware computes it")
    backend: Backend = Field("torch", description="the library that computes the model")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")
