"""Memory and disk of the stages, in bytes.

The constants are those of the demo's tables and processes, and of a million documents (docs/scale.md). Embeddings that are
mapped from a file count as memory.
"""

from collections.abc import Sequence
from typing import TypedDict

from listill.estimate.models import Size
from listill.estimate.statistics import Statistics
from listill.settings.training import Recipe


class Space(TypedDict):
    """Bytes of memory at the peak of a job, and bytes on disk that it leaves."""

    memory: float
    disk: float


# A process with pandas and pyarrow, and one with torch and transformers as well.
PLAIN, MODEL = 0.2e9, 0.75e9
# Bytes per row of the Parquet tables: a query with its text, a candidate, a score, a document of a run, a candidate in
# lists, a measured query.
QUERY, CANDIDATE, SCORE, RUN, LISTED, MEASURED = 45, 8, 8, 7, 8, 1
# Bytes per character of the corpus on disk and in memory (with its index), and bytes per token on disk and in memory.
STORED, LOADED, TOKEN, TOKEN_LOADED = 0.3, 4.0, 1.2, 8.0
# Bytes per pair and teacher in the store of scores.
STORE = 20
# Bytes of a pair while it is scored (keys, scores of all teachers, and ids), and in the lists of a student. Of candidates, at
# most this many rows are in memory.
PAIR, IN_LISTS, ROWS = 100, 40, 3e6
# Bytes of activations that training keeps per token, layer and dimension (Korthikanti et al. 2022, arXiv 2205.05198,
# equation 1, without the term of the attention).
ACTIVATION = 34.0
# Bytes per weight in training: weights, gradient, two moments of Adam, and the first and the best weights.
TRAINED = 24
# Bytes that training may keep of activations on a CPU, unless `training.memory` says so.
ACTIVATIONS = 2.0e9
# The tokenizer, the model card and other small files of a model; the page.
FOLDER, PAGE = 1.0e6, 0.1e6
# A model of unknown size: that of BERT-base.
UNKNOWN = Size(weights=110_000_000, computed=86_000_000, layers=12, hidden=768, limit=512)


def corpus(known: Statistics) -> Space:
    """Return what the table of a corpus takes."""
    return {"memory": PLAIN + LOADED * known.characters, "disk": STORED * known.characters}


def queries(count: float, known: Statistics) -> Space:
    """Return what the table of queries takes."""
    return {"memory": PLAIN + LOADED * known.characters, "disk": QUERY * count}


def asked(count: float, size: Size | None) -> Space:
    """Return what the answers of a language model take."""
    return {"memory": MODEL + 4.0 * (size or UNKNOWN).weights, "disk": QUERY * count}


def embeddings(known: Statistics, size: Size | None) -> Space:
    """Return what the embeddings and tokens of a corpus take; embeddings are written in parts."""
    model = size or UNKNOWN
    vectors, tokens = 4.0 * known.documents * model.hidden, known.documents * known.tokens(model.limit)
    memory = MODEL + 4.0 * model.weights + LOADED * known.characters + TOKEN_LOADED * tokens
    return {"memory": memory, "disk": vectors + TOKEN * tokens}


def searched(count: float, depth: int, known: Statistics, sizes: Sequence[Size | None]) -> Space:
    """Return what ``count`` rows of candidates or runs take; one model and its embeddings are in memory at a time."""
    models = [size or UNKNOWN for size in sizes]
    loaded = max((4.0 * model.weights + 4.0 * known.documents * model.hidden for model in models), default=0.0)
    rows = count * depth
    memory = (MODEL if models else PLAIN) + loaded + LOADED * known.characters + PAIR * min(rows, ROWS)
    return {"memory": memory, "disk": RUN * rows}


def fused(count: float, depth: int) -> Space:
    """Return what a fused run takes."""
    return {"memory": PLAIN + PAIR * count * depth, "disk": RUN * count * depth / 2}


def scores(pairs: float, teachers: int, known: Statistics, sizes: Sequence[Size | None]) -> Space:
    """Return what the scores of pairs by some teachers take; one model and the embeddings of the students are in memory."""
    models = [size or UNKNOWN for size in sizes]
    loaded = max((4.0 * model.weights for model in models), default=0.0)
    memory = MODEL + loaded + LOADED * known.characters + PAIR * pairs * teachers
    return {"memory": memory, "disk": SCORE * pairs * teachers + STORE * pairs * teachers}


def lists(pairs: float, known: Statistics) -> Space:
    """Return what the lists take, with the candidates that are not in them."""
    return {"memory": PLAIN + LOADED * known.characters + IN_LISTS * pairs, "disk": LISTED * pairs}


def training(known: Statistics, size: Size | None, recipe: Recipe, tokens: float) -> Space:
    """Return what a training takes whose steps have ``tokens`` tokens; it leaves the model and the corpus' embeddings."""
    model = size or UNKNOWN
    allowed = ACTIVATIONS if recipe.memory is None else 1e9 * recipe.memory
    activations = min(allowed, tokens * ACTIVATION * model.layers * model.hidden)
    base = embeddings(known, size)
    vectors = 4.0 * known.documents * model.hidden
    memory = base["memory"] + vectors + (TRAINED - 4.0) * model.weights + activations
    return {"memory": memory, "disk": 4.0 * model.weights + FOLDER + vectors}


def tested(size: Size | None) -> Space:
    """Return what a model takes that is measured on tasks of MTEB, without their documents; only values are kept."""
    return {"memory": MODEL + 4.0 * (size or UNKNOWN).weights, "disk": MEASURED}


def evaluated(rows: float, known: Statistics) -> Space:
    """Return what the evaluation of ``rows`` queries and systems takes."""
    return {"memory": PLAIN + LOADED * known.characters / 4 + PAIR * rows, "disk": MEASURED * rows}


def page(known: Statistics) -> Space:
    """Return what the report takes."""
    return {"memory": PLAIN + LOADED * known.characters, "disk": PAGE}
