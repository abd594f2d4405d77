"""Token vectors of queries, which late interaction needs again in every part of the pairs."""

from typing import Literal, Protocol

import numpy as np
import torch

# Bytes of token vectors that are kept: 80,000 queries of 16 tokens of 384 dimensions in bf16.
MEMORY = 1 << 30
# Number of queries that are encoded at a time.
BLOCK = 512


class TokenEncoder(Protocol):
    """A model that encodes texts as token vectors."""

    def token_vectors(
        self, texts: list[str], kind: Literal["query", "document"], label: str = ""
    ) -> list[torch.Tensor]:
        """Return for each text the vectors [tokens, d] of its tokens, with length 1 and without padding."""


class QueryVectors:
    """The token vectors of ``queries``: the first ones are kept, as many as fit into ``MEMORY``.

    The others are encoded whenever they are needed. Which queries are encoded together does not depend on the pairs
    that are scored, as long as all are kept: an interrupted run gets the same vectors when it resumes.
    """

    def __init__(self, encoder: TokenEncoder, queries: list[str]) -> None:
        self.encoder, self.queries = encoder, queries
        self.kept: list[torch.Tensor] = []
        size = 0
        while size < MEMORY and len(self.kept) < len(queries):
            block = queries[len(self.kept) : len(self.kept) + BLOCK]
            vectors = encoder.token_vectors(block, "query")
            size += sum(vector.nbytes for vector in vectors)
            self.kept += vectors

    def of(self, positions: np.ndarray) -> dict[int, torch.Tensor]:
        """Return the token vectors [tokens, d] of the queries at ``positions`` (which may repeat), by position."""
        wanted = np.unique(positions).tolist()
        others = [q for q in wanted if q >= len(self.kept)]
        vectors = self.encoder.token_vectors([self.queries[q] for q in others], "query")
        return {q: self.kept[q] for q in wanted if q < len(self.kept)} | dict(zip(others, vectors, strict=True))
