"""Score pairs with a reranker: the pairs of all queries are sorted by length and batched with a token budget.

Scoring one query at a time would pad every passage to the longest passage of its query and leave the device idle
between queries. With batches of similar lengths, padding is a few per cent. A batch that does not fit into memory is
halved, and the remaining pairs are scored with the smaller size.
"""

import contextlib
import itertools
import logging
from collections.abc import Generator, Iterable, Iterator

import numpy as np
import torch

from listill.ahead import ahead
from listill.errors import UserError
from listill.models import checkpoint
from listill.models.readable import readable
from listill.progress import Progress
from listill.teachers.pairs import Pairs
from listill.teachers.prompts import PairTokenizer, PairTokens, PromptTokenizer
from listill.teachers.reranker import Reranker

# Number of pairs whose tokens are sorted at a time (at most 130 MB for 512 tokens each). Two windows are in memory.
WINDOW = 65_536
# Maximum number of tokens in a batch, including padding.
BUDGET = {"cpu": 4096, "cuda": 65_536}
# Number of pairs that are tokenised at a time. The tokenizer's output needs many times the memory of the token ids.
TOKENISER_BATCH = 1024

Batch = dict[str, torch.Tensor]
log = logging.getLogger("listill")


class Scorer:
    """A reranker loaded into memory. The ``forward`` of its settings computes the scores of a batch."""

    def __init__(self, member: Reranker) -> None:
        self.member = member
        loaded = checkpoint.load(member)
        self.model, self.tokenizer = loaded.model, loaded.tokenizer
        self.device, self.bf16 = loaded.device, loaded.bf16
        self.tokenizer.truncation_side = "right"
        self.budget = BUDGET[self.device.type]
        self.pad = self.tokenizer.pad_token_id
        with readable(member.model):
            self.pair_tokenizer = (
                PromptTokenizer(member, self.tokenizer) if member.prompt else PairTokenizer(member, self.tokenizer)
            )
            member.prepare(self)

    def score(self, pairs: Pairs) -> np.ndarray:
        """Return the raw scores [pairs] in float32.

        They depend on which pairs share a batch only by rounding, except for quantised ONNX files (see ``OnnxModel``).
        """
        (scores,) = self.score_parts([pairs])
        return scores

    def score_parts(self, parts: Iterable[Pairs]) -> Generator[np.ndarray, None, None]:
        """Yield the raw scores of each part; the next window of pairs is tokenised while the model scores the last one."""
        parts, of_windows = itertools.tee(parts)
        windows = ((pairs, window) for pairs in of_windows for window in _windows(pairs))
        with contextlib.closing(ahead(lambda one: self._tokens(*one), windows)) as tokenised:
            for pairs in parts:
                yield self._score(pairs, tokenised)

    def _score(self, pairs: Pairs, tokenised: Iterator[list[PairTokens]]) -> np.ndarray:
        """Return the scores of a part; the next ones in ``tokenised`` are the tokens of its windows."""
        scores = np.empty(len(pairs), dtype=np.float32)
        truncated = 0
        with Progress(len(pairs), f"teacher {self.member.model}", "pairs") as progress, torch.inference_mode():
            for window in _windows(pairs):
                tokens = next(tokenised)
                truncated += sum(pair.cut for pair in tokens)
                for positions, batch_scores in self._batches(tokens, progress):
                    scores[window[positions]] = batch_scores
                    self._check(batch_scores, window[positions], pairs)
        if truncated:
            log.info(
                "teacher %s: %.1f %% of the pairs are longer than max_length (%d) and were truncated",
                self.member.model,
                100 * truncated / len(pairs),
                self.member.max_length,
            )
        return scores

    def _tokens(self, pairs: Pairs, window: np.ndarray) -> list[PairTokens]:
        tokens = []
        for start in range(0, len(window), TOKENISER_BATCH):
            batch = window[start : start + TOKENISER_BATCH]
            query_positions, query = np.unique(pairs.query[batch], return_inverse=True)
            text_positions, text = np.unique(pairs.text[batch], return_inverse=True)
            query_texts = [pairs.queries[q] for q in query_positions]
            tokens += self.pair_tokenizer.tokens(query_texts, pairs.texts(text_positions), query, text)
        return tokens

    def _batches(self, tokens: list[PairTokens], progress: Progress) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yield (positions, scores) of batches, longest first.

        The scores of a batch are copied to the CPU after the next batch has been submitted.
        """
        lengths = np.array([len(pair.ids) for pair in tokens])
        order, start = np.argsort(-lengths, kind="stable"), 0
        previous: tuple[np.ndarray, torch.Tensor] | None = None
        while start < len(order):
            longest = max(1, int(lengths[order[start]]))
            positions = order[start : start + max(1, self.budget // longest)]
            scores = self._try([tokens[i] for i in positions])
            if scores is None:
                self._shrink(len(positions), longest)
                continue
            if previous is not None:
                yield previous[0], previous[1].float().cpu().numpy()
            previous = positions, scores
            start += len(positions)
            progress.add(len(positions))
        if previous is not None:
            yield previous[0], previous[1].float().cpu().numpy()

    def _try(self, tokens: list[PairTokens]) -> torch.Tensor | None:
        """Return the scores of a batch, or None if memory is exhausted.

        The exception does not leave this method, since it holds references to tensors, which must be freed.
        """
        try:
            return self.member.forward(self, self._padded(tokens), tokens)
        except torch.OutOfMemoryError:
            return None

    def _shrink(self, pairs: int, longest: int) -> None:
        if pairs == 1:
            raise UserError(
                f"model {self.member.model}: out of memory with a single pair of {longest} tokens; reduce "
                "max_length of this teacher, or use a smaller model"
            )
        self.budget = pairs // 2 * longest
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        log.info("teacher %s: out of memory; continuing with %d tokens per batch", self.member.model, self.budget)

    def _padded(self, tokens: list[PairTokens]) -> Batch:
        """Return a batch padded on the right; on a GPU, to a multiple of 8 for the sake of its kernels."""
        longest = max(len(pair.ids) for pair in tokens)
        if self.tokenizer.pad_token_id is None:
            self.pad = _unused_at_the_end(tokens)
        if self.device.type == "cuda":
            longest = min(-(-longest // 8) * 8, self.member.max_length)
        ids = np.full((len(tokens), longest), self.pad, dtype=np.int64)
        mask = np.zeros_like(ids)
        types = np.zeros_like(ids)
        for row, pair in enumerate(tokens):
            ids[row, : len(pair.ids)] = pair.ids
            mask[row, : len(pair.ids)] = 1
            if pair.types is not None:
                types[row, : len(pair.ids)] = pair.types
        batch = {"input_ids": ids, "attention_mask": mask}
        if tokens[0].types is not None:
            batch["token_type_ids"] = types
        return {name: torch.from_numpy(value).to(self.device, non_blocking=True) for name, value in batch.items()}

    def _check(self, scores: np.ndarray, positions: np.ndarray, pairs: Pairs) -> None:
        if np.isfinite(scores).all():
            return
        fix = "set precision: fp32" if self.bf16 else "the model is broken; use another one"
        pair = pairs.describe(int(positions[~np.isfinite(scores)][0]))
        raise UserError(f"model {self.member.model}: its score of {pair} is not a number: {fix}")


def _windows(pairs: Pairs) -> list[np.ndarray]:
    """Return the positions of the pairs in windows."""
    return [np.arange(start, min(start + WINDOW, len(pairs))) for start in range(0, len(pairs), WINDOW)]


def _unused_at_the_end(tokens: list[PairTokens]) -> int:
    """Return a token that ends none of the pairs, to pad them with, if the tokenizer has no token for padding.

    Padding is masked, so any token works, but a decoder with a classification head takes the last other token as the end.
    """
    ends = {int(pair.ids[-1]) for pair in tokens if len(pair.ids)}
    return next(i for i in range(len(ends) + 1) if i not in ends)
