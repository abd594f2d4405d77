"""Seeded splits of topics and held-out passages. Everything is sorted before it is shuffled."""

import logging
import random
from array import array
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from listill.corpus.source import UNSPLIT, Judgement
from listill.strings import Strings

log = logging.getLogger("listill")

MAX_HELDOUT_SHARE = 0.05


class Component:
    """A connected component: topics that share relevant documents, and these documents."""

    def __init__(self) -> None:
        self.topics: set[str] = set()
        self.documents: set[str] = set()


def components(qrels: Sequence[Judgement], original_of: dict[str, str] | None = None) -> list[Component]:
    """Return the connected components of topics and relevant documents (relevance above 0), in sorted order.

    ``original_of`` maps the doc_id of a duplicate to the first document of its group: duplicates count as one document.
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
            parent[topic] = root(("document", (original_of or {}).get(judgement.doc_id, judgement.doc_id)))
    by_root: dict[tuple[str, str], Component] = defaultdict(Component)
    for node_type, name in sorted(parent):
        component = by_root[root((node_type, name))]
        (component.topics if node_type == "topic" else component.documents).add(name)
    return sorted(by_root.values(), key=lambda component: min(component.topics))


def _cut(sizes: Sequence[int], shares: Sequence[float]) -> list[int]:
    """Return for each of consecutive blocks the share that its middle falls into (``len(shares)``: the rest)."""
    total, before, indices = sum(sizes), 0, []
    for size in sizes:
        middle = (before + size / 2) / total
        indices.append(sum(middle >= sum(shares[: i + 1]) for i in range(len(shares))))
        before += size
    return indices


def split_unsplit(
    qrels: Sequence[Judgement], train: float, dev: float, seed: int, original_of: dict[str, str] | None = None
) -> list[Judgement]:
    """Assign a split to judgements without one; ``train`` and ``dev`` are shares of the relevant documents.

    Whole connected components are assigned, so topics that share a relevant document, directly or through other topics,
    are in the same split.
    """
    parts = components([judgement for judgement in qrels if judgement.split == UNSPLIT], original_of)
    random.Random(seed).shuffle(parts)
    indices = _cut([max(1, len(part.documents)) for part in parts], [train, dev])
    splits = {
        topic: ("train", "dev", "test")[i] for part, i in zip(parts, indices, strict=True) for topic in part.topics
    }
    return [j._replace(split=splits[j.query_id]) if j.split == UNSPLIT else j for j in qrels]


def dev_from_train(qrels: Sequence[Judgement], share: float, seed: int) -> list[Judgement]:
    """Move a share of the train topics to dev, if there are no dev topics; test judgements do not change.

    Topics are drawn individually, because dev represents a published test split, whose topics may share relevant
    documents with train topics. Dev topics without shared documents would select a recipe that does not suit the test
    split.
    """
    if any(judgement.split == "dev" for judgement in qrels):
        return list(qrels)
    topics = sorted({judgement.query_id for judgement in qrels if judgement.split == "train"})
    moved = set(random.Random(seed).sample(topics, round(share * len(topics))))
    return [j._replace(split="dev") if j.split == "train" and j.query_id in moved else j for j in qrels]


def hold_out(
    doc_ids: Strings,
    first: np.ndarray,
    qrels: Sequence[Judgement],
    count: int,
    min_dev_topics: int,
    seed: int,
    blank: np.ndarray | None = None,
) -> dict[str, str]:
    """Choose the passages that are held out from training and return their splits by doc_id.

    The split is ``heldout``; if there are fewer dev topics with a relevant document than ``min_dev_topics`` (or none), as
    many passages have the split ``dev``. Passages are not
    chosen if they are relevant to a human topic, have a duplicate or are ``blank`` (bool [n]: no query can be written for
    them). Each split gets ``count`` passages, but at most 5 % of the corpus (at least one passage). If there are too few
    eligible passages, the splits share them equally. ``first`` is the result of ``duplicates.first_with_same_text``.
    """
    relevant = doc_ids.positions(sorted({judgement.doc_id for judgement in qrels if judgement.relevance > 0}))
    eligible = np.bincount(first, minlength=len(first)) == 1  # neither is a duplicate nor has one
    eligible[relevant[relevant >= 0]] = False
    if blank is not None:
        eligible[blank] = False
    order = doc_ids.order()
    # Not a list: a Python integer takes 40 bytes.
    shuffled = array("q", order[eligible[order]].tobytes())
    random.Random(seed).shuffle(shuffled)
    dev_topics = {judgement.query_id for judgement in qrels if judgement.split == "dev" and judgement.relevance > 0}
    splits = ["heldout"] if len(dev_topics) >= max(1, min_dev_topics) else ["heldout", "dev"]
    if dev_topics and "dev" in splits and count:
        log.info("corpus: there are only %d dev topics, so synthetic dev queries join them", len(dev_topics))
    limit = min(count, max(1, int(MAX_HELDOUT_SHARE * len(doc_ids))))
    each = min(limit, len(shuffled) // len(splits))
    if each < count:
        reason = "5 % of the corpus" if each == limit else "the others are relevant to human topics or have duplicates"
        log.info("corpus: %d passages per held-out split instead of %d: %s", each, count, reason)
    return {doc_ids[i]: split for n, split in enumerate(splits) for i in shuffled[n * each : (n + 1) * each]}
