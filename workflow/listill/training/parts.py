"""The parts of a training: each has the lists of one corpus, and the dev queries that measure weights on that corpus."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from listill import tables
from listill.corpus import collection
from listill.errors import UserError
from listill.evaluation.topics import evaluation_queries
from listill.retrieval import embeddings, stored_tokens
from listill.retrieval.encoder import Encoder
from listill.retrieval.tokens import Tokens
from listill.retrieval.truncation import cut
from listill.settings.students import FrozenEncoder, Student
from listill.settings.training import Recipe, Temperatures
from listill.training import examples as training_set
from listill.training.anchor_texts import Texts, with_anchor_texts
from listill.training.base_embeddings import with_base
from listill.training.examples import Examples
from listill.training.selection import Selector, selector, whole_corpus
from listill.training.temperature import with_teacher_temperature

log = logging.getLogger("listill")


@dataclass(frozen=True)
class Part:
    """The lists of one corpus in a training.

    ``queries`` and ``texts`` are the tokens of the queries and texts of ``examples``. ``temperatures`` are those of the
    losses on these lists. ``selector`` measures weights. ``fixed_texts`` [texts, d] are the embeddings of the texts, if
    only queries are trained. ``name`` is that of the corpus, and may be empty if there is only one.
    """

    examples: Examples
    queries: Tokens
    texts: Tokens
    temperatures: Temperatures
    selector: Selector
    fixed_texts: np.ndarray | None = None
    name: str = ""

    def cut(self, encoder: Encoder, recipe: Recipe) -> "Part":
        """Return the part with queries and texts of at most the recipe's lengths."""
        queries = cut(self.queries, encoder, recipe.query_length, "queries", "query_length")
        texts = cut(self.texts, encoder, recipe.max_length, "passages", "max_length")
        return dataclasses.replace(self, queries=queries, texts=texts)


@dataclass(frozen=True)
class Whole:
    """A whole corpus that decides.

    ``selector`` measures on all its dev queries and documents. The base model reaches ``base`` there, and
    ``embeddings`` [documents, d] are those of the base model. ``name`` is that of the corpus, and may be empty if there
    is only one.
    """

    selector: Selector
    base: float
    embeddings: np.ndarray
    name: str = ""


@dataclass(frozen=True)
class Files:
    """The files of one corpus that a training reads; see the stage ``train``."""

    corpus: Path
    topics: Path
    qrels: Path
    queries: Path
    lists: Path
    tokens: Path
    embeddings: Path
    guide: Path | None = None
    dev_candidates: Path | None = None
    anchor_texts: Sequence[Path] = ()


@dataclass(frozen=True)
class Loaded:
    """One corpus of a training: its part, the dev measure of the base model on the part, and the whole corpus."""

    part: Part
    base: float
    whole: Whole


def load(
    files: Files,
    encoder: Encoder,
    recipe: Recipe,
    variant: str,
    guide: Student | FrozenEncoder | None,
    seed: int,
    sample_seed: int,
    name: str = "",
    share: float = 1.0,
) -> Loaded:
    """Read the files of one corpus; ``encoder`` is the untrained student.

    ``seed`` is the seed of the training, and ``sample_seed`` that of the dev queries and documents that measure weights.
    ``variant`` and ``name`` (of the corpus) are for messages. ``share`` is that of the lists to train on. Raises
    UserError if there are no lists.
    """
    documents = collection.load(files.corpus)
    lists = tables.read(files.lists, "lists")
    if lists.empty:
        raise UserError(f"{files.lists}: has no lists to train on: add queries, or relax the filters of training.lists")
    judgements = (tables.read(files.queries, "queries"), tables.read(files.qrels, "qrels"))
    examples = training_set.prepare(documents, lists, *judgements, recipe, variant, seed, share)
    if recipe.uses_guide:
        examples = training_set.load_guide(examples, documents, guide, files.guide)
    matrix, stored = embeddings.load(files.embeddings, documents), stored_tokens.load(files.tokens, documents)
    temperatures = with_teacher_temperature(recipe, encoder, examples, matrix, seed).temperatures
    evaluated = evaluation_queries(files.topics, files.qrels, files.queries, files.corpus)
    whole = whole_corpus(documents, evaluated, encoder, stored)
    fixed_texts = None
    if recipe.tower == "query":
        whole.fixed = matrix
        fixed_texts = examples.embed_texts(encoder, matrix, np.arange(len(examples.texts)))
    base = whole.measure(encoder, matrix)
    candidates = None if files.dev_candidates is None else tables.read(files.dev_candidates, "candidates")
    if candidates is None and len(documents) > recipe.selection.documents:
        log.warning("selection: without --dev-candidates, the sample lacks the documents that BM25 finds")
    dev, base_on_part = selector(whole, evaluated, encoder, matrix, recipe.selection, sample_seed, candidates)
    texts = with_anchor_texts(Texts(examples, stored, matrix), files.anchor_texts, recipe, seed)
    text_tokens = texts.examples.tokenise(encoder, texts.tokens)
    examples = with_base(texts.examples, encoder, texts.embeddings, text_tokens, recipe)
    part = Part(examples, *text_tokens, temperatures, dev, fixed_texts, name)
    return Loaded(part, base_on_part, Whole(whole, base, matrix, name))


def summary(parts: Sequence[Part], recipe: Recipe) -> dict[str, Any]:
    """Return the entries of a joint training in the provenance: its lists by type, and those of each corpus."""
    trained: Counter[str] = Counter()
    corpora: dict[str, dict[str, Any]] = {}
    for part in parts:
        trained.update(part.examples.counts)
        corpora[part.name] = {"trained": part.examples.counts}
        if part.temperatures is not recipe.temperatures:
            corpora[part.name]["teacher_temperature"] = part.temperatures.teacher
    return {"trained": dict(sorted(trained.items())), "corpora": corpora}
