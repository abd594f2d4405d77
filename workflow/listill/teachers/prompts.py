"""From pairs to tokens: through a prompt, or joined as the tokenizer joins a pair."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from listill.errors import UserError
from listill.teachers.reranker import Reranker

QUERY_SHARE = 0.75  # of the room for both; a query that is longer is cut, so that some of the passage can be read


class Tokens(NamedTuple):
    """A pair as token ids (int32), how many of them stand before and after the passage, and whether it was cut."""

    ids: np.ndarray
    before: int
    after: int
    cut: bool
    types: np.ndarray | None = None


class Prompt:
    """A list of pieces that are tokenised separately, as the models' own code does.

    The end of the passage is cut off where all would be longer than ``max_length``. Queries and passages are always
    plain text: a passage about ``<|im_end|>`` does not end the prompt.
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
        self.room = self.max_length - sum(len(ids) for ids in self.fixed.values())
        if self.room < 2:
            raise UserError(
                f"model {member.model}: its prompt alone has {self.max_length - self.room} tokens; "
                f"set max_length (now {self.max_length}) of this teacher"
            )

    def _tokenise(self, texts: Sequence[str], *, special: bool) -> list[np.ndarray]:
        if not texts:
            return []
        found = self.tokenizer(
            list(texts),
            add_special_tokens=False,
            split_special_tokens=not special,
            truncation=True,
            max_length=self.max_length + 1,  # one more shows that there was more
            return_attention_mask=False,
        )
        return [np.array(ids, dtype=np.int32) for ids in found["input_ids"]]

    def _fill(self, i: int, name: str, texts: Sequence[str]) -> list[np.ndarray]:
        return self._tokenise([self.pieces[i].replace(f"{{{name}}}", text) for text in texts], special=False)

    def tokens(self, queries: list[str], texts: list[str], query: np.ndarray, text: np.ndarray) -> list[Tokens]:
        """Return the tokens of pairs (``queries[query[p]]``, ``texts[text[p]]``); each text is tokenised once."""
        longest = int(self.room * QUERY_SHARE)
        query_pieces = self._fill(self.query, "query", queries)
        passage_pieces = self._fill(self.document, "document", texts)
        heads = [
            np.concatenate([ids[:longest] if i == self.query else self.fixed[i] for i in range(self.document)])
            for ids in query_pieces
        ]
        empty = [np.empty(0, dtype=np.int32)]
        tail = np.concatenate(empty + [self.fixed[i] for i in range(self.document + 1, len(self.pieces))])
        pairs = []
        for q, t in zip(query.tolist(), text.tolist(), strict=True):
            room = self.max_length - len(heads[q]) - len(tail)
            ids = np.concatenate([heads[q], passage_pieces[t][:room], tail])
            pairs.append(Tokens(ids, len(heads[q]), len(tail), len(passage_pieces[t]) > room))
        return pairs


class Pair:
    """The tokenizer's own way to join two texts, with its separators and token types."""

    def __init__(self, member: Reranker, tokenizer: Any) -> None:
        self.tokenizer, self.max_length = tokenizer, member.max_length
        if tokenizer.sep_token is None:
            raise UserError(
                f"model {member.model}: its tokenizer has no separator for query and passage; "
                "say with prompt of this teacher how the model was trained to see them"
            )
        self.types = "token_type_ids" in tokenizer.model_input_names

    def tokens(self, queries: list[str], texts: list[str], query: np.ndarray, text: np.ndarray) -> list[Tokens]:
        """Return the tokens of pairs (``queries[query[p]]``, ``texts[text[p]]``)."""
        if not len(query):
            return []
        found = self.tokenizer(
            [queries[q] for q in query.tolist()],
            [texts[t] for t in text.tolist()],
            truncation=True,
            max_length=self.max_length,
        )
        return [
            Tokens(
                np.array(one.ids, dtype=np.int32),
                0,
                0,
                bool(one.overflowing),
                np.array(one.type_ids, dtype=np.int32) if self.types else None,
            )
            for one in found.encodings
        ]
