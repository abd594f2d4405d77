"""Late interaction as a teacher: MaxSim over the token vectors of a bi-encoder, without training (see ``maxsim``)."""

from typing import TYPE_CHECKING, ClassVar, Literal

from pydantic import Field

from listill.teachers.bi_encoder import BiEncoderTeacher

if TYPE_CHECKING:
    import numpy as np

    from listill.teachers.pairs import Pairs
    from listill.teachers.resources import Resources

# Number of texts whose token vectors are in memory at a time (about 100 MB for 256 tokens of 384 dimensions in bf16).
TEXT_BLOCK = 512
# Number of pairs that are scored at a time.
PAIR_BLOCK = 256


class LateInteraction(BiEncoderTeacher):
    """MaxSim over the token vectors of a bi-encoder."""

    # Passages are longer than queries: each is encoded once.
    whole: ClassVar = "passages"

    kind: Literal["late_interaction"] = Field(description="MaxSim over token vectors")

    def score(self, pairs: "Pairs", resources: "Resources") -> "np.ndarray":
        """Return MaxSim of each pair. Texts are encoded in blocks to bound the memory."""
        import numpy as np
        import torch

        from listill.progress import Progress
        from listill.teachers.maxsim import maxsim
        from listill.teachers.query_vectors import QueryVectors

        encoder = resources.encoder(resources.student_name(self.student))
        queries = resources.loaded((self, pairs.queries), lambda _: QueryVectors(encoder, pairs.queries))
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
                text_vectors = encoder.token_vectors([texts[t] for t in block], "document")
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
