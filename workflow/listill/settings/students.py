"""The bi-encoders that are trained, and what is known of some of them, as data in students.yaml."""

import functools
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import Field, model_validator

from listill.known_models import is_one_of
from listill.section import Count, Section

Prompts = dict[Literal["query", "document"], str]
Pooling = Literal["mean", "cls", "lasttoken", "max", "weightedmean", "mean_sqrt_len_tokens"]


class Preset(Section):
    """What holds where neither the config nor the model's folder says it."""

    prompts: Prompts = Field({}, description="prefixes")
    pooling: Pooling | None = Field(None, description="how the vectors of the tokens become one")
    max_length: Count | None = Field(None, description="tokens of a text that are read")
    remote_code: bool = Field(False, description="the model is loaded by code that comes with it")


@functools.cache
def presets() -> list[tuple[list[str], Preset]]:
    """Return what is known: names of models, as patterns, and what holds for them."""
    text = (Path(__file__).parent / "students.yaml").read_text(encoding="utf-8")
    return [(entry.pop("models"), Preset(**entry)) for entry in yaml.safe_load(text)]


def preset_of(model: str) -> Preset | None:
    """Return the preset of a model that is known by its name on the hub, or by a folder that bears the model's name."""
    return next((preset for names, preset in presets() if is_one_of(model, names)), None)


class Student(Section):
    """A bi-encoder: a SentenceTransformers folder, which says how it is to be read, or a transformer with `pooling`."""

    model: str = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count | None = Field(None, description="tokens of a text that are read; default: what the model says")
    prompts: Prompts | None = Field(
        None, description="prefixes, where the model folder does not have them; saved with the trained model"
    )
    pooling: Pooling | None = Field(
        None,
        description="how the vectors of the tokens become one, where the model folder (modules.json) does not say it",
    )
    preset: Preset | None = Field(
        None,
        description="what holds where neither these keys nor the model folder say it; filled in for the models that "
        "`settings/students.yaml` knows",
    )
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware computes it")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")

    @model_validator(mode="before")
    @classmethod
    def _as_the_model_wants(cls, data: Any) -> Any:
        """Fill in what is known of the model, so that the frozen settings say all that its embeddings depend on."""
        if not isinstance(data, dict) or not isinstance(data.get("model"), str) or "preset" in data:
            return data
        return {**data, "preset": preset_of(data["model"])}

    @model_validator(mode="after")
    def _may_run_its_code(self) -> "Student":
        if self.preset and self.preset.remote_code and not self.trust_remote_code:
            raise ValueError(
                f"model {self.model} runs code of its own: read it, then set trust_remote_code: true and a revision"
            )
        return self
