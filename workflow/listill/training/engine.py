"""Forward and backward pass of one step, in chunks: each distinct text is encoded once.

The loss is computed on the embeddings of the whole step, detached from the model, and yields a gradient for each
embedding. Each chunk is then backpropagated with its part of that gradient. The result is exact, and a step may be
larger than memory: chunks whose activations fit into memory keep them, the others are computed again (gradient caching,
Gao et al. 2021, arXiv 2101.06983) with the same random numbers, so that dropout is the same both times.

With several processes, each process encodes a share of the chunks. Embeddings and gradients are summed over the
processes, so that all of them have the step, loss and gradient of a single process.
"""

import contextlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import numpy as np
import torch

from listill.retrieval.encoder import Encoder, Kind
from listill.retrieval.tokens import Tokens, chunks
from listill.training.processes import Processes

# Maximum number of tokens of a chunk on a CPU, including padding: half as many as in a batch of the encoder. A step has few
# texts, so a larger chunk has texts of more different lengths. Speed: benchmarks/README.md#chunks-on-a-cpu.
CPU_CHUNK = 2048

# From the embeddings of queries [queries, d] and of texts [texts, d] to the terms of the loss, each with its named parts.
Loss = Callable[[torch.Tensor, torch.Tensor], Iterable[tuple[torch.Tensor, dict[str, float]]]]


@dataclass
class Chunk:
    """Texts that are encoded together: ``positions`` in ``tokens``, ``rows`` among the embeddings of the step."""

    kind: Kind
    tokens: Tokens
    positions: np.ndarray
    rows: torch.Tensor
    embeddings: torch.Tensor | None = None
    random: tuple[torch.Tensor, ...] = ()


class Engine:
    """Forward and backward pass through ``encoder``, for steps of any size.

    ``memory`` is the number of bytes that the activations of one step and its loss may take; it also limits one chunk.
    Activations that do not fit are computed twice. A chunk has at least one text.
    """

    def __init__(self, encoder: Encoder, memory: float, processes: Processes | None = None) -> None:
        self.encoder = encoder
        self.processes = processes or Processes()
        self.memory = memory
        self.bytes_per_token: float | None = None
        self.recomputed = 0

    def backward(
        self,
        queries: Tokens,
        query_positions: np.ndarray,
        texts: Tokens,
        text_positions: np.ndarray,
        loss: Loss,
        fixed: torch.Tensor | None = None,
        loss_bytes: float = 0.0,
    ) -> "Value":
        """Add the gradient of the loss over the given queries and texts to the gradients of the parameters.

        ``loss`` gets the embeddings of ``query_positions`` and of ``text_positions``, and takes ``loss_bytes`` of the
        memory. If only queries are trained, ``fixed`` [text_positions, d] are the embeddings of the texts, which are not
        encoded. Returns the loss and its parts.
        """
        if self.bytes_per_token is None:
            encoded = texts.take(text_positions) if fixed is None else queries.take(query_positions)
            self.bytes_per_token = self._measure_memory(encoded)
        count = len(query_positions)
        chunks_of_step = self._chunks("query", queries, query_positions, 0)
        if fixed is None:
            chunks_of_step += self._chunks("document", texts, text_positions, first_row=count)
        local = self.processes.share(chunks_of_step)
        kept = self._forward(local, self.memory - loss_bytes)
        size = (count + len(text_positions), self.encoder.dimension)
        embeddings = torch.zeros(size, device=self.encoder.device)
        for chunk in local:
            assert chunk.embeddings is not None
            embeddings[chunk.rows] = chunk.embeddings.detach()
        self.processes.sum(embeddings)
        value, gradient = self._loss(loss, embeddings[:count], embeddings[count:] if fixed is None else fixed)
        if np.isfinite(value.loss):
            self._backward(local, kept, gradient)
            self.processes.sum_gradients(self.encoder.model)
        return value

    def _loss(self, loss: Loss, queries: torch.Tensor, texts: torch.Tensor) -> tuple["Value", torch.Tensor]:
        """Return the loss and its gradient [queries + texts, d], term by term."""
        leaves = [vectors.detach().requires_grad_() for vectors in (queries, texts)]
        value, parts = 0.0, dict[str, float]()
        for term, term_parts in loss(*leaves):
            term.backward()
            value += float(term.detach())
            for name, part in term_parts.items():
                parts[name] = parts.get(name, 0.0) + part
        gradients = [torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for leaf in leaves]
        return Value(value, parts), torch.cat(gradients)

    def _chunks(self, kind: Kind, tokens: Tokens, positions: np.ndarray, first_row: int) -> list[Chunk]:
        assert self.bytes_per_token is not None
        lengths = tokens.lengths[positions]
        largest = CPU_CHUNK if self.encoder.device.type == "cpu" else self.encoder.token_budget
        budget = min(largest, self.encoder.token_budget, int(self.memory / self.bytes_per_token))
        return [
            Chunk(kind, tokens, positions[part], torch.from_numpy(part + first_row).to(self.encoder.device))
            for part in chunks(lengths, budget)
        ]

    def _forward(self, local: list[Chunk], memory: float) -> int:
        """Compute the embeddings of all chunks; return how many of them, from the first on, keep their activations.

        These take at most ``memory`` bytes.
        """
        assert self.bytes_per_token is not None
        kept, tokens = 0, 0
        for chunk in local:
            tokens += padded(chunk)
            if tokens * self.bytes_per_token > memory:
                break
            kept += 1
        # Two contexts, since autocast would otherwise reuse weights that it has cast without their gradients.
        with self.encoder.autocast():
            for chunk in local[:kept]:
                chunk.embeddings = self._embed(chunk)
        with self.encoder.autocast(), torch.no_grad():
            for chunk in local[kept:]:
                chunk.random = random_state(self.encoder.device)
                chunk.embeddings = self._embed(chunk)
        self.recomputed += sum(padded(chunk) for chunk in local[kept:])
        return kept

    def _embed(self, chunk: Chunk) -> torch.Tensor:
        return self.encoder.forward(chunk.tokens, chunk.positions, chunk.kind)["sentence_embedding"]

    def _backward(self, local: list[Chunk], kept: int, gradient: torch.Tensor) -> None:
        for number, chunk in enumerate(local):
            if number >= kept:
                with restored(chunk.random, self.encoder.device), self.encoder.autocast():
                    chunk.embeddings = self._embed(chunk)
            assert chunk.embeddings is not None
            chunk.embeddings.backward(gradient[chunk.rows])
            chunk.embeddings = None  # frees its activations before the next chunk is computed

    def _measure_memory(self, tokens: Tokens) -> float:
        """Return the bytes of activations per token of the longest text, where attention needs the most."""
        before = random_state(self.encoder.device)
        with restored(before, self.encoder.device), self.encoder.autocast():
            # What both texts keep are the weights, also those cast to bf16: they are kept once for all chunks.
            weights = self._kept(tokens, int(tokens.lengths.argmin()))
            longest = int(tokens.lengths.argmax())
            kept = self._kept(tokens, longest)
        return sum(storage.nbytes() for address, storage in kept.items() if address not in weights) / len(
            tokens[longest]
        )

    def _kept(self, tokens: Tokens, text: int) -> dict[int, torch.UntypedStorage]:
        """Return the storages that one text keeps for the backward pass, by address; none is freed while they are held."""
        storages: dict[int, torch.UntypedStorage] = {}

        def pack(tensor: torch.Tensor) -> torch.Tensor:
            storage = tensor.untyped_storage()
            storages[storage.data_ptr()] = storage
            return tensor

        with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
            self.encoder.forward(tokens, np.array([text]), "document")
        return storages


@dataclass(frozen=True)
class Value:
    """The loss of a step, and its parts by name."""

    loss: float
    parts: dict[str, float]


def padded(chunk: Chunk) -> int:
    """Return the number of tokens of a chunk, padding included."""
    return len(chunk.positions) * int(chunk.tokens.lengths[chunk.positions].max())


def random_state(device: torch.device) -> tuple[torch.Tensor, ...]:
    """Return the state of the random number generators that dropout uses."""
    cpu = torch.get_rng_state()
    return (cpu, torch.cuda.get_rng_state(device)) if device.type == "cuda" else (cpu,)


def set_random_state(state: tuple[torch.Tensor, ...], device: torch.device) -> None:
    """Set a state that ``random_state`` has returned."""
    torch.set_rng_state(state[0])
    if device.type == "cuda":
        torch.cuda.set_rng_state(state[1], device)


@contextlib.contextmanager
def restored(state: tuple[torch.Tensor, ...], device: torch.device):  # type: ignore[no-untyped-def]
    """Run the block with an earlier state of the random number generators, then restore the present state."""
    present = random_state(device)
    set_random_state(state, device)
    try:
        yield
    finally:
        set_random_state(present, device)
