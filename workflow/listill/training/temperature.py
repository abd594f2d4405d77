"""The teacher's temperature: make the targets about as sharp as the student's own distribution.

Targets that are much flatter than the student's own distribution compress its scores and ruin it. The papers' constants
fit their students and teachers only. The temperature is therefore chosen such that the mean entropy of the targets
equals that of the untrained student on the same lists.
"""

import logging

import numpy as np
import torch

from listill.retrieval.encoder import Encoder
from listill.settings.training import Recipe
from listill.training.batches import collate
from listill.training.examples import Examples
from listill.training.kernels import masked_entropy
from listill.training.objective import use_temperature

LOWEST, HIGHEST = 1e-3, 1e2
# Number of lists on which the temperature is matched.
SAMPLE = 512
log = logging.getLogger("listill")


def matched(
    similarity: torch.Tensor, scores: torch.Tensor, mask: torch.Tensor, student: float, offset: float = 0.0
) -> float:
    """Return the temperature T with mean H(softmax(scores / T)) = mean H(softmax(similarity / student)) + offset.

    All tensors are [lists, longest list]; entropies are in nats. The entropy grows with T, so T is found by bisection
    of its logarithm. T is limited to [0.001, 100], since lists whose scores are all equal have the same entropy at any
    temperature.
    """
    target = float(masked_entropy(similarity.double() / student, mask).mean()) + offset
    low, high = torch.tensor([LOWEST, HIGHEST]).log().tolist()
    for _ in range(60):
        middle = (low + high) / 2
        entropy = float(masked_entropy(scores.double() / torch.tensor(middle).exp(), mask).mean())
        low, high = (middle, high) if entropy < target else (low, middle)
    return float(torch.tensor((low + high) / 2).exp())


def with_teacher_temperature(
    recipe: Recipe, encoder: Encoder, examples: Examples, embeddings: np.ndarray, seed: int
) -> Recipe:
    """Return the recipe with the teacher's temperature as a number: ``auto`` is matched on a sample of the lists.

    ``encoder`` is the untrained student, ``embeddings`` [documents, d] are its embeddings of the corpus. A recipe whose
    losses do not use the teacher's temperature is returned unchanged.
    """
    if recipe.temperatures.teacher != "auto" or not use_temperature(recipe.losses, "teacher"):
        return recipe
    sample = np.sort(np.random.default_rng([seed, SAMPLE]).permutation(len(examples))[:SAMPLE])
    step = collate(examples, sample, recipe.negatives)
    queries, texts = examples.embed(encoder, embeddings, sample, step.texts)
    similarity = torch.from_numpy(queries @ texts.T).gather(1, step.lists)
    student, offset = recipe.temperatures.student, recipe.temperatures.offset
    teacher = matched(similarity, step.scores, step.mask, student, offset)
    log.info("train: teacher temperature %.4f", teacher)
    return recipe.model_copy(update={"temperatures": recipe.temperatures.model_copy(update={"teacher": teacher})})
