"""The bi-encoders that are trained."""

from typing import Literal

from pydantic import Field

from listill.settings.base import Count, Section


class Student(Section):
    """A bi-encoder in SentenceTransformers form; tokenizer, pooling and prompts are read from the model."""

    model: str = Field(description="a hub name, a folder, or `package:MODULE/FOLDER` (a folder in a Python package)")
    revision: str | None = Field(None, description="commit, tag or branch of a hub model")
    max_length: Count | None = Field(None, description="tokens of a text that are read; default: what the model says")
    prompts: dict[Literal["query", "document"], str] | None = Field(
        None, description="prefixes, where the model folder does not have them; saved with the trained model"
    )
    precision: Literal["auto", "bf16", "fp32"] = Field("auto", description="auto: bf16 where the hardware computes it")
    trust_remote_code: bool = Field(False, description="run code that comes with the model")
