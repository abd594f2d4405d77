"""The teacher's temperature: targets about as sharp as what the student says already.

Targets much flatter than the student's own distribution squeeze its scores together and ruin it; the papers' constants
belong to their students and teachers. So the temperature is chosen such that the mean entropy of the targets is that of the
untrained student on the same lists.
"""

import torch

from listill.training.losses.kernels import masked_entropy

LOWEST, HIGHEST = 1e-3, 1e2


def matched(
    similarity: torch.Tensor, scores: torch.Tensor, mask: torch.Tensor, student: float, offset: float = 0.0
) -> float:
    """Return the temperature T with mean H(softmax(scores / T)) = mean H(softmax(similarity / student)) + offset.

    All [lists, longest list]; entropies in nats. The entropy grows with T, so T is found by bisection (on its logarithm),
    within [0.001, 100]: lists whose scores are all equal have the same entropy at any temperature.
    """
    goal = float(masked_entropy(similarity.double() / student, mask).mean()) + offset
    low, high = torch.tensor([LOWEST, HIGHEST]).log().tolist()
    for _ in range(60):
        middle = (low + high) / 2
        entropy = float(masked_entropy(scores.double() / torch.tensor(middle).exp(), mask).mean())
        low, high = (middle, high) if entropy < goal else (low, middle)
    return float(torch.tensor((low + high) / 2).exp())
