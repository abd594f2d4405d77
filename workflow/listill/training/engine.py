"""One step: encode each distinct text once, in chunks; take the loss; bring its gradient back through the chunks.

The loss is taken on the embeddings of the whole step, cut off from the model, and gives a gradient for each embedding. Every
chunk is then driven backward with its part of that gradient. That is exact, and it lets a step be larger than memory:
chunks whose intermediate values fit in memory keep them, the others are computed again when their turn comes (gradient
caching, Gao et al. 2021, arXiv 2101.06983), with the same random numbers, so that dropout stays what it was.

With several processes each encodes a share of the chunks, embeddings and gradients are summed over the processes, and
all see the same step, loss and gradient as one process would.
"""

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch

from listill.retrieval.encoder import Encoder, Kind
from listill.retrieval.tokens import Tokens, chunks
from listill.training.processes import Processes

# From similarities [queries, texts] to the loss and its named parts.
Loss = Callable[[torch.Tensor], tuple[torch.Tensor, dict[str, float]]]


@dataclass
class Chunk:
    """Texts that go through the model together, and where their embeddings belong in the step."""

    kind: Kind
    tokens: Tokens
    chosen: np.ndarray
    rows: torch.Tensor
    embeddings: torch.Tensor | None = None
    random: tuple[torch.Tensor, ...] = ()


class Engine:
    """Forward and backward through ``encoder``, for steps of any size.

    ``memory``: bytes that the intermediate values of one step may take, and of one chunk too; what does not fit is computed
    twice. A chunk has one text at least.
    """

    def __init__(self, encoder: Encoder, memory: float, processes: Processes | None = None) -> None:
        self.encoder = encoder
        self.processes = processes or Processes()
        self.memory = memory
        self.bytes_per_token: float | None = None
        self.recomputed = 0

    def backward(self, queries: Tokens, asked: np.ndarray, texts: Tokens, read: np.ndarray, loss: Loss) -> "Value":
        """Add the gradient of the loss over queries ``asked`` and texts ``read`` (positions) to the parameters'.

        ``loss`` gets their similarities [asked, read]. Returns its value and parts.
        """
        if self.bytes_per_token is None:
            self.bytes_per_token = self._measure(texts, read[texts.lengths[read].argmax()])
        own = self.processes.share(
            self._chunks("query", queries, asked, 0) + self._chunks("document", texts, read, len(asked))
        )
        kept = self._forward(own)
        size = (len(asked) + len(read), self.encoder.dimension)
        everything = torch.zeros(size, device=self.encoder.device)
        for chunk in own:
            assert chunk.embeddings is not None
            everything[chunk.rows] = chunk.embeddings.detach()
        self.processes.sum(everything)
        everything.requires_grad_()
        value, parts = loss(everything[: len(asked)] @ everything[len(asked) :].T)
        if torch.isfinite(value):
            value.backward()
            assert everything.grad is not None
            self._backward(own, kept, everything.grad)
            self.processes.sum_gradients(self.encoder.model)
        return Value(float(value.detach()), parts)

    def _chunks(self, kind: Kind, tokens: Tokens, chosen: np.ndarray, first: int) -> list[Chunk]:
        assert self.bytes_per_token is not None
        lengths = tokens.lengths[chosen]
        budget = min(self.encoder.token_budget, int(self.memory / self.bytes_per_token))
        return [
            Chunk(kind, tokens, chosen[part], torch.from_numpy(part + first).to(self.encoder.device))
            for part in chunks(lengths, budget)
        ]

    def _forward(self, own: list[Chunk]) -> int:
        """Compute the embeddings of all chunks; the first ones, whose number is returned, keep what backward needs."""
        assert self.bytes_per_token is not None
        kept, tokens = 0, 0
        for chunk in own:
            tokens += padded(chunk)
            if tokens * self.bytes_per_token > self.memory:
                break
            kept += 1
        # Two contexts, since autocast would reuse weights that it has cast without their gradients.
        with self.encoder.autocast():
            for chunk in own[:kept]:
                chunk.embeddings = self._embed(chunk)
        with self.encoder.autocast(), torch.no_grad():
            for chunk in own[kept:]:
                chunk.random = random_state(self.encoder.device)
                chunk.embeddings = self._embed(chunk)
        self.recomputed += sum(padded(chunk) for chunk in own[kept:])
        return kept

    def _embed(self, chunk: Chunk) -> torch.Tensor:
        return self.encoder.forward(chunk.tokens, chunk.chosen, chunk.kind)["sentence_embedding"]

    def _backward(self, own: list[Chunk], kept: int, gradient: torch.Tensor) -> None:
        for number, chunk in enumerate(own):
            if number >= kept:
                with restored(chunk.random, self.encoder.device), self.encoder.autocast():
                    chunk.embeddings = self._embed(chunk)
            assert chunk.embeddings is not None
            chunk.embeddings.backward(gradient[chunk.rows])
            chunk.embeddings = None  # frees what it kept before the next chunk is computed

    def _measure(self, tokens: Tokens, text: int) -> float:
        """Return the bytes that backward needs of a token: of the longest text, where attention makes them most."""
        # Weights (cast to bf16 too, and transposed) are kept once for all chunks.
        weights = {shape for p in self.encoder.model.parameters() for shape in (p.shape, p.shape[::-1])}
        seen: dict[int, int] = {}
        held: list[torch.Tensor] = []

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            if tensor.shape not in weights:
                seen[storage.data_ptr()] = storage.nbytes()
            held.append(tensor)  # so that no address is used twice
            return tensor

        before = random_state(self.encoder.device)
        with (
            restored(before, self.encoder.device),
            self.encoder.autocast(),
            torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor),
        ):
            self.encoder.forward(tokens, np.array([text]), "document")
        return sum(seen.values()) / len(tokens[text])


@dataclass(frozen=True)
class Value:
    """What a step's loss came to, and its parts by name."""

    loss: float
    parts: dict[str, float]


def padded(chunk: Chunk) -> int:
    """Return the tokens of a chunk with its padding."""
    return len(chunk.chosen) * int(chunk.tokens.lengths[chunk.chosen].max())


def random_state(device: torch.device) -> tuple[torch.Tensor, ...]:
    """Return the state of the random number generators that dropout draws from."""
    cpu = torch.get_rng_state()
    return (cpu, torch.cuda.get_rng_state(device)) if device.type == "cuda" else (cpu,)


def set_random_state(state: tuple[torch.Tensor, ...], device: torch.device) -> None:
    """Set what ``random_state`` returned."""
    torch.set_rng_state(state[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1], device)


@contextlib.contextmanager
def restored(state: tuple[torch.Tensor, ...], device: torch.device):  # type: ignore[no-untyped-def]
    """Run with an earlier state of the random number generators, then go on with the present one."""
    present = random_state(device)
    set_random_state(state, device)
    try:
        yield
    finally:
        set_random_state(present, device)
