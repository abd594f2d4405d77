"""What is known of rerankers, and what must be said."""

from typing import Any, get_args

import pytest

from listill.errors import UserError
from listill.frozen import parse
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.formats import format_of, formats
from listill.teachers.kinds.causal import Causal
from listill.teachers.kinds.t5 import T5


def member(**settings: Any) -> Any:
    return parse(TeacherEnsemble, {"members": {"one": settings}}, "config").members["one"]


def fault(**settings: Any) -> str:
    with pytest.raises(UserError) as caught:
        member(**settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize(
    ("model", "known"),
    [
        ("cross-encoder/ms-marco-MiniLM-L6-v2", "pair"),
        ("BAAI/bge-reranker-v2-m3", "pair"),
        ("BAAI/bge-reranker-v2-gemma", "bge-gemma"),
        ("BAAI/bge-reranker-v2.5-gemma2-lightweight", "bge-gemma-lightweight"),
        ("BAAI/bge-reranker-v2-minicpm-layerwise", None),
        ("Qwen/Qwen3-Reranker-0.6B", "qwen3-reranker"),
        ("Qwen/Qwen3-0.6B", None),
        ("Soyoung97/RankT5-3b", "rankt5"),
        ("castorini/monot5-3b-msmarco-10k", "monot5"),
        ("castorini/duot5-3b-msmarco", None),
        ("unicamp-dl/mt5-base-mmarco-v2", "mmarco-mt5"),
        ("unicamp-dl/mt5-13b-mmarco-100k", None),
        ("mixedbread-ai/mxbai-rerank-base-v1", "pair"),
        ("mixedbread-ai/mxbai-rerank-base-v2", "mxbai-v2"),
        ("someone/Qwen3-Reranker-0.6B", None),  # of another's making: it may want another prompt
        ("/models/Qwen3-Reranker-0.6B/", "qwen3-reranker"),
        ("Qwen3-Reranker-0.6B", "qwen3-reranker"),
        ("package:weights/monot5-base", None),
    ],
)
def test_models_by_name(model: str, known: str | None) -> None:
    found = format_of(model)
    assert (found.name if found else None) == known


def test_a_known_model_needs_no_more() -> None:
    rank, mono = (
        member(kind="t5", model="Soyoung97/RankT5-3b"),
        member(kind="t5", model="castorini/monot5-base-msmarco"),
    )
    assert (rank.prompt, rank.true_token, rank.false_token) == (
        ["Query: {query} Document:", "{document}", "</s>"],
        "<extra_id_10>",
        None,
    )
    assert (mono.prompt[-2:], mono.true_token, mono.false_token) == (["Relevant:", "</s>"], "▁true", "▁false")
    assert member(kind="cross_encoder", model="BAAI/bge-reranker-v2-m3").prompt is None


def test_any_model_with_a_format() -> None:
    other = member(kind="causal", model="our/model", format="qwen3-reranker", instruction="Find the law that applies.")
    assert (other.prompt, other.true_token) == (member(kind="causal", model="Qwen/Qwen3-Reranker-8B").prompt, "yes")
    assert other.instruction == "Find the law that applies."


def test_a_format_or_its_parts_given_win_over_the_name() -> None:
    assert member(kind="t5", model="castorini/monot5-base-msmarco", format="mmarco-mt5").true_token == "▁yes"
    own = member(
        kind="causal", model="our/model", prompt=["Q {query}", " D {document}?"], true_token="ja", false_token="nein"
    )
    assert (own.prompt, own.true_token, own.false_token, own.format) == (
        ["Q {query}", " D {document}?"],
        "ja",
        "nein",
        None,
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"kind": "t5"},
            "model our/model is not known: say its format (rankt5, monot5, mmarco-mt5), or its prompt and true_token",
        ),
        (
            {"kind": "causal"},
            "(bge-gemma, bge-gemma-lightweight, qwen3-reranker, mxbai-v2), or its prompt and true_token",
        ),
        ({"kind": "causal", "prompt": ["{query}", "{document}"]}, "model our/model is not known"),
        ({"kind": "t5", "format": "rank5"}, "Input should be 'rankt5', 'monot5' or 'mmarco-mt5'"),
        ({"kind": "t5", "format": "bge-gemma"}, "Input should be 'rankt5'"),
        ({"kind": "causal", "model": "castorini/monot5-base-msmarco"}, "is of kind t5, not causal"),
        ({"kind": "cross_encoder", "model": "BAAI/bge-reranker-v2-gemma"}, "is of kind causal, not cross_encoder"),
        ({"kind": "cross_encoder", "format": "rankt5"}, "unknown key 'format'"),
        (
            {"kind": "t5", "prompt": ["{document}", "{query}"], "true_token": "a"},
            "one piece must have {query} and a later one",
        ),
        (
            {"kind": "t5", "prompt": ["{query} {document}"], "true_token": "a"},
            "one piece must have {query} and a later one",
        ),
        (
            {"kind": "t5", "prompt": ["{query}", "{query}", "{document}"], "true_token": "a"},
            "one piece must have {query}",
        ),
        ({"kind": "causal", "prompt": ["{instruction}{query}", "{document}"], "true_token": "a"}, "set instruction"),
        (
            {"kind": "causal", "format": "bge-gemma-lightweight"},
            "runs code of its own: read it, then set trust_remote_code",
        ),
        (
            {"kind": "causal", "format": "bge-gemma", "layerwise": {"cut": 3}},
            "unknown key 'cut' (did you mean 'cutoff'?)",
        ),
        ({"kind": "cross_encoder", "model": None}, "model: Input should be a valid string"),
    ],
)
def test_what_is_not_guessed(settings: dict[str, Any], message: str) -> None:
    said = fault(**{"model": "our/model", **settings})
    assert said.startswith("config: members.one.")
    assert message in said


def test_settings_read_back_are_the_same() -> None:
    for model in ("Qwen/Qwen3-Reranker-8B", "BAAI/bge-reranker-v2-gemma"):
        first = member(kind="causal", model=model)
        assert member(**first.model_dump()) == first


@pytest.mark.parametrize(("kind", "settings"), [("t5", T5), ("causal", Causal)])
def test_every_format_can_be_chosen_and_works(kind: str, settings: Any) -> None:
    choices = get_args(get_args(settings.model_fields["format"].annotation)[0])
    assert sorted(choices) == sorted(name for name, known in formats().items() if known.kind == kind)
    for name in choices:
        assert member(kind=kind, model="our/model", format=name, trust_remote_code=True).prompt
