"""Late interaction as a teacher: MaxSim over token vectors (see ``maxsim``).

The vectors are those of a student's base model, without training, or of a model of its own, such as a ColBERT (see
``multi_vector``).
"""

from collections.abc import Collection
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field, model_validator

from listill.section import Count, Text
from listill.source_files import existing, model_files
from listill.teachers.bi_encoder import BiEncoderTeacher
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.query_vectors import TokenEncoder
    from listill.teachers.resources import Resources

# Number of texts whose token vectors are in memory at a time (about 100 MB for 256 tokens of 384 dimensions in bf16).
TEXT_BLOCK = 512
# Number of pairs that are scored at a time.
PAIR_BLOCK = 256


class LateInteraction(BiEncoderTeacher):
    """MaxSim over the token vectors of a bi-encoder or of a late-interaction model."""

    # Passages are longer than queries: each is encoded once.
    whole: ClassVar = "passages"

    kind: Literal["late_interaction"] = Field(description="MaxSim over token vectors")
    model: Text | None = Field(
        None,
        description="a late-interaction model (ColBERT) or another encoder: a hub name, a folder, or "
        "`package:MODULE/FOLDER`; default: the base model of a student",
    )
    revision: str | None = Field(None, description="commit, tag or branch of a hub `model`")
    max_length: Count | None = Field(
        None, description="maximum number of tokens of a passage that `model` reads; default: that of the model"
    )
    precision: Literal["auto", "bf16", "fp32"] = Field(
        "auto", description="of `model`; auto: bf16 if the hardware computes it fast"
    )
    trust_remote_code: bool = Field(False, description="whether code that comes with `model` may run")

    @model_validator(mode="after")
    def _check_model(self) -> "LateInteraction":
        if self.model and self.student:
            raise ValueError("student and model: set only one of them")
        for key, value in self._of_model().items():
            if not self.model and value != type(self).model_fields[key].default:
                raise ValueError(
                    f"{key}: it is a setting of `model`, which is not set; a student has settings of its own"
                )
        return self

    def _of_model(self) -> dict[str, Any]:
        """Return the settings that only a model of its own has."""
        return self.model_dump(mode="json", include={*LateInteraction.model_fields} - {*BiEncoderTeacher.model_fields})

    def files(self) -> list[str]:
        """Return the files of the folder of ``model``; if one changes, the pairs are scored again."""
        if not self.model:
            return []
        return [
            *model_files(self.model),
            *existing(self.model, ["config_sentence_transformers.json", "artifact.metadata"]),
        ]

    def resolved(self, students: Collection[str]) -> "BiEncoderTeacher":
        """Return the settings, with the default student if there is no ``model``."""
        return self if self.model else super().resolved(students)

    def identity(self, resources: "Resources") -> str:
        """Return the commit or checksum of the model. Raises UserError if it cannot be used."""
        if not self.model:
            return super().identity(resources)
        from listill.teachers.multi_vector import inspect

        return inspect(self)

    def basis(self, resources: "Resources") -> dict[str, Any]:
        """Return the settings of the model, or those of the student."""
        if self.model:
            return Teacher.basis(self, resources)
        return {key: value for key, value in super().basis(resources).items() if key not in self._of_model()}

    def _encoder(self, resources: "Resources") -> "TokenEncoder":
        if not self.model:
            return resources.encoder(resources.student_name(self.student))
        from listill.teachers.multi_vector import MultiVectorModel

        return MultiVectorModel(self)

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return MaxSim of each pair. Texts are encoded in blocks to bound the memory."""
        import numpy as np
        import torch

        from listill.progress import Progress
        from listill.teachers.maxsim import maxsim
        from listill.teachers.query_vectors import QueryVectors

        queries = resources.loaded(
            (self, pairs.queries), lambda _: QueryVectors(self._encoder(resources), pairs.queries)
        )
        positions, text = np.unique(pairs.text, return_inverse=True)
        texts = pairs.texts(positions)
        # Each block has texts of similar lengths, and its pairs are ordered by length, so that there is little padding.
        by_length = np.argsort([len(t) for t in texts], kind="stable")
        # The pairs of text t are pairs_by_text[starts[t] : starts[t + 1]].
        pairs_by_text = np.argsort(text, kind="stable")
        starts = np.searchsorted(text[pairs_by_text], np.arange(len(positions) + 1))
        scores = np.empty(len(pairs), dtype=np.float32)
        with Progress(len(pairs), "late interaction", "pairs") as progress, torch.inference_mode():
            for block_start in range(0, len(positions), TEXT_BLOCK):
                block = by_length[block_start : block_start + TEXT_BLOCK]
                text_vectors = queries.encoder.token_vectors([texts[t] for t in block], "document")
                block_pairs = np.concatenate([pairs_by_text[starts[t] : starts[t + 1]] for t in block])
                block_texts = np.repeat(np.arange(len(block)), starts[block + 1] - starts[block])
                query_vectors = queries.of(pairs.query[block_pairs])
                for first in range(0, len(block_pairs), PAIR_BLOCK):
                    chosen = block_pairs[first : first + PAIR_BLOCK]
                    chosen_queries = [query_vectors[q] for q in pairs.query[chosen]]
                    chosen_texts = [text_vectors[i] for i in block_texts[first : first + PAIR_BLOCK]]
                    scores[chosen] = maxsim(chosen_queries, chosen_texts).cpu().numpy()
                    progress.add(len(chosen))
        return scores
