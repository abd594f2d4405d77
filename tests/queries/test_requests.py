"""What a language model is asked: the same requests in the same order, however the work is divided."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from listill.corpus.collection import Collection
from listill.queries.generators.transformers import Transformers
from listill.queries.query_types import Wanted, wanted
from listill.queries.requests import Request, count, cut, prefix, requests, seed_of, share

SIZE = 40
CORPUS = Collection(
    [f"d{i}" for i in range(SIZE)],
    [f"Title {i}" for i in range(SIZE)],
    [f"Text {i}." for i in range(SIZE)],
    np.arange(SIZE),
)


def kinds(**keys: Any) -> list[Wanted]:
    return wanted(Transformers(kind="transformers", model="m", **keys), seed=3)


def asked(passages: list[int] | None = None, seed: int = 3, **keys: Any) -> list[Request]:
    return requests(kinds(**keys), CORPUS, list(range(SIZE)) if passages is None else passages, seed, 8000)


def test_type_by_type_and_passage_by_passage() -> None:
    found = asked([2, 5])
    assert len(found) == len({request.query_id for request in found}) == 12
    assert [request.type for request in found] == sorted(request.type for request in found)
    assert [request.doc_id for request in found] == ["d2", "d5"] * 6
    assert found[0].query_id == "d2:claim:0"
    assert found[0].messages == [{"role": "user", "content": found[0].text}]


def test_the_passage_comes_last_and_once() -> None:
    for request in asked([7]):
        start = prefix(next(kind for kind in kinds() if kind.name == request.type))
        assert request.text == f"{start}Title 7 Text 7.\nAnswer:"
        assert start.endswith("\n\nPassage:\n")


def test_one_prompt_a_type() -> None:
    assert len({(request.type, request.prompt) for request in asked()}) == 6
    other = {r.type: r.prompt for r in asked(shots=2)}
    same = {r.type for r in asked() if other[r.type] == r.prompt}
    assert same == {"user_query"}  # the one without examples


def test_a_request_does_not_depend_on_the_others() -> None:
    everything = {request.query_id: request for request in asked()}
    for few in (asked([7, 3]), asked(types={"question": 1}), asked(types={"question": 1.0, "claim": 3})):
        assert all(everything.get(one.query_id, one) == one for one in few)
    assert len({request.seed for request in everything.values()}) == len(everything)


def test_the_seed_is_that_of_the_query() -> None:
    """Worked out elsewhere: sha256sum of the text, modulo 2^31."""
    assert seed_of(3, "d7", "claim", 0) == 1771113002
    assert len({seed_of(*key) for key in [(3, "d7", "claim", 0), (4, "d7", "claim", 0), (3, "d7", "claim", 1)]}) == 3
    assert {r.seed for r in asked(seed=4)}.isdisjoint(r.seed for r in asked(seed=3))


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 500])
def test_shards_put_together_are_all_in_the_same_order(shards: int) -> None:
    whole = asked()
    parts = [share(whole, shard, shards) for shard in range(1, shards + 1)]
    assert [request for part in parts for request in part] == whole
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_weights_are_queries_of_a_passage() -> None:
    counted = Counter(r.type for r in asked(types={"claim": 2, "question": 0.5, "title": 1.25}))
    assert counted["claim"] == 2 * SIZE
    assert SIZE < counted["title"] < 2 * SIZE
    assert 0 < counted["question"] < SIZE
    half = kinds(types={"question": 0.5})[0]
    assert 450 < sum(count(1, f"d{i}", half) for i in range(1000)) < 550


@pytest.mark.parametrize(
    ("text", "characters", "expected"),
    [
        ("one two three", 13, "one two three"),
        ("one two three", 12, "one two"),
        ("one two three", 7, "one two"),
        ("one two three", 6, "one"),
        ("  one two", 6, "one"),
        ("undividable", 4, "undi"),
    ],
)
def test_a_long_passage_is_cut_at_a_blank(text: str, characters: int, expected: str) -> None:
    assert cut(text, characters) == expected


def test_the_word_limit_is_said() -> None:
    assert "Write at most 24 words, on one line, and nothing else." in prefix(kinds(types={"claim": 1})[0])
