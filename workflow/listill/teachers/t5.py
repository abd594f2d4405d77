"""T5 rerankers: the logits of the first decoding step, without a decoding loop.

RankT5 (Zhuang et al. 2023, arXiv 2210.10634): the logit of an unused token. monoT5 (Nogueira et al. 2020, arXiv 2003.06713):
true against false.
"""

import numpy as np
import torch

from listill.settings import T5
from listill.teachers.answers import Answering
from listill.teachers.pairs import Pairs, Resources
from listill.teachers.prompts import Tokens
from listill.teachers.scorer import Batch


class FirstStep(Answering):
    """An encoder-decoder that is asked for its first token."""

    def forward(self, batch: Batch, tokens: list[Tokens]) -> torch.Tensor:
        """Return the scores [n]."""
        start = self.model.config.decoder_start_token_id
        begin = torch.full((len(tokens), 1), start, dtype=torch.int64, device=self.device)
        return self.difference(self.model(**batch, decoder_input_ids=begin, use_cache=False).logits[:, 0])


def score(member: T5, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return the score of each pair."""
    return resources.loaded(member, FirstStep).score(pairs)
