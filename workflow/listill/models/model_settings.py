"""The settings of a model that scores pairs of a query and a passage."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field, model_validator

from listill.families import names
from listill.section import Count, Member, Text
from listill.settings.students import check_onnx

if TYPE_CHECKING:
    Backend = str
else:
    Backend = Literal[tuple(names("backends"))]


class ModelSettings(Member):
    """A model that reads a query together with a passage: where it is stored, and how it is loaded."""

    # The ending of the model's architecture name, and the transformers class that loads it.
    architecture: ClassVar[str] = ""
    auto_class: ClassVar[str] = ""
    # Whether it may be a CrossEncoder that sentence-transformers has saved as several modules.
    modular: ClassVar[bool] = False

    model: Text = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count = Field(
        512, description="maximum number of tokens of prompt, query and passage together; longer passages are truncated"
    )
    precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto", description="auto: bf16 if the hardware computes it fast"
    )
    backend: Backend = Field("torch", description="the library that runs the model")
    trust_remote_code: bool = Field(False, description="whether code that comes with the model may run")

    @property
    def onnx(self) -> str | None:
        """The ONNX file in the model's folder, if the model runs in onnxruntime."""
        return getattr(self, "file", None) if self.backend == "onnx" else None

    @model_validator(mode="after")
    def _check_backend(self) -> "ModelSettings":
        if (file := getattr(self, "file", None)) is not None:
            check_onnx(self.backend, file, self.precision)
        elif self.backend == "onnx":
            raise ValueError("backend: onnx runs only teachers of kind cross_encoder; remove `backend`")
        return self
