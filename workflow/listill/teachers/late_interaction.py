"""Late interaction as a teacher: MaxSim over the token vectors of a bi-encoder, without any training.

score(q, d) = mean over the tokens i of q of max over the tokens j of d of q_i . d_j  (Khattab and Zaharia 2020, ColBERT,
arXiv 2004.12832, with the mean in place of the sum; vectors of unit length).
"""

import numpy as np
import torch

from listill.progress import Progress
from listill.settings import LateInteraction
from listill.teachers.pairs import Pairs, Resources

# Token vectors of so many texts are held at a time (about 100 MB for 256 tokens of 384 dimensions in bf16).
TEXT_BLOCK = 512
PAIR_BLOCK = 256


def _padded(vectors: list[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    """Return vectors [n, longest, d] (padded with zeros) and which are real [n, longest]."""
    padded = torch.nn.utils.rnn.pad_sequence(vectors, batch_first=True)
    lengths = torch.tensor([len(v) for v in vectors], device=padded.device)
    return padded, torch.arange(padded.shape[1], device=padded.device)[None] < lengths[:, None]


def maxsim(queries: list[torch.Tensor], texts: list[torch.Tensor]) -> torch.Tensor:
    """Return MaxSim of pairs of token matrices [tokens, d] (float32 [pairs])."""
    q, q_real = _padded(queries)
    t, t_real = _padded(texts)
    similarity = torch.bmm(q, t.transpose(1, 2)).float()
    best = similarity.masked_fill(~t_real[:, None], -torch.inf).amax(dim=2)
    return (best * q_real).sum(1) / q_real.sum(1)


def score(member: LateInteraction, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return MaxSim of each pair, with memory bounded by blocks of texts."""
    encoder = resources.encoder(resources.name(member.student))
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
