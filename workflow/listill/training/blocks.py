"""The losses of a step in blocks of queries, so that they stay within memory whatever the size of the step.

A loss of similarities takes several matrices [queries, texts] until its backward pass is done. 4,096 queries with lists of
20 may have 80,000 distinct texts; such a matrix then takes 1.3 GB. The value of a query depends only on its own row, and
the loss is the mean over the queries. So, for blocks of n_b of n queries,

    loss = sum over the blocks of (n_b / n) (mean over the block),

and the same holds for the gradient. The backward pass of a block ends before the next block begins. Losses that read
embeddings need no such matrix; they are computed once. A step that fits is one block, which is computed as a whole.

Let m be the number of losses of similarities, times the number of sizes of the embeddings (``matryoshka``). A block of n_b
queries takes at most (16 + 12 m) n_b bytes per text: similarities and what the backward pass computes at a time, and what
each loss keeps for it. ``tests/training/test_blocks.py`` measures it. Beside it, the step itself takes 1 byte per query
and text (``Step.negative``), and embeddings and their gradients take 4 bytes per number.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch

from listill.settings.training import Loss, Temperatures
from listill.training.batches import Step
from listill.training.objective import reads_embeddings, weighted

SHARED, KEPT = 16, 12  # bytes per query and text: see above


@dataclass(frozen=True)
class Blocks:
    """The weighted sum of the ``losses`` of a step (see ``objective.weighted``), within ``memory`` bytes.

    A block has at least one query, whatever the memory.
    """

    step: Step
    losses: Mapping[Loss, float]
    temperatures: Temperatures
    memory: float
    sizes: Sequence[int] = ()
    normalise: bool = True

    @property
    def bytes_per_query(self) -> int:
        """Number of bytes that a query of a block takes; 0 if no loss reads similarities."""
        count = len(self._by_input(False)) * (1 + len(self.sizes))
        return (SHARED + KEPT * count) * len(self.step.texts) if count else 0

    @property
    def queries_per_block(self) -> int:
        """Number of queries of a block; the last block may have fewer."""
        total = len(self.step.queries)
        if total * self.bytes_per_query <= self.memory:
            return total
        return max(1, int(self.memory / self.bytes_per_query))

    @property
    def bytes(self) -> int:
        """Number of bytes that a block takes."""
        return self.queries_per_block * self.bytes_per_query

    def __call__(self, queries: torch.Tensor, texts: torch.Tensor) -> Iterator[tuple[torch.Tensor, dict[str, float]]]:
        """Yield terms whose sum is the loss, each with its named parts (not weighted), whose sums are those of the loss.

        ``queries`` [queries, d] and ``texts`` [texts, d] are the student's embeddings. Call ``backward`` on each term before
        the next one is requested.
        """
        total, size = len(self.step.queries), self.queries_per_block
        if size == total:
            yield self._term(self.step, queries, texts, self.losses)
            return
        if losses := self._by_input(True):
            yield self._term(self.step, queries, texts, losses)
        for start in range(0, total, size):
            rows = slice(start, start + size)
            term, parts = self._term(self.step.block(rows), queries[rows], texts, self._by_input(False))
            share = len(queries[rows]) / total
            yield term * share, {name: part * share for name, part in parts.items()}

    def _by_input(self, embeddings: bool) -> dict[Loss, float]:
        """Return the losses that read ``embeddings``, or those that read similarities."""
        return {name: weight for name, weight in self.losses.items() if reads_embeddings(name) == embeddings}

    def _term(
        self, step: Step, queries: torch.Tensor, texts: torch.Tensor, losses: Mapping[Loss, float]
    ) -> tuple[torch.Tensor, dict[str, float]]:
        return weighted(step, queries, texts, losses, self.temperatures, self.sizes, self.normalise)
