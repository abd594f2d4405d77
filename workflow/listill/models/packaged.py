"""Known models in Python packages whose files do not say everything that is needed to load them: packaged.yaml."""

import functools
from pathlib import Path
from typing import Any

import yaml
from pydantic import Field

from listill.section import Section
from listill.settings.students import Pooling, Prompts


class PackagedModel(Section):
    """What is known of a model besides its files; see packaged.yaml."""

    model: str = Field(description="its name in the config")
    file: str = Field(description="the file with its weights, in the folder of the model")
    architecture: str = Field(description="the class of transformers")
    config: dict[str, Any] = Field({}, description="the configuration, where the folder has no config.json")
    unused: list[str] = Field([], description="weights that the file lacks, since nothing depends on them")
    pooling: Pooling | None = Field(None, description="how token vectors are pooled; then scaled to length 1")
    prompts: Prompts | None = Field(None, description="prefixes of queries and documents")
    late_interaction: dict[str, Any] | None = Field(
        None, description="how a ColBERT reads texts, as PyLate saves it in config_sentence_transformers.json"
    )


@functools.cache
def entries() -> dict[str, PackagedModel]:
    """Return the models by their name in the config."""
    text = (Path(__file__).parent / "packaged.yaml").read_text(encoding="utf-8")
    return {entry["model"]: PackagedModel(**entry) for entry in yaml.safe_load(text)}


def entry_of(model: str) -> PackagedModel | None:
    """Return what is known of a model, if it is one of packaged.yaml."""
    return entries().get(model.rstrip("/"))
