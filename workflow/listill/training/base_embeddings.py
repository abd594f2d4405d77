"""The base model's embeddings of the training texts, for losses that keep the student close to it."""

import dataclasses

import numpy as np

from listill.retrieval.encoder import Encoder
from listill.retrieval.tokens import Tokens
from listill.settings.training import Recipe
from listill.training.examples import Examples
from listill.training.objective import use_base


def with_base(
    examples: Examples, encoder: Encoder, corpus: np.ndarray, tokens: tuple[Tokens, Tokens], recipe: Recipe
) -> Examples:
    """Return the examples with the base model's embeddings of queries and texts, as the training cuts them.

    ``encoder`` is the untrained student, and ``corpus`` [documents, d] are its embeddings of all documents. ``tokens`` are
    the tokens of the examples' queries and texts. Only texts that the training cuts further than the encoder does are
    encoded again. The examples are returned unchanged if no loss of the recipe uses the base model's embeddings.
    """
    if not use_base(recipe.losses):
        return examples
    queries, texts = tokens
    of_queries = encoder.encode(queries if recipe.query_length is None else queries.cut(recipe.query_length), "query")
    of_texts = examples.embed_texts(encoder, corpus, np.arange(len(examples.texts)))
    # Texts that are not trained (tower: query) keep their embeddings, whatever the length of the others.
    if recipe.max_length is not None and recipe.tower == "both":
        shortened = np.flatnonzero(texts.lengths > recipe.max_length)
        of_texts[shortened] = encoder.encode(texts.take(shortened).cut(recipe.max_length), "document")
    return dataclasses.replace(examples, base=(of_queries, of_texts))
