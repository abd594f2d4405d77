"""How rerankers score: the pairs of all queries, sorted by length, in batches with a budget of tokens.

Scoring one query at a time pads every passage to the longest of its query and leaves the device waiting; here padding is a
few per cent. A batch that does not fit into memory is halved, and the rest is scored with the smaller size.
"""

import logging
from collections.abc import Iterator

import numpy as np
import torch

from listill.errors import UserError
from listill.models import checkpoint
from listill.progress import Progress
from listill.teachers.pairs import Pairs
from listill.teachers.prompts import Pair, Prompt, Tokens
from listill.teachers.reranker import Reranker

# Pairs whose tokens are held and sorted at a time (at most 130 MB of 512 tokens each).
WINDOW = 65_536
# Tokens of a batch, padding included.
BUDGET = {"cpu": 4096, "cuda": 65_536}
TOKENISER_BATCH = 1024  # pairs that are tokenised at a time; the tokenizer's own bookkeeping is many times the ids

Batch = dict[str, torch.Tensor]
log = logging.getLogger("listill")


class Scorer:
    """A reranker in memory. What a batch goes through is its member's ``forward``."""

    def __init__(self, member: Reranker) -> None:
        self.member = member
        loaded = checkpoint.load(member)
        self.model, self.tokenizer = loaded.model, loaded.tokenizer
        self.device, self.bf16 = loaded.device, loaded.bf16
        self.tokenizer.truncation_side = "right"
        self.reader = Prompt(member, self.tokenizer) if member.prompt else Pair(member, self.tokenizer)
        self.budget = BUDGET[self.device.type]
        self.pad = self.tokenizer.pad_token_id or 0  # any token will do: padding is masked
        member.prepare(self)

    def score(self, pairs: Pairs) -> np.ndarray:
        """Return the raw scores [pairs] in float32; which pairs share a batch does not matter to them."""
        scores = np.empty(len(pairs), dtype=np.float32)
        cut = 0
        with Progress(len(pairs), f"teacher {self.member.model}", "pairs") as progress, torch.inference_mode():
            for start in range(0, len(pairs), WINDOW):
                chosen = np.arange(start, min(start + WINDOW, len(pairs)))
                tokens = self._tokens(pairs, chosen)
                cut += sum(one.cut for one in tokens)
                for places, values in self._batches(tokens, progress):
                    scores[chosen[places]] = values
                    self._check(values, chosen[places], pairs)
        if cut:
            log.info(
                "%.1f %% of the pairs are longer than max_length %d", 100 * cut / len(pairs), self.member.max_length
            )
        return scores

    def _tokens(self, pairs: Pairs, chosen: np.ndarray) -> list[Tokens]:
        tokens = []
        for start in range(0, len(chosen), TOKENISER_BATCH):
            some = chosen[start : start + TOKENISER_BATCH]
            queries, query = np.unique(pairs.query[some], return_inverse=True)
            units, text = np.unique(pairs.text[some], return_inverse=True)
            tokens += self.reader.tokens([pairs.queries[q] for q in queries], pairs.texts(units), query, text)
        return tokens

    def _batches(self, tokens: list[Tokens], progress: Progress) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (places, scores) of batches, longest first; the scores of one are fetched while the next is computed."""
        lengths = np.array([len(one.ids) for one in tokens])
        order, start = np.argsort(-lengths, kind="stable"), 0
        waiting: tuple[np.ndarray, torch.Tensor] | None = None
        while start < len(order):
            longest = max(1, int(lengths[order[start]]))
            places = order[start : start + max(1, self.budget // longest)]
            values = self._try([tokens[i] for i in places])
            if values is None:
                self._shrink(len(places), longest)
                continue
            if waiting is not None:
                yield waiting[0], waiting[1].float().cpu().numpy()
            waiting = places, values
            start += len(places)
            progress.add(len(places))
        if waiting is not None:
            yield waiting[0], waiting[1].float().cpu().numpy()

    def _try(self, tokens: list[Tokens]) -> torch.Tensor | None:
        """Return the scores of a batch, or None if memory is short: the error must be gone, since it holds tensors."""
        try:
            return self.member.forward(self, self._padded(tokens), tokens)
        except torch.OutOfMemoryError:
            return None

    def _shrink(self, pairs: int, longest: int) -> None:
        if pairs == 1:
            raise UserError(
                f"model {self.member.model}: out of memory with a single pair of {longest} tokens; set a smaller max_length "
                "of this teacher, or take a smaller model"
            )
        self.budget = pairs // 2 * longest
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        log.info("teacher %s: out of memory; goes on with %d tokens a batch", self.member.model, self.budget)

    def _padded(self, tokens: list[Tokens]) -> Batch:
        """Return a batch padded on the right; on a GPU to a multiple of 8, which its kernels want."""
        longest = max(len(one.ids) for one in tokens)
        if self.device.type == "cuda":
            longest = min(-(-longest // 8) * 8, self.member.max_length)
        ids = np.full((len(tokens), longest), self.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for row, one in enumerate(tokens):
            ids[row, : len(one.ids)] = one.ids
            mask[row, : len(one.ids)] = 1
            if one.types is not None:
                types[row, : len(one.ids)] = one.types
        batch = {"input_ids": ids, "attention_mask": mask}
        if tokens[0].types is not None:
            batch["token_type_ids"] = types
        return {name: torch.from_numpy(value).to(self.device, non_blocking=True) for name, value in batch.items()}

    def _check(self, values: np.ndarray, places: np.ndarray, pairs: Pairs) -> None:
        if np.isfinite(values).all():
            return
        remedy = "set precision: fp32" if self.bf16 else "the model is broken"
        where = pairs.name(int(places[~np.isfinite(values)][0]))
        raise UserError(f"model {self.member.model}: its score of {where} is not a number: {remedy}")
