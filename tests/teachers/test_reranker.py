"""Known rerankers need only their name; other rerankers need a format or a prompt."""

from typing import Any

import pytest

from listill.errors import UserError
from plain_rerankers import member


def fault(**settings: Any) -> str:
    with pytest.raises(UserError) as caught:
        member(**settings)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_a_known_model_needs_no_other_settings() -> None:
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


def test_settings_take_precedence_over_the_format_of_a_known_model() -> None:
    assert member(kind="t5", model="castorini/monot5-base-msmarco", format="mmarco-mt5").true_token == "▁yes"
    custom = member(
        kind="causal", model="our/model", prompt=["Q {query}", " D {document}?"], true_token="ja", false_token="nein"
    )
    assert (custom.prompt, custom.true_token, custom.false_token, custom.format) == (
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
            "model our/model is not a known model; set its format (rankt5, monot5, mmarco-mt5), or its prompt and "
            "true_token",
        ),
        (
            {"kind": "causal"},
            "(bge-gemma, bge-gemma-lightweight, qwen3-reranker, mxbai-v2), or its prompt and true_token",
        ),
        ({"kind": "causal", "prompt": ["{query}", "{document}"]}, "model our/model is not a known model"),
        ({"kind": "t5", "format": "rank5"}, "should be 'rankt5', 'monot5' or 'mmarco-mt5', not 'rank5' (did you mean"),
        ({"kind": "t5", "format": "bge-gemma"}, "should be 'rankt5', 'monot5' or 'mmarco-mt5', not 'bge-gemma'"),
        ({"kind": "causal", "model": "castorini/monot5-base-msmarco"}, "is not of kind causal; set kind: t5"),
        (
            {"kind": "cross_encoder", "model": "BAAI/bge-reranker-v2-gemma"},
            "is not of kind cross_encoder; set kind: causal",
        ),
        ({"kind": "cross_encoder", "format": "rankt5"}, "unknown key 'format'"),
        (
            {"kind": "t5", "prompt": ["{document}", "{query}"], "true_token": "a"},
            "exactly one piece must contain {query}, and exactly one later piece",
        ),
        (
            {"kind": "t5", "prompt": ["{query} {document}"], "true_token": "a"},
            "exactly one piece must contain {query}, and exactly one later piece",
        ),
        (
            {"kind": "t5", "prompt": ["{query}", "{query}", "{document}"], "true_token": "a"},
            "exactly one piece must contain {query}",
        ),
        ({"kind": "causal", "prompt": ["{instruction}{query}", "{document}"], "true_token": "a"}, "set instruction"),
        (
            {"kind": "causal", "format": "bge-gemma-lightweight"},
            "model our/model: needs code of its own: read it, then set trust_remote_code: true and a revision",
        ),
        (
            {"kind": "causal", "format": "bge-gemma", "layerwise": {"cut": 3}},
            "unknown key 'cut' (did you mean 'cutoff'?)",
        ),
        ({"kind": "cross_encoder", "model": None}, "model: should be a text, not null"),
    ],
)
def test_invalid_settings(settings: dict[str, Any], message: str) -> None:
    error = fault(**{"model": "our/model", **settings})
    assert error.startswith("config: members.reranker.")
    assert message in error


def test_settings_survive_a_round_trip() -> None:
    for model in ("Qwen/Qwen3-Reranker-8B", "BAAI/bge-reranker-v2-gemma"):
        settings = member(kind="causal", model=model)
        assert member(**settings.model_dump()) == settings
