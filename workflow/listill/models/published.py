"""Known models as the Hugging Face hub names them, with their licences: published.yaml."""

import functools
from pathlib import Path

import yaml
from pydantic import Field

from listill.section import Section
from listill.source_files import expand


class PublishedModel(Section):
    """A model on the hub."""

    hub: str = Field(description="its name on the hub")
    licence: str = Field(description="its licence, as the hub spells it")
    also: list[str] = Field([], description="its names as a package")


@functools.cache
def entries() -> dict[str, PublishedModel]:
    """Return the known models by each of their names."""
    text = (Path(__file__).parent / "published.yaml").read_text(encoding="utf-8")
    models = [PublishedModel(**entry) for entry in yaml.safe_load(text)]
    return {name: model for model in models for name in (model.hub, *model.also)}


def hub_name(model: str) -> str | None:
    """Return the name of a model on the hub; None for a folder or package that is not known."""
    if known := entries().get(model.rstrip("/")):
        return known.hub
    outside = model.startswith(("package:", ".", "/", "~", "$")) or expand(model).exists()
    return model if model.count("/") == 1 and not outside else None


def licence(model: str) -> str | None:
    """Return the licence of a known model as the hub spells it; None if it is not known."""
    known = entries().get(model.rstrip("/"))
    return known.licence if known else None


def shown(model: str) -> str:
    """Return the name of a model for people: that on the hub, or the last part of a folder, which tells no other folders."""
    return hub_name(model) or Path(model.rstrip("/")).name
