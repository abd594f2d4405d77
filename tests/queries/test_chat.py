"""The exact tokens that a model gets, for every type and every kind of chat template."""

import random
from typing import Any

import numpy as np
import pytest

import tiny
import tiny_chat
from listill.corpus.collection import Collection
from listill.queries.chat import chat_tokens, check_start
from listill.queries.generators.transformers import Transformers
from listill.queries.generators.vllm import Vllm
from listill.queries.query_types import wanted
from listill.queries.requests import Request, prefix, requests

TEMPLATE = Vllm(kind="vllm", model="m").chat_template_kwargs
DOCUMENTS = tiny.tiny_documents(12)
KINDS = {kind.name: kind for kind in wanted(Transformers(kind="transformers", model="m"), seed=1)}


@pytest.fixture(scope="module", params=tiny_chat.STYLES)
def style(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def tokenizer(style: str) -> Any:
    return tiny_chat.make_tokenizer(style)


def asked(name: str) -> list[Request]:
    ids, titles, texts = ([row[key] for row in DOCUMENTS] for key in ("_id", "title", "text"))
    corpus = Collection(ids, list(titles), texts, np.arange(len(ids)))
    return requests([KINDS[name]], corpus, list(range(len(ids))), 1, 8000)


def tokens(tokenizer: Any, request: Request) -> list[int]:
    return chat_tokens(tokenizer, request.messages, TEMPLATE)


@pytest.mark.parametrize("name", KINDS)
def test_the_exact_tokens(style: str, tokenizer: Any, name: str) -> None:
    """The prompt spelled out by hand, and tokenised without any template."""
    about = tiny_chat.STYLES[style]
    for request, row in zip(asked(name), DOCUMENTS, strict=True):
        spelled = about["prompt"].replace("TEXT", request.text)
        found = tokens(tokenizer, request)
        assert found == tokenizer.backend_tokenizer.encode(spelled, add_special_tokens=False).ids
        assert found.count(tokenizer.bos_token_id) == (1 if about["bos"] else 0)
        text = tokenizer.decode(found)
        assert text == spelled
        assert text.endswith(f"Answer:{about['prompt'].partition('TEXT')[2]}")
        passage = f"{row['title']} {row['text']}"
        assert text.count(passage) == 1
        assert text.index(passage) > max((text.index(one.query) for one in KINDS[name].examples), default=0)


@pytest.mark.parametrize("name", KINDS)
def test_instruction_and_examples_are_the_common_prefix(tokenizer: Any, name: str) -> None:
    """All requests of a type share their tokens up to the passage (but for one that its first letters may change)."""
    every = [tokens(tokenizer, request) for request in asked(name)]
    shared = next(i for i, column in enumerate(zip(*every, strict=False)) if len(set(column)) > 1)
    start = tokenizer.decode(every[0][:shared])
    assert prefix(KINDS[name]).rstrip() in start
    assert all(example.passage in start and example.query in start for example in KINDS[name].examples)
    if KINDS[name].examples:
        assert shared / np.mean([len(one) for one in every]) > 0.5


def test_a_passage_cannot_end_the_conversation_for_the_tokens_of_others(tokenizer: Any) -> None:
    """Whatever stands in a passage, the prompt begins and ends as it should."""
    draw = random.Random(0)
    request = asked("claim")[0]
    odd = "".join(draw.choices("\n\t {}%<|>[]/#\"'é漢\u2028", k=300))
    strange = Request(**{**vars(request), "text": request.text.replace(DOCUMENTS[0]["text"], odd)})
    plain, found = tokens(tokenizer, request), tokens(tokenizer, strange)
    assert found[:30] == plain[:30]
    assert found[-8:] == plain[-8:]


def test_a_second_bos_is_refused() -> None:
    tokenizer = tiny_chat.make_tokenizer("llama3")
    good = tokens(tokenizer, asked("claim")[0])
    check_start(tokenizer, good)
    with pytest.raises(ValueError, match=r"begins a prompt with 2 beginning-of-text tokens \(<\|begin_of_text\|>\)"):
        check_start(tokenizer, [tokenizer.bos_token_id, *good])
    with pytest.raises(ValueError, match="begins a prompt with 0 beginning-of-text tokens"):
        check_start(tokenizer, good[1:])
    qwen = tiny_chat.make_tokenizer("qwen")
    check_start(qwen, tokens(qwen, asked("claim")[0]))


def test_a_model_without_chat_template_is_refused() -> None:
    tokenizer = tiny_chat.make_tokenizer("mistral")
    tokenizer.chat_template = None
    with pytest.raises(ValueError, match="no chat template, so it is no instruction-tuned model"):
        tokens(tokenizer, asked("claim")[0])
