"""The students: bi-encoders, and the presets of known ones in students.yaml."""

import functools
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from listill.known_models import is_one_of
from listill.section import Count, Section, Text

Prompts = dict[Literal["query", "document"], str]
Pooling = Literal["mean", "cls", "lasttoken", "max", "weightedmean", "mean_sqrt_len_tokens"]


class Preset(Section):
    """Properties of a known model, used if neither the config nor the model's folder defines them."""

    prompts: Prompts = Field({}, description="prefixes of queries and documents")
    pooling: Pooling | None = Field(None, description="how token vectors are pooled")
    max_length: Count | None = Field(None, description="maximum number of tokens of a text")
    remote_code: bool = Field(False, description="whether the model needs code that comes with it")


@functools.cache
def presets() -> list[tuple[list[str], Preset]]:
    """Return the presets with the patterns of the model names that they apply to."""
    text = (Path(__file__).parent / "students.yaml").read_text(encoding="utf-8")
    return [(entry.pop("models"), Preset(**entry)) for entry in yaml.safe_load(text)]


def preset_of(model: str) -> Preset | None:
    """Return the preset of a known model: its name on the hub, or a folder of that name."""
    return next((preset for names, preset in presets() if is_one_of(model, names)), None)


# Where repositories on the hub have the ONNX file of a model.
DEFAULT_ONNX_FILE = "onnx/model.onnx"
ONNX_FILE = Field(
    DEFAULT_ONNX_FILE,
    description="with `backend: onnx`, the file in the model's folder; models of `models/packaged.yaml` have one file only",
)


def check_onnx(backend: str, file: str, precision: str) -> None:
    """Raise ValueError if the ``file`` would not be read, or if a ``precision`` is set for a model in onnxruntime."""
    if backend == "onnx" and precision != "auto":
        raise ValueError("precision: with backend onnx, the file has its own precision; remove `precision`")
    if backend != "onnx" and file != DEFAULT_ONNX_FILE:
        raise ValueError("file: only backend onnx reads it; set `backend: onnx`, or remove `file`")


class Student(Section):
    """A bi-encoder: a SentenceTransformers model, or any transformer together with `pooling`."""

    model: Text = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count | None = Field(None, description="maximum number of tokens of a text; default: the model's own")
    prompts: Prompts | None = Field(
        None,
        description="prefixes of queries and documents, if the model folder has none; saved with the trained model",
    )
    pooling: Pooling | None = Field(
        None,
        description="how token vectors are pooled, if the model folder (modules.json) does not define it",
    )
    preset: Preset | None = Field(
        None,
        description="fallback for keys that neither this section nor the model folder sets; filled in for the models of "
        "`settings/students.yaml`",
    )
    precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto", description="auto: bf16 if the hardware computes it fast"
    )
    trust_remote_code: bool = Field(False, description="whether code that comes with the model may run")

    @model_validator(mode="before")
    @classmethod
    def _as_the_model_wants(cls, data: Any) -> Any:
        """Fill in the preset, so that the frozen settings contain everything that the embeddings depend on."""
        if not isinstance(data, dict) or not isinstance(data.get("model"), str) or "preset" in data:
            return data
        return {**data, "preset": preset_of(data["model"])}

    @property
    def onnx(self) -> str | None:
        """The ONNX file in the model's folder, if the model runs in onnxruntime: a student is trained, so it does not."""
        return None

    @model_validator(mode="after")
    def _may_run_its_code(self) -> "Student":
        if self.preset and self.preset.remote_code and not self.trust_remote_code:
            raise ValueError(
                f"model {self.model}: needs code of its own: read it, then set trust_remote_code: true and a revision"
            )
        return self


class FrozenEncoder(Student):
    """A bi-encoder that is not trained."""

    backend: Literal["torch", "onnx"] = Field("torch", description="the library that runs the model")
    file: str = ONNX_FILE

    @property
    def onnx(self) -> str | None:
        """The ONNX file in the model's folder, if the model runs in onnxruntime."""
        return self.file if self.backend == "onnx" else None

    @model_validator(mode="after")
    def _check_backend(self) -> "FrozenEncoder":
        check_onnx(self.backend, self.file, self.precision)
        return self
