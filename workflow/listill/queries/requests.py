"""What a language model is asked: the prompts, their order and their seeds."""

import hashlib
import random
from dataclasses import dataclass

from listill import tables
from listill.corpus.collection import Collection
from listill.queries.query_types import Wanted

LABEL = "Answer:"


@dataclass(frozen=True)
class Request:
    """One query that is asked for. ``prompt`` is the digest of all that the requests of its type have in common."""

    query_id: str
    doc_id: str
    type: str
    prompt: str
    seed: int
    text: str

    @property
    def messages(self) -> list[dict[str, str]]:
        """The conversation. One message of the user's, since not every chat template takes a system message."""
        return [{"role": "user", "content": self.text}]


def cut(text: str, characters: int) -> str:
    """Return the text, cut before the last word that would end beyond ``characters``."""
    if len(text) <= characters:
        return text
    head = text[: characters + 1]
    return (head[: head.rfind(" ")] if " " in head.strip() else head[:characters]).strip()


def prefix(kind: Wanted) -> str:
    """Return what all requests of a type begin with: a prefix cache computes it once. The passage comes after it."""
    limit = f"Write at most {kind.words} words, on one line, and nothing else."
    shown = [f"Passage:\n{example.passage.strip()}\n{LABEL} {example.query.strip()}" for example in kind.examples]
    return "\n\n".join([f"{kind.instruction} {limit}", *shown, "Passage:\n"])


def seed_of(seed: int, doc_id: str, kind: str, n: int) -> int:
    """Return the seed (31 bits) of query ``n``: the same whatever else is asked for, and in whatever order."""
    return int(hashlib.sha256(f"{seed}:{doc_id}:{kind}:{n}".encode()).hexdigest(), 16) % 2**31


def count(seed: int, doc_id: str, kind: Wanted) -> int:
    """Return how many queries of a type a passage gets: its weight, a fraction of one being a chance of one more."""
    whole, rest = divmod(kind.weight, 1)
    return int(whole) + (random.Random(f"{seed}:{doc_id}:{kind.name}:count").random() < rest)


def requests(
    kinds: list[Wanted], collection: Collection, passages: list[int], seed: int, characters: int
) -> list[Request]:
    """Return all requests: type by type, so that one prefix at a time is in the cache, and passages in their order."""
    found = []
    for kind in kinds:
        start = prefix(kind)
        digest = tables.digest(start)
        for i in passages:
            doc_id = collection.doc_ids[i]
            text = f"{start}{cut(collection.rendered(i), characters)}\n{LABEL}"
            for n in range(count(seed, doc_id, kind)):
                name = f"{doc_id}:{kind.name}:{n}"
                found.append(Request(name, doc_id, kind.name, digest, seed_of(seed, doc_id, kind.name, n), text))
    return found


def share(asked: list[Request], shard: int, shards: int) -> list[Request]:
    """Return part ``shard`` (from 1) of ``shards`` parts of equal size; put together they are all, in the same order."""
    return asked[len(asked) * (shard - 1) // shards : len(asked) * shard // shards]
