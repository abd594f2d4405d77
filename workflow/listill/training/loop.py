"""The training loop."""

import copy
import logging
import math
import time
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch

from listill.errors import UserError
from listill.progress import Progress
from listill.retrieval.encoder import Encoder
from listill.settings import Recipe
from listill.training import batches
from listill.training.examples import Examples
from listill.training.losses import weighted
from listill.training.selection import MEASURE, Selector

log = logging.getLogger("listill")

# Tokens, padding included, that go through the model at a time.
TOKEN_BUDGET = {"cpu": 4096, "cuda": 65_536}


@dataclass
class Result:
    """The history, and the best step (0: the base model)."""

    history: list[dict[str, Any]] = field(default_factory=list)
    best_step: int = 0
    best: float = -math.inf


def optimiser(model: torch.nn.Module, recipe: Recipe) -> torch.optim.AdamW:
    """Return AdamW without weight decay on biases and norms (everything of one dimension)."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": recipe.weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
    return torch.optim.AdamW(groups, lr=recipe.learning_rate, fused=True)


def rate(step: int, steps: int, warmup: float) -> float:
    """Return the factor of the learning rate at ``step`` (0-based): a linear rise, then a linear fall towards 0.

    The rise takes the given share of the steps, rounded up; no step has factor 0, however few there are.
    """
    rise = math.ceil(warmup * steps)
    return (step + 1) / (rise + 1) if step < rise else (steps - step) / (steps - rise)


def embed(encoder: Encoder, texts: list[str], lengths: np.ndarray) -> torch.Tensor:
    """Return embeddings [n, d] with gradients, computed in chunks of like length."""
    parts, places = [], []
    for chunk in batches.chunks(lengths, TOKEN_BUDGET[encoder.device.type]):
        parts.append(encoder.forward([texts[i] for i in chunk], "document")["sentence_embedding"])
        places.append(chunk)
    back = np.argsort(np.concatenate(places))
    return torch.cat(parts)[torch.from_numpy(back).to(encoder.device)]


def token_lengths(encoder: Encoder, texts: list[str]) -> np.ndarray:
    """Return how many tokens of each text the model reads."""
    tokenizer = encoder.model.tokenizer
    tokens = tokenizer(texts, truncation=True, max_length=encoder.model.max_seq_length, return_length=True)
    return np.array([len(ids) for ids in tokens["input_ids"]], dtype=np.int64)


def train(encoder: Encoder, examples: Examples, recipe: Recipe, selector: Selector, base: float, seed: int) -> Result:
    """Train ``encoder`` in place; it ends with the weights of the best step. ``base`` is its measure before training."""
    torch.manual_seed(seed)
    model = encoder.model
    full_length = encoder.max_length
    training_length = min(recipe.max_length or full_length, full_length)
    steps = batches.order(len(examples), recipe.epochs, recipe.batch, seed)
    evaluate_at = {
        round(len(steps) * (i + 1) / recipe.selection.evaluations) for i in range(recipe.selection.evaluations)
    }
    adam = optimiser(model, recipe)
    model.max_seq_length = training_length
    lengths = token_lengths(encoder, examples.texts)
    result = Result(best=base)
    best_weights = copy.deepcopy(model.state_dict())
    result.history.append({"step": 0, "epoch": 0.0, "split": "dev", MEASURE: base})
    log.info(
        "train: %d lists, %d distinct passages of %.0f tokens on average, %d steps of %d queries; %s of the base on %d dev "
        "queries and %d documents: %.4f",
        *(len(examples), len(examples.texts), lengths.mean(), len(steps), recipe.batch, MEASURE),
        *(len(selector.queries), len(selector.documents), base),
    )
    start, seen = time.monotonic(), 0
    with Progress(sum(len(step) for step in steps), "train", "queries") as progress:
        for number, queries in enumerate(steps, start=1):
            step = batches.collate(examples, queries, recipe.denoise, encoder.device)
            learning_rate = recipe.learning_rate * rate(number - 1, len(steps), recipe.warmup)
            for group in adam.param_groups:
                group["lr"] = learning_rate
            query_vectors = encoder.forward([examples.queries[q] for q in queries], "query")["sentence_embedding"]
            text_vectors = embed(encoder, [examples.texts[t] for t in step.texts], lengths[step.texts])
            loss, parts = weighted(step, query_vectors @ text_vectors.T, recipe.losses, recipe.temperatures)
            if not torch.isfinite(loss):
                names = ", ".join(examples.query_ids[q] for q in queries[:3])
                raise UserError(
                    f"step {number}: the loss is not a number (queries {names}, ...): lower the learning rate"
                )
            loss.backward()
            torch.nn.utils.clip_grad_norm_(model.parameters(), recipe.clip)
            adam.step()
            adam.zero_grad(set_to_none=True)
            seen += len(queries)
            passages = seen_passages(result) + len(step.texts)
            row = {"step": number, "epoch": seen / len(examples), "queries": seen, "passages": passages}
            clock = {"seconds": time.monotonic() - start}
            result.history.append(
                {**row, **clock, "split": "train", "loss": float(loss.detach()), "lr": learning_rate, **parts}
            )
            progress.add(len(queries), f"loss {float(loss.detach()):.3f}, {passages / clock['seconds']:.0f} passages/s")
            if number in evaluate_at:
                model.max_seq_length = full_length
                value = selector.measure(encoder)
                model.max_seq_length = training_length
                result.history.append({**row, "seconds": time.monotonic() - start, "split": "dev", MEASURE: value})
                log.info(
                    "train: step %d of %d: loss %.4f, dev %s %.4f",
                    number,
                    len(steps),
                    float(loss.detach()),
                    MEASURE,
                    value,
                )
                if value > result.best:
                    result.best, result.best_step = value, number
                    best_weights = copy.deepcopy(model.state_dict())
    model.load_state_dict(best_weights)
    model.max_seq_length = full_length
    return result


def seen_passages(result: Result) -> int:
    """Return how many passages have been encoded so far."""
    return next((row["passages"] for row in reversed(result.history) if "passages" in row), 0)
