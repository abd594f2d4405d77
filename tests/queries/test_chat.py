"""The exact prompt tokens, for every query type and every chat template."""

import random
from typing import Any

import numpy as np
import pytest

import tiny
import tiny_chat
from listill.corpus.collection import Collection
from listill.queries.chat import chat_tokens, check_start, plain_tokens
from listill.queries.generators.transformers import Transformers
from listill.queries.generators.vllm import Vllm
from listill.queries.query_types import resolve_types
from listill.queries.requests import Request, prefix, requests

TEMPLATE = Vllm(kind="vllm", model="m").chat_template_kwargs
DOCUMENTS = tiny.tiny_documents(12)
TYPES = {
    query_type.name: query_type for query_type in resolve_types(Transformers(kind="transformers", model="m"), seed=1)
}


@pytest.fixture(scope="module", params=tiny_chat.STYLES)
def style(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def tokenizer(style: str) -> Any:
    return tiny_chat.make_tokenizer(style)


def requests_of(name: str) -> list[Request]:
    ids, titles, texts = ([row[key] for row in DOCUMENTS] for key in ("_id", "title", "text"))
    corpus = Collection(ids, list(titles), texts, np.arange(len(ids)))
    return requests([TYPES[name]], corpus, list(range(len(ids))), 1, 8000)


def tokens(tokenizer: Any, request: Request) -> list[int]:
    return chat_tokens(tokenizer, request.messages, TEMPLATE)


@pytest.mark.parametrize("name", TYPES)
def test_prompt_tokens(style: str, tokenizer: Any, name: str) -> None:
    """Compare with a prompt that is written by hand and tokenized without a template."""
    template = tiny_chat.STYLES[style]
    for request, row in zip(requests_of(name), DOCUMENTS, strict=True):
        expected = template["prompt"].replace("TEXT", request.text)
        token_ids = tokens(tokenizer, request)
        assert token_ids == tokenizer.backend_tokenizer.encode(expected, add_special_tokens=False).ids
        assert token_ids.count(tokenizer.bos_token_id) == (1 if template["bos"] else 0)
        text = tokenizer.decode(token_ids)
        assert text == expected
        assert text.endswith(f"Answer:{template['prompt'].partition('TEXT')[2]}")
        passage = f"{row['title']} {row['text']}"
        assert text.count(passage) == 1
        assert text.index(passage) > max((text.index(example.query) for example in TYPES[name].examples), default=0)


@pytest.mark.parametrize("name", TYPES)
def test_instruction_and_examples_are_the_common_prefix(tokenizer: Any, name: str) -> None:
    """Requests of a type share their tokens up to the passage (except for one that its first letters may change)."""
    all_tokens = [tokens(tokenizer, request) for request in requests_of(name)]
    shared = next(i for i, column in enumerate(zip(*all_tokens, strict=False)) if len(set(column)) > 1)
    start = tokenizer.decode(all_tokens[0][:shared])
    assert prefix(TYPES[name]).rstrip() in start
    assert all(example.passage in start and example.query in start for example in TYPES[name].examples)
    if TYPES[name].examples:
        assert shared / np.mean([len(ids) for ids in all_tokens]) > 0.5


def test_special_characters_in_a_passage_do_not_change_the_rest_of_the_prompt(tokenizer: Any) -> None:
    """The start and the end of the prompt do not depend on the passage."""
    draw = random.Random(0)
    request = requests_of("claim")[0]
    special = "".join(draw.choices("\n\t {}%<|>[]/#\"'é漢\u2028", k=300))
    changed = Request(**{**vars(request), "text": request.text.replace(DOCUMENTS[0]["text"], special)})
    plain, token_ids = tokens(tokenizer, request), tokens(tokenizer, changed)
    assert token_ids[:30] == plain[:30]
    assert token_ids[-8:] == plain[-8:]


def test_a_wrong_number_of_bos_tokens_is_an_error() -> None:
    tokenizer = tiny_chat.make_tokenizer("llama3")
    good = tokens(tokenizer, requests_of("claim")[0])
    check_start(tokenizer, good)
    with pytest.raises(ValueError, match=r"begins a prompt with 2 beginning-of-text tokens \(<\|begin_of_text\|>\)"):
        check_start(tokenizer, [tokenizer.bos_token_id, *good])
    with pytest.raises(ValueError, match="begins a prompt with 0 beginning-of-text tokens"):
        check_start(tokenizer, good[1:])
    qwen = tiny_chat.make_tokenizer("qwen")
    check_start(qwen, tokens(qwen, requests_of("claim")[0]))


def test_a_model_without_chat_template_is_an_error() -> None:
    tokenizer = tiny_chat.make_tokenizer("mistral")
    tokenizer.chat_template = None
    with pytest.raises(ValueError, match="no chat template, so it is not instruction-tuned"):
        tokens(tokenizer, requests_of("claim")[0])


def test_plain_text_starts_with_what_the_tokenizer_adds(style: str, tokenizer: Any) -> None:
    bos = [tokenizer.bos_token_id] if tiny_chat.STYLES[style]["bos"] else []
    text = "Passage: a\nClaim:"
    assert plain_tokens(tokenizer, text) == bos + tokenizer(text, add_special_tokens=False)["input_ids"]
