"""Tokenise pairs of a query and a passage, with a prompt or with the tokenizer's own format for pairs."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from listill.errors import UserError
from listill.models.beginning import beginning
from listill.teachers.reranker import Reranker

# Maximum share of a query in the tokens available for query and passage. A longer query is truncated, so that a part of
# the passage always fits.
QUERY_SHARE = 0.75


class PairTokens(NamedTuple):
    """The token ids (int32) and token types of a pair.

    ``before`` and ``after`` are the numbers of tokens before and after the passage; ``cut`` tells whether the passage
    was truncated.
    """

    ids: np.ndarray
    before: int
    after: int
    cut: bool
    types: np.ndarray | None = None


class PromptTokenizer:
    """Tokenises pairs with a prompt, whose pieces are tokenised separately, as in the models' own code.

    If a pair is longer than ``max_length``, the passage is truncated at its end. Special tokens in queries and passages
    are treated as plain text: a passage with ``<|im_end|>`` does not end the prompt.
    """

    def __init__(self, member: Reranker, tokenizer: Any) -> None:
        self.tokenizer, self.max_length = tokenizer, member.max_length
        assert member.prompt is not None
        instruction = getattr(member, "instruction", None) or ""
        pieces = [piece.replace("{instruction}", instruction) for piece in member.prompt]
        (self.query,) = [i for i, piece in enumerate(pieces) if "{query}" in piece]
        (self.document,) = [i for i, piece in enumerate(pieces) if "{document}" in piece]
        self.pieces = pieces
        self.fixed = {
            i: self._tokenise([piece], special=True)[0]
            for i, piece in enumerate(pieces)
            if i not in (self.query, self.document)
        }
        self.available = self.max_length - sum(len(ids) for ids in self.fixed.values())
        if self.available < 2:
            raise UserError(
                f"model {member.model}: its prompt alone has {self.max_length - self.available} tokens; "
                f"increase max_length (now {self.max_length}) of this teacher"
            )

    def _tokenise(self, texts: Sequence[str], *, special: bool) -> list[np.ndarray]:
        if not texts:
            return []
        encodings = self.tokenizer(
            [beginning(text, self.max_length + 1, self.tokenizer) for text in texts],
            add_special_tokens=False,
            split_special_tokens=not special,
            truncation=True,
            max_length=self.max_length + 1,  # the additional token shows that the text was longer
            return_attention_mask=False,
        )
        return [np.array(ids, dtype=np.int32) for ids in encodings["input_ids"]]

    def _fill(self, i: int, name: str, texts: Sequence[str]) -> list[np.ndarray]:
        return self._tokenise([self.pieces[i].replace(f"{{{name}}}", text) for text in texts], special=False)

    def tokens(self, queries: list[str], texts: list[str], query: np.ndarray, text: np.ndarray) -> list[PairTokens]:
        """Return the tokens of the pairs (``queries[query[p]]``, ``texts[text[p]]``); each text is tokenised once."""
        query_limit = int(self.available * QUERY_SHARE)
        query_ids = self._fill(self.query, "query", queries)
        passage_ids = self._fill(self.document, "document", texts)
        prefixes = [
            np.concatenate([ids[:query_limit] if i == self.query else self.fixed[i] for i in range(self.document)])
            for ids in query_ids
        ]
        empty = [np.empty(0, dtype=np.int32)]
        suffix = np.concatenate(empty + [self.fixed[i] for i in range(self.document + 1, len(self.pieces))])
        pairs = []
        for q, t in zip(query.tolist(), text.tolist(), strict=True):
            passage_limit = self.max_length - len(prefixes[q]) - len(suffix)
            ids = np.concatenate([prefixes[q], passage_ids[t][:passage_limit], suffix])
            pairs.append(PairTokens(ids, len(prefixes[q]), len(suffix), len(passage_ids[t]) > passage_limit))
        return pairs


class PairTokenizer:
    """Tokenises pairs with the tokenizer's own format for two texts, with its separators and token types."""

    def __init__(self, member: Reranker, tokenizer: Any) -> None:
        self.tokenizer, self.max_length = tokenizer, member.max_length
        if tokenizer.sep_token is None:
            raise UserError(
                f"model {member.model}: its tokenizer has no separator for query and passage; "
                "set prompt of this teacher to the prompt that the model was trained with"
            )
        self.has_types = "token_type_ids" in tokenizer.model_input_names

    def tokens(self, queries: list[str], texts: list[str], query: np.ndarray, text: np.ndarray) -> list[PairTokens]:
        """Return the tokens of the pairs (``queries[query[p]]``, ``texts[text[p]]``)."""
        if not len(query):
            return []
        # Of two texts, the longer one is truncated first, so each may need as many tokens as the pair.
        queries, texts = (
            [beginning(one, self.max_length, self.tokenizer) for one in all_] for all_ in (queries, texts)
        )
        output = self.tokenizer(
            [queries[q] for q in query.tolist()],
            [texts[t] for t in text.tolist()],
            truncation=True,
            max_length=self.max_length,
        )
        return [
            PairTokens(
                np.array(encoding.ids, dtype=np.int32),
                0,
                0,
                bool(encoding.overflowing),
                np.array(encoding.type_ids, dtype=np.int32) if self.has_types else None,
            )
            for encoding in output.encodings
        ]
