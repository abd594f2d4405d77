"""The requests to a language model: prompts, order, seeds and shards."""

from collections import Counter
from typing import Any

import numpy as np
import pytest

from listill.corpus.collection import Collection
from listill.queries.generators.transformers import Transformers
from listill.queries.query_types import ResolvedType, resolve_types
from listill.queries.requests import Request, count, cut, prefix, requests, seed_of, share

SIZE = 40
CORPUS = Collection(
    [f"d{i}" for i in range(SIZE)],
    [f"Title {i}" for i in range(SIZE)],
    [f"Text {i}." for i in range(SIZE)],
    np.arange(SIZE),
)


def types(**keys: Any) -> list[ResolvedType]:
    return resolve_types(Transformers(kind="transformers", model="m", **keys), seed=3)


def make_requests(passages: list[int] | None = None, seed: int = 3, **keys: Any) -> list[Request]:
    return requests(types(**keys), CORPUS, list(range(SIZE)) if passages is None else passages, seed, 8000)


def test_requests_are_ordered_by_type_and_passage() -> None:
    made = make_requests([2, 5])
    assert len(made) == len({request.query_id for request in made}) == 12
    assert [request.type for request in made] == sorted(request.type for request in made)
    assert [request.doc_id for request in made] == ["d2", "d5"] * 6
    assert made[0].query_id == "d2:claim:0"
    assert made[0].messages == [{"role": "user", "content": made[0].text}]


def test_the_passage_follows_the_prefix() -> None:
    for request in make_requests([7]):
        start = prefix(next(query_type for query_type in types() if query_type.name == request.type))
        assert request.text == f"{start}Title 7 Text 7.\nAnswer:"
        assert start.endswith("\n\nPassage:\n")


def test_each_type_has_one_prompt_digest() -> None:
    assert len({(request.type, request.prompt) for request in make_requests()}) == 6
    other = {r.type: r.prompt for r in make_requests(shots=2)}
    same = {r.type for r in make_requests() if other[r.type] == r.prompt}
    assert same == {"user_query"}  # the type without examples


def test_a_request_does_not_depend_on_the_others() -> None:
    everything = {request.query_id: request for request in make_requests()}
    for few in (
        make_requests([7, 3]),
        make_requests(types={"question": 1}),
        make_requests(types={"question": 1.0, "claim": 3}),
    ):
        assert all(everything.get(request.query_id, request) == request for request in few)
    assert len({request.seed for request in everything.values()}) == len(everything)


def test_each_query_has_its_own_seed() -> None:
    """The expected value was computed with sha256sum: digest of the text modulo 2^31."""
    assert seed_of(3, "d7", "claim", 0) == 1771113002
    assert len({seed_of(*key) for key in [(3, "d7", "claim", 0), (4, "d7", "claim", 0), (3, "d7", "claim", 1)]}) == 3
    assert {r.seed for r in make_requests(seed=4)}.isdisjoint(r.seed for r in make_requests(seed=3))


@pytest.mark.parametrize("shards", [1, 2, 3, 7, 500])
def test_concatenated_shards_are_all_requests_in_order(shards: int) -> None:
    whole = make_requests()
    parts = [share(whole, shard, shards) for shard in range(1, shards + 1)]
    assert [request for part in parts for request in part] == whole
    assert max(map(len, parts)) - min(map(len, parts)) <= 1


def test_weights_are_queries_per_passage() -> None:
    counted = Counter(r.type for r in make_requests(types={"claim": 2, "question": 0.5, "title": 1.25}))
    assert counted["claim"] == 2 * SIZE
    assert SIZE < counted["title"] < 2 * SIZE
    assert 0 < counted["question"] < SIZE
    half = types(types={"question": 0.5})[0]
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
        ("火山 " + "熔岩" * 100, 150, "火山 " + "熔岩" * 73 + "熔"),  # the only blank is far from the limit
    ],
)
def test_a_long_passage_is_truncated_between_words(text: str, characters: int, expected: str) -> None:
    assert cut(text, characters) == expected


def test_the_prompt_states_the_word_limit() -> None:
    assert "Write at most 24 words, on one line, and nothing else." in prefix(types(types={"claim": 1})[0])


def test_without_chat_the_prompt_is_a_pattern_that_the_model_continues() -> None:
    corpus = Collection(["d"], ["Title"], ["First line.\n\nSecond  line."], np.arange(1))
    claim, user_query = types(types={"claim": 1, "user_query": 1})
    made = requests([claim, user_query], corpus, [0], 3, 20, chat=False)
    shown, ending = made[0].text.rsplit("\n\n", 1)
    assert ending == f"Passage: Title First line.\n{claim.label}"
    assert len(shown.split("\n\n")) == 3
    for pair, example in zip(shown.split("\n\n"), claim.examples, strict=True):
        assert pair == f"Passage: {' '.join(example.passage.split())}\n{claim.label} {example.query}"
    assert made[0].text.startswith(prefix(claim, chat=False))
    assert claim.instruction not in made[0].text
    assert made[1].text == "Passage: Title First line.\nSearch query:"
    assert made[0].seed == requests([claim], corpus, [0], 3, 20)[0].seed
