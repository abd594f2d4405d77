"""The tokens of documents: how many documents are longer than the limit, and how much of them is cut."""

import logging
from dataclasses import dataclass

import numpy as np

from listill.corpus.collection import Collection
from listill.retrieval.encoder import Encoder
from listill.retrieval.tokens import Tokens

log = logging.getLogger("listill")

# Number of documents that are held as Python strings at a time.
BLOCK = 65_536


@dataclass(frozen=True)
class Truncation:
    """``documents`` of ``of`` texts are truncated; ``tokens_cut`` is the share of all tokens that is cut, 0 to 1."""

    documents: int
    of: int
    tokens_cut: float

    @classmethod
    def at(cls, limit: int, lengths: np.ndarray) -> "Truncation":
        """Return the truncation of texts with these numbers of tokens [n] to ``limit`` tokens."""
        cut = np.maximum(lengths - limit, 0)
        return cls(int((cut > 0).sum()), len(lengths), float(cut.sum() / max(1, lengths.sum())))

    def report(self, stage: str, texts: str, limit: str, fix: str = "") -> None:
        """Log one line if a text is truncated: a warning, with the ``fix``, if more than half of them are."""
        if not self.documents:
            return
        most = self.documents > self.of / 2
        log.log(
            logging.WARNING if most else logging.INFO,
            "%s: %d of %d %s (%.1f %%) are longer than %s and were truncated; %.1f %% of all their tokens are cut%s",
            stage,
            self.documents,
            self.of,
            texts,
            100 * self.documents / self.of,
            limit,
            100 * self.tokens_cut,
            f"; {fix}" if most and fix else "",
        )


def of_documents(encoder: Encoder, texts: list[str], tokens: Tokens) -> Truncation:
    """Return the truncation of documents whose (truncated) ``tokens`` are known."""
    return Truncation.at(encoder.max_length, _whole_lengths(encoder, texts, tokens))


def tokens_of(encoder: Encoder, collection: Collection) -> tuple[Tokens, Truncation]:
    """Return the tokens of all documents, and their truncation; the documents are rendered block by block."""
    blocks, whole = [], []
    for start in range(0, max(1, len(collection)), BLOCK):
        texts = list(collection.all_rendered(start, start + BLOCK))
        blocks.append(encoder.tokenise(texts, "document"))
        whole.append(_whole_lengths(encoder, texts, blocks[-1]))
    starts = np.cumsum([0, *(len(block.ids) for block in blocks)])
    ends = [block.starts[1:] + start for block, start in zip(blocks, starts, strict=False)]
    ids = np.concatenate([block.ids for block in blocks])
    tokens = Tokens(ids, np.concatenate([np.zeros(1, dtype=np.int64), *ends]), blocks[0].suffix)
    return tokens, Truncation.at(encoder.max_length, np.concatenate(whole))


def _whole_lengths(encoder: Encoder, texts: list[str], tokens: Tokens) -> np.ndarray:
    """Return the number of tokens of each text [n] without truncation.

    Only texts that reach the limit are tokenised again.
    """
    lengths = tokens.lengths
    full = np.flatnonzero(lengths >= encoder.max_length)
    lengths[full] = encoder.whole_lengths([texts[i] for i in full], "document")
    return lengths


def cut(tokens: Tokens, encoder: Encoder, limit: int | None, texts: str, key: str) -> Tokens:
    """Return the texts of a training truncated to ``limit``, the value of ``training.<key>``, or else the encoder's."""
    if limit is None:
        return tokens.cut(encoder.max_length)
    Truncation.at(limit, tokens.lengths).report("train", texts, f"training.{key} ({limit})")
    return tokens.cut(limit)
