"""The requests to a language model: their prompts, order and seeds."""

import hashlib
import random
from dataclasses import dataclass

from listill import tables
from listill.corpus.collection import Collection
from listill.queries.query_types import ResolvedType

LABEL = "Answer:"
# A text is truncated at a blank that is not further from the limit; some scripts have no blanks between words.
LONGEST_WORD = 100


@dataclass(frozen=True)
class Request:
    """One request for a query. ``prompt`` is the digest of the prefix that all requests of its type share."""

    query_id: str
    doc_id: str
    type: str
    prompt: str
    seed: int
    text: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation: a single user message, because not every chat template supports a system message."""
        return [{"role": "user", "content": self.text}]


def cut(text: str, characters: int) -> str:
    """Return the text truncated to ``characters``, between words if a blank is near the end."""
    if len(text) <= characters:
        return text
    head = text[: characters + 1]
    blank = head.rfind(" ")
    return (head[:blank] if head[:blank].strip() and blank > characters - LONGEST_WORD else head[:characters]).strip()


def one_line(text: str) -> str:
    """Return the text with single spaces instead of line ends and other whitespace."""
    return " ".join(text.split())


def label_of(query_type: ResolvedType, chat: bool) -> str:
    """Return what stands before the query, in the examples and at the end of the prompt."""
    return LABEL if chat else query_type.label


def prefix(query_type: ResolvedType, chat: bool = True) -> str:
    """Return the start of all requests of a type, before the passage; a prefix cache computes it only once."""
    return _instructions(query_type) if chat else _pattern(query_type)


def _pattern(query_type: ResolvedType) -> str:
    """Return the examples in the pattern that a model continues."""
    pairs = [(one_line(example.passage), one_line(example.query)) for example in query_type.examples]
    return "".join(f"Passage: {passage}\n{query_type.label} {query}\n\n" for passage, query in pairs) + "Passage: "


def _instructions(query_type: ResolvedType) -> str:
    """Return the instruction and the examples, as a message to a model that follows instructions."""
    limit = f"Write at most {query_type.words} words, on one line, and nothing else."
    shown = [f"Passage:\n{example.passage.strip()}\n{LABEL} {example.query.strip()}" for example in query_type.examples]
    return "\n\n".join([f"{query_type.instruction} {limit}", *shown, "Passage:\n"])


def seed_of(seed: int, doc_id: str, type_name: str, n: int) -> int:
    """Return the seed (31 bits) of query ``n``, which does not depend on any other request or on the order."""
    return int(hashlib.sha256(f"{seed}:{doc_id}:{type_name}:{n}".encode()).hexdigest(), 16) % 2**31


def count(seed: int, doc_id: str, query_type: ResolvedType) -> int:
    """Return the number of queries of a type for a passage.

    It is the weight of the type; the fractional part of the weight is the probability of one more query.
    """
    whole, fraction = divmod(query_type.weight, 1)
    return int(whole) + (random.Random(f"{seed}:{doc_id}:{query_type.name}:count").random() < fraction)


def requests(
    query_types: list[ResolvedType],
    collection: Collection,
    passages: list[int],
    seed: int,
    characters: int,
    chat: bool = True,
) -> list[Request]:
    """Return all requests, type by type, so that a prefix cache holds one prefix at a time; then by passage."""
    result = []
    for query_type in query_types:
        start, label = prefix(query_type, chat), label_of(query_type, chat)
        digest = tables.digest(start)
        for i in passages:
            doc_id = collection.doc_ids[i]
            passage = collection.rendered(i) if chat else one_line(collection.rendered(i))
            text = f"{start}{cut(passage, characters)}\n{label}"
            for n in range(count(seed, doc_id, query_type)):
                query_id = f"{doc_id}:{query_type.name}:{n}"
                request_seed = seed_of(seed, doc_id, query_type.name, n)
                result.append(Request(query_id, doc_id, query_type.name, digest, request_seed, text))
    return result


def share(all_requests: list[Request], shard: int, shards: int) -> list[Request]:
    """Return part ``shard`` (from 1) of ``shards`` parts of equal size; joined in order, the parts are all requests."""
    total = len(all_requests)
    return all_requests[total * (shard - 1) // shards : total * shard // shards]
