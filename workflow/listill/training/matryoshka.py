"""Matryoshka training (Kusupati et al. 2022, arXiv 2205.13147): embeddings that may be cut to their first dimensions.

The value of a loss of similarities is the mean of its values for the whole embeddings and for those cut to each size. Cut
embeddings are normalised again if the student's similarity is the cosine.
"""

from collections.abc import Sequence

import torch

from listill.errors import UserError


def check_sizes(sizes: Sequence[int], dimension: int) -> None:
    """Raise UserError unless all ``sizes`` are smaller than the ``dimension`` of the student's embeddings."""
    if too_large := [size for size in sizes if size >= dimension]:
        raise UserError(
            f"training.matryoshka: {max(too_large)} is not below {dimension}, the dimension of the student's embeddings "
            "(whole embeddings are always trained): give smaller sizes"
        )


def similarities(
    queries: torch.Tensor, texts: torch.Tensor, sizes: Sequence[int], normalise: bool
) -> list[torch.Tensor]:
    """Return the similarities [queries, texts] of whole embeddings, then those of embeddings cut to each size."""
    cut = [[vectors[:, :size] for vectors in (queries, texts)] for size in sizes]
    if normalise:
        cut = [[torch.nn.functional.normalize(vectors, dim=1) for vectors in pair] for pair in cut]
    return [query @ text.T for query, text in [(queries, texts), *cut]]
