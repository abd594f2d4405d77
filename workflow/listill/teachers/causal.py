"""Causal language models that are asked whether the passage answers the query: bge-reranker-v2-gemma, Qwen3-Reranker."""

import numpy as np
import torch
import transformers

from listill.errors import UserError
from listill.settings import Causal
from listill.teachers.answers import Answering
from listill.teachers.pairs import Pairs, Resources
from listill.teachers.prompts import Tokens
from listill.teachers.scorer import Batch, Scorer


class LastToken(Answering):
    """A decoder that is asked for the token after the prompt.

    Padded on the right: a token sees only what is before it, so padding changes neither its position nor its answer.
    """

    def forward(self, batch: Batch, tokens: list[Tokens]) -> torch.Tensor:
        """Return the scores [n]."""
        logits = self.model(**batch, use_cache=False).logits
        last = torch.tensor([len(one.ids) - 1 for one in tokens], device=self.device)
        return self.difference(logits[torch.arange(len(tokens), device=self.device), last])


class EarlyExit(Scorer):
    """BGE's gemma2 lightweight reranker, by the code that comes with it: a head a layer, and tokens merged on the way."""

    member: Causal

    def forward(self, batch: Batch, tokens: list[Tokens]) -> torch.Tensor:
        """Return the score of the layer ``cutoff`` at the last token [n]."""
        layers = self.member.layerwise
        try:
            out = self.model(
                **batch,
                output_hidden_states=True,
                cutoff_layers=[layers.cutoff],
                compress_ratio=layers.compress_ratio,
                compress_layer=layers.compress_layers,
                query_lengths=[one.before for one in tokens],
                prompt_lengths=[one.after for one in tokens],
            )
        except (TypeError, AttributeError) as error:
            version = transformers.__version__
            raise UserError(
                f"model {self.member.model}: its own code does not run with transformers {version}: {error}"
            ) from None
        last = out.attention_masks[0].sum(dim=1).long() - 1  # merged tokens: shorter than what went in
        return out.logits[0][torch.arange(len(tokens), device=self.device), last].float()


def load(member: Causal) -> Scorer:
    """Return the scorer of a model."""
    return EarlyExit(member) if member.format == "bge-gemma-lightweight" else LastToken(member)


def score(member: Causal, pairs: Pairs, resources: Resources) -> np.ndarray:
    """Return the score of each pair."""
    return resources.loaded(member, load).score(pairs)
