"""Seeded splits of topics, and of passages that are held out. Everything is sorted before it is shuffled."""

import logging
import random
from collections import defaultdict
from collections.abc import Collection, Sequence

from listill.corpus.source import UNSPLIT, Document, Judgement

log = logging.getLogger("listill")

MAX_HELDOUT_SHARE = 0.05


class Component:
    """Topics that belong together, and their relevant documents."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.documents: set[str] = set()


def components(qrels: Sequence[Judgement], same: dict[str, str] | None = None) -> list[Component]:
    """Return the connected components of topics and relevant documents (relevance above 0), in sorted order.

    ``same`` maps the doc_id of a duplicate to that of its group's first: twins are one document.
    """
    parent: dict[tuple[str, str], tuple[str, str]] = {}

    def root(node: tuple[str, str]) -> tuple[str, str]:
        parent.setdefault(node, node)
        while parent[node] != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for judgement in qrels:
        topic = root(("topic", judgement.query_id))
        if judgement.relevance > 0:
            parent[topic] = root(("document", (same or {}).get(judgement.doc_id, judgement.doc_id)))
    found: dict[tuple[str, str], Component] = defaultdict(Component)
    for kind, name in sorted(parent):
        component = found[root((kind, name))]
        (component.topics if kind == "topic" else component.documents).add(name)
    return sorted(found.values(), key=lambda component: min(component.topics))


def _cut(sizes: Sequence[int], shares: Sequence[float]) -> list[int]:
    """Return for each of a row of blocks the share that its middle falls into (the rest is ``len(shares)``)."""
    total, before, sides = sum(sizes), 0, []
    for size in sizes:
        middle = (before + size / 2) / total
        sides.append(sum(middle >= sum(shares[: i + 1]) for i in range(len(shares))))
        before += size
    return sides


def split_unsplit(
    qrels: Sequence[Judgement], train: float, dev: float, seed: int, same: dict[str, str] | None = None
) -> list[Judgement]:
    """Give the judgements without a split one; ``train`` and ``dev`` are shares of the relevant documents.

    Topics that share a relevant document fall on one side, directly or through others: what is split are the components.
    """
    parts = components([judgement for judgement in qrels if judgement.split == UNSPLIT], same)
    random.Random(seed).shuffle(parts)
    sides = _cut([max(1, len(part.documents)) for part in parts], [train, dev])
    side = {topic: ("train", "dev", "test")[i] for part, i in zip(parts, sides, strict=True) for topic in part.topics}
    return [j._replace(split=side[j.query_id]) if j.split == UNSPLIT else j for j in qrels]


def dev_from_train(qrels: Sequence[Judgement], share: float, seed: int) -> list[Judgement]:
    """Make a share of the train topics dev topics, where there are none; judgements of test stay as they are.

    Topics are drawn one by one: dev stands in for a published test split, whose topics share relevant documents with train
    topics as they come. Dev topics without such documents would choose another recipe than test needs.
    """
    if any(judgement.split == "dev" for judgement in qrels):
        return list(qrels)
    topics = sorted({judgement.query_id for judgement in qrels if judgement.split == "train"})
    moved = set(random.Random(seed).sample(topics, round(share * len(topics))))
    return [j._replace(split="dev") if j.split == "train" and j.query_id in moved else j for j in qrels]


def hold_out(
    documents: Sequence[Document],
    twins: Sequence[str | None],
    qrels: Sequence[Judgement],
    count: int,
    seed: int,
    blank: Collection[str] = (),
) -> dict[str, str]:
    """Choose passages that never train: doc_id to split, ``heldout`` and, if there are no dev topics, as many ``dev``.

    None is relevant to a human topic, has a duplicate or is ``blank`` (nothing can be asked about it). Each split has
    ``count`` of them, but no more than 5 % of the corpus (at least one) and, where there are too few to choose from, half
    of those each.
    """
    relevant = {judgement.doc_id for judgement in qrels if judgement.relevance > 0}
    taken = relevant | set(blank) | {twin for twin in twins if twin is not None}
    free = sorted(
        document.doc_id
        for document, twin in zip(documents, twins, strict=True)
        if twin is None and document.doc_id not in taken
    )
    random.Random(seed).shuffle(free)
    splits = ["heldout"] if any(judgement.split == "dev" for judgement in qrels) else ["heldout", "dev"]
    wanted = min(count, max(1, int(MAX_HELDOUT_SHARE * len(documents))))
    each = min(wanted, len(free) // len(splits))
    if each < count:
        reason = "5 % of the corpus" if each == wanted else "the rest is relevant to human topics or has duplicates"
        log.info("corpus: %d passages of each held-out split rather than %d: %s", each, count, reason)
    return {doc_id: split for i, split in enumerate(splits) for doc_id in free[i * each : (i + 1) * each]}
