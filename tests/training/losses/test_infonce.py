"""InfoNCE."""

import dataclasses

import torch

from listill.training.losses import infonce
from plain_losses import TEMPERATURES, random_step


def test_counting_every_copy_is_encoding_every_copy() -> None:
    """The papers' counting: a text that stands in three lists is in the denominator three times."""
    step, similarity = random_step(6, copies=True)
    copies = step.copies.tolist()
    wide = torch.cat([similarity[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1)
    first = [sum(copies[:t]) for t in range(len(copies))]
    negative = torch.cat([step.negative[:, [t]].expand(-1, n) for t, n in enumerate(copies)], dim=1).clone()
    for q, t in enumerate(step.positive.tolist()):  # but never the positive's own
        negative[q, first[t] : first[t] + copies[t]] = False
    plain = dataclasses.replace(
        step,
        negative=negative,
        positive=torch.tensor([first[t] for t in step.positive.tolist()]),
        copies=torch.ones(wide.shape[1], dtype=torch.int64),
    )
    expected = infonce.loss(plain, wide, TEMPERATURES)
    torch.testing.assert_close(infonce.loss(step, similarity, TEMPERATURES), expected)
