"""The export: what `snakemake export` writes for other tools."""

from typing import Annotated

from pydantic import AfterValidator, Field

from listill.errors import nearest
from listill.families import names
from listill.section import Distinct, Section, Text


def _known(name: str) -> str:
    members = names("formats")
    if name not in members:
        raise ValueError(f"unknown format '{name}'{nearest(name, members)}; known formats: {', '.join(members)}")
    return name


class Export(Section):
    """What `snakemake export` writes for other tools."""

    formats: Annotated[list[Annotated[str, AfterValidator(_known)]], Distinct] | None = Field(
        None,
        description="the formats of training lists, of the corpus and of the runs: files in `export/formats/`; default: all",
    )
    systems: Annotated[list[Text], Distinct] | None = Field(
        None,
        description="the trained systems whose models are exported, `<student>.<variant>`; default: all, each with its first "
        "seed",
    )
    onnx: bool = Field(
        True,
        description="whether an exported model has an ONNX file, and one quantised to int8 with its measured loss; needs the "
        "packages onnx and onnxruntime",
    )
    licence: Text | None = Field(
        None,
        description="the licence of the exported models as the Hugging Face hub spells it, such as `apache-2.0`. It depends "
        "on the base model, the teachers and your data, so that it is never guessed",
    )

    @property
    def chosen_formats(self) -> list[str]:
        """The names of the formats."""
        return names("formats") if self.formats is None else self.formats
