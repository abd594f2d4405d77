"""Known rerankers, recognised by name."""

import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from listill.teachers.formats import format_of, formats
from listill.teachers.kinds.causal import Causal
from listill.teachers.kinds.t5 import T5
from plain_rerankers import member


@pytest.mark.parametrize(
    ("model", "expected"),
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
        ("someone/Qwen3-Reranker-0.6B", None),  # from another author, so it may need another prompt
        ("/models/Qwen3-Reranker-0.6B/", "qwen3-reranker"),
        ("Qwen3-Reranker-0.6B", "qwen3-reranker"),
        ("package:weights/monot5-base", None),
    ],
)
def test_models_by_name(model: str, expected: str | None) -> None:
    known = format_of(model)
    assert (known.name if known else None) == expected


@pytest.mark.parametrize(("kind", "settings"), [("t5", T5), ("causal", Causal)])
def test_every_format_can_be_set(kind: str, settings: Any) -> None:
    choices = get_args(get_args(settings.model_fields["format"].annotation)[0])
    assert sorted(choices) == sorted(name for name, entry in formats().items() if entry.kind == kind)
    for name in choices:
        assert member(kind=kind, model="our/model", format=name, trust_remote_code=True).prompt


def test_the_formats_are_part_of_the_package() -> None:
    data = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert "teachers/*.yaml" in data["tool"]["setuptools"]["package-data"]["listill"]
