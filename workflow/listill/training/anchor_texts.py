"""Texts of another corpus that the anchor losses keep, too: general text, of which the lists have none."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from listill.corpus import collection
from listill.errors import UserError
from listill.retrieval import embeddings, stored_tokens
from listill.retrieval.tokens import Tokens
from listill.settings.training import Recipe
from listill.training.examples import Examples
from listill.training.objective import use_base


@dataclasses.dataclass(frozen=True)
class Texts:
    """The examples of a training with the tokens [documents] and the base model's embeddings [documents, d].

    ``examples.document`` are positions among these documents: those of the training's corpus, then the anchor texts.
    """

    examples: Examples
    tokens: Tokens
    embeddings: np.ndarray


def with_anchor_texts(texts: Texts, files: Sequence[Path], recipe: Recipe, seed: int) -> Texts:
    """Return the examples with a sample of another corpus among their texts, which no list refers to.

    ``files`` are corpus.parquet of that corpus, and the tokens and embeddings of its documents by the base model. The
    sample is drawn with ``seed``, as many as all steps together have; each step draws its own from it. Raises UserError if
    files are missing, or if no loss of the recipe uses the base model's embeddings.
    """
    settings, examples = recipe.anchor_texts, texts.examples
    if settings is None:
        return texts
    if not use_base(recipe.losses):
        raise UserError(
            "training.anchor_texts: no loss uses them: add the loss `anchor` or `anchor_kl`, or remove the key"
        )
    if len(files) != 3:
        raise UserError(
            "training.anchor_texts: pass corpus.parquet, the tokens and the embeddings of that corpus with --anchor-texts"
        )
    other = collection.load(files[0])
    steps = -(-round(len(examples) * recipe.epochs) // recipe.batch)
    size = min(len(other), steps * settings.passages)
    chosen = np.sort(np.random.default_rng(seed).permutation(len(other))[:size])
    first = len(texts.tokens)
    extended = dataclasses.replace(
        examples,
        texts=[*examples.texts, *(other.rendered(int(i)) for i in chosen)],
        group=np.concatenate([examples.group, examples.group.max() + 1 + np.arange(size)]),
        document=np.concatenate([examples.document, first + np.arange(size)]),
        anchors=len(examples.texts) + np.arange(size),
        anchors_per_step=settings.passages,
    )
    tokens = texts.tokens + stored_tokens.load(files[1], other).take(chosen)
    matrix = np.concatenate([texts.embeddings, embeddings.load(files[2], other)[chosen]])
    return Texts(extended, tokens, matrix)
