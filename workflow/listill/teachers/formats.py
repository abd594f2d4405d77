"""The prompts and answer tokens of known rerankers, defined in formats.yaml."""

import functools
from pathlib import Path

import yaml

from listill.known_models import is_one_of
from listill.section import Section


class Format(Section):
    """A prompt and the answer token whose logit is the score; see formats.yaml."""

    name: str
    kind: str
    models: list[str]
    prompt: list[str] = []
    instruction: str | None = None
    true_token: str | None = None
    false_token: str | None = None


@functools.cache
def formats() -> dict[str, Format]:
    """Return the formats by name."""
    text = (Path(__file__).parent / "formats.yaml").read_text(encoding="utf-8")
    return {entry["name"]: Format(**entry) for entry in yaml.safe_load(text)}


def format_of(model: str) -> Format | None:
    """Return the format of a known model, which is recognised by its hub name or by a folder with the same name."""
    return next((entry for entry in formats().values() if is_one_of(model, entry.models)), None)
