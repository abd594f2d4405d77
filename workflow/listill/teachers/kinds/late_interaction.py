"""Late interaction as a teacher: MaxSim over the token vectors of a bi-encoder, without any training (see ``maxsim``)."""

from typing import TYPE_CHECKING, Literal

from pydantic import Field

from listill.section import Name
from listill.teachers.teacher import Teacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources

# Token vectors of this many texts are held at a time (about 100 MB for 256 tokens of 384 dimensions in bf16).
TEXT_BLOCK = 512
PAIR_BLOCK = 256


class LateInteraction(Teacher):
    """MaxSim over the token vectors of a bi-encoder."""

    kind: Literal["late_interaction"] = Field(description="MaxSim over token vectors")
    student: Name | None = Field(None, description="the student whose base model is used; default: the first by name")

    def students_used(self) -> list[str]:
        """Return the student, if one is named."""
        return [self.student] if self.student else []

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return MaxSim of each pair, with memory bounded by blocks of texts."""
        import numpy as np
        import torch

        from listill.progress import Progress
        from listill.teachers.maxsim import maxsim

        encoder = resources.encoder(resources.name(self.student))
        queries = encoder.token_vectors(pairs.queries, "query")
        units, place = np.unique(pairs.text, return_inverse=True)
        texts = pairs.texts(units)
        # Texts of like length share a block, and pairs within it are ordered by length, so that little is padding.
        by_length = np.argsort([len(text) for text in texts], kind="stable")
        pairs_of = np.argsort(place, kind="stable")
        edges = np.searchsorted(place[pairs_of], np.arange(len(units) + 1))
        scores = np.empty(len(pairs), dtype=np.float32)
        with Progress(len(pairs), "late interaction", "pairs") as progress, torch.inference_mode():
            for start in range(0, len(units), TEXT_BLOCK):
                block = by_length[start : start + TEXT_BLOCK]
                tokens = encoder.token_vectors([texts[u] for u in block], "document")
                mine = np.concatenate([pairs_of[edges[u] : edges[u + 1]] for u in block])
                local = np.repeat(np.arange(len(block)), edges[block + 1] - edges[block])
                for first in range(0, len(mine), PAIR_BLOCK):
                    chosen, at = mine[first : first + PAIR_BLOCK], local[first : first + PAIR_BLOCK]
                    value = maxsim([queries[q] for q in pairs.query[chosen]], [tokens[i] for i in at])
                    scores[chosen] = value.cpu().numpy()
                    progress.add(len(chosen))
        return scores
