"""Seeded splits of topics and held-out passages."""

import random
from collections import Counter

import numpy as np
import pytest

from listill.corpus.source import Judgement
from listill.corpus.splits import components, dev_from_train, hold_out, split_unsplit
from listill.strings import Strings


def qrels(*rows: tuple[str, str], split: str = "", relevance: int = 1) -> list[Judgement]:
    return [Judgement(query, doc, relevance, split) for query, doc in rows]


MANY = qrels(*((f"q{i}", f"d{i // 2}") for i in range(400)))  # two topics per document


def splits_of(judgements: list[Judgement]) -> dict[str, str]:
    return {judgement.query_id: judgement.split for judgement in judgements}


def test_components_go_through_shared_documents() -> None:
    linked = qrels(("q1", "a"), ("q2", "a"), ("q2", "b"), ("q3", "b"), ("q4", "c")) + qrels(("q4", "a"), relevance=0)
    assert [(c.topics, c.documents) for c in components(linked)] == [
        ({"q1", "q2", "q3"}, {"a", "b"}),
        ({"q4"}, {"c"}),
    ]
    assert len(components(linked, {"c": "a"})) == 1  # c is a duplicate of a


def test_shares_of_relevant_documents() -> None:
    split = splits_of(split_unsplit(MANY, 0.3, 0.15, seed=1))
    assert Counter(split.values()) == {"train": 120, "dev": 60, "test": 220}
    assert all(split[f"q{2 * i}"] == split[f"q{2 * i + 1}"] for i in range(200))


def test_the_seed_decides_and_the_order_does_not() -> None:
    shuffled = random.Random(0).sample(MANY, len(MANY))
    first = splits_of(split_unsplit(MANY, 0.3, 0.15, seed=1))
    assert splits_of(split_unsplit(shuffled, 0.3, 0.15, seed=1)) == first
    assert splits_of(split_unsplit(MANY, 0.3, 0.15, seed=2)) != first


def test_published_splits_do_not_change() -> None:
    published = qrels(("p", "d0"), split="test")
    assert split_unsplit([*MANY, *published], 1.0, 0.0, seed=1)[-1] == published[0]


def test_dev_topics_are_taken_from_train_if_there_are_none() -> None:
    train = [judgement._replace(split="train") for judgement in MANY]
    test = qrels(("t", "d0"), ("u", "x"), split="test")
    judgements = dev_from_train([*train, *test], 0.2, seed=1)
    split = splits_of(judgements)
    assert Counter(split.values()) == {"train": 320, "dev": 80, "test": 2}
    assert judgements[-2:] == test
    # Topics are drawn individually: for about a fifth of the dev topics, the topic that shares their document is in
    # dev, too.
    assert sum(split[f"q{2 * i}"] == split[f"q{2 * i + 1}"] == "dev" for i in range(200)) < 20
    assert splits_of(dev_from_train(random.Random(0).sample(train, 400), 0.2, seed=1)) == splits_of(judgements[:-2])
    assert dev_from_train([*train, *qrels(("v", "y"), split="dev")], 0.2, seed=1)[0].split == "train"
    assert Counter(splits_of(dev_from_train(train, 0.0, seed=1)).values()) == {"train": 400}
    assert dev_from_train(test, 0.2, seed=1) == test


def documents(count: int) -> tuple[Strings, np.ndarray]:
    """Return the ids of documents, and the first document with the text of each: no two have the same."""
    return Strings.of(f"d{i}" for i in range(count)), np.arange(count)


def test_held_out_passages() -> None:
    doc_ids, first = documents(400)
    first[399] = 398
    human = qrels(*((f"q{i}", f"d{i}") for i in range(300)), split="dev") + qrels(
        ("q", "d397"), split="test", relevance=0
    )
    chosen = hold_out(doc_ids, first, human, count=100, min_dev_topics=1, seed=3)
    assert Counter(chosen.values()) == {"heldout": 20}  # 5 % of 400
    assert set(chosen) <= {f"d{i}" for i in range(300, 398)}
    assert chosen == hold_out(doc_ids, first, human, count=100, min_dev_topics=1, seed=3)
    assert chosen != hold_out(doc_ids, first, human, count=100, min_dev_topics=1, seed=4)
    without_dev = [judgement._replace(split="test") for judgement in human]
    assert Counter(hold_out(doc_ids, first, without_dev, count=7, min_dev_topics=1, seed=3).values()) == {
        "heldout": 7,
        "dev": 7,
    }


@pytest.mark.parametrize(
    ("count", "free", "expected"), [(0, 10, 0), (1, 10, 2), (100, 10, 2), (100, 3, 2), (100, 1, 0)]
)
def test_held_out_passages_of_small_corpora(count: int, free: int, expected: int) -> None:
    human = qrels(*((f"q{i}", f"d{i}") for i in range(10 - free)), split="test")
    assert len(hold_out(*documents(10), human, count, min_dev_topics=0, seed=0)) == expected


@pytest.mark.parametrize(("dev_topics", "expected"), [(0, 4), (1, 4), (29, 4), (30, 0)])
def test_a_few_dev_topics_do_not_replace_held_out_dev_passages(dev_topics: int, expected: int) -> None:
    """One dev topic used to be enough, so that it alone decided which weights were kept."""
    human = qrels(*((f"q{i}", f"d{i}") for i in range(dev_topics)), split="dev")
    human += qrels(("q99", "d99"), split="dev", relevance=0)  # without a relevant document
    chosen = hold_out(*documents(100), human, count=4, min_dev_topics=30, seed=0)
    assert Counter(chosen.values())["dev"] == expected
