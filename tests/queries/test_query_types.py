"""The types of queries: built-in types, the user's types, and the user's examples."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from listill.errors import UserError
from listill.queries import query_types
from listill.queries.cleaning import copied
from listill.queries.generators.transformers import Transformers
from listill.queries.refusal import is_refusal
from listill.text import fold

NAMES = ["claim", "keywords", "question", "title", "user_query", "user_query_styled"]
PAIRS = [{"query": f"query {i}", "passage": f"Passage {i}."} for i in range(9)]


def resolved(**keys: Any) -> list[query_types.ResolvedType]:
    return query_types.resolve_types(Transformers(kind="transformers", model="m", **keys), seed=3)


def test_the_six_types() -> None:
    types = {each.name: each for each in resolved()}
    assert sorted(types) == NAMES
    assert types["user_query"].examples == []
    assert all(len(types[name].examples) == 3 for name in NAMES if name != "user_query")
    assert {each.weight for each in types.values()} == {1}


@pytest.mark.parametrize("name", NAMES)
def test_built_in_examples_pass_the_cleaning(name: str) -> None:
    """An example that cleaning would drop must not be in a prompt."""
    content = query_types.read(query_types.BUILT_IN / f"{name}.yaml")
    for example in [*content.examples, *content.plain_examples]:
        assert len(example.query.split()) <= content.words
        assert "\n" not in example.query
        assert not is_refusal(fold(example.query))
        assert not copied(example.query, example.passage, 0.8)
        assert 40 <= len(example.passage.split()) <= 90


def test_without_chat_a_type_has_a_label_and_examples(tmp_path: Path) -> None:
    types = {each.name: each for each in resolved(chat=False)}
    assert all(len(types[name].examples) == 3 for name in NAMES)
    assert types["claim"].label == "The passage shows that"
    assert types["user_query"].label == "Search query:"
    assert types["claim"].examples == resolved(types={"claim": 1})[0].examples
    (tmp_path / "pairs.jsonl").write_text('{"query": "one", "passage": "two"}\n')
    own = resolved(chat=False, types={"user_query": 1}, examples={"user_query": str(tmp_path / "pairs.jsonl")})
    assert [example.query for example in own[0].examples] == ["one"]


def test_example_passages_are_unique() -> None:
    passages = [example.passage for each in resolved() for example in each.examples]
    assert len(passages) == len(set(passages)) == 15


def write_type(folder: Path, name: str, **changes: Any) -> Path:
    folder.mkdir(exist_ok=True)
    content = {"instruction": "Write a headline.", "words": 9, "weight": 0.5, "examples": PAIRS[:2]} | changes
    (folder / f"{name}.yaml").write_text(yaml.safe_dump({k: v for k, v in content.items() if v is not None}))
    return folder


def test_a_file_adds_a_type(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_type(tmp_path / "types", "headline")
    write_type(folder, "title", instruction="Replace the built-in type.")
    types = {each.name: each for each in resolved(types_from=str(folder))}
    assert sorted(types) == sorted([*NAMES, "headline"])
    assert (types["headline"].words, types["headline"].weight, len(types["headline"].examples)) == (9, 0.5, 2)
    assert types["title"].instruction == "Replace the built-in type."
    monkeypatch.setenv("MINE", str(folder))
    alone = resolved(types_from="$MINE/headline.yaml", types={"headline": 2, "claim": 1})
    assert [(each.name, each.weight) for each in alone] == [("claim", 1), ("headline", 2)]
    monkeypatch.chdir(tmp_path)
    assert [each.name for each in resolved(types_from="types", types={"headline": 1})] == ["headline"]


@pytest.mark.parametrize("suffix", [".jsonl", ".parquet"])
def test_examples_can_come_from_a_file(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"pairs{suffix}"
    frame = pd.DataFrame(PAIRS).assign(note="not read")
    frame.to_parquet(path) if suffix == ".parquet" else frame.to_json(path, orient="records", lines=True)
    types = {each.name: each for each in resolved(examples={"user_query_styled": str(path)}, shots=4)}
    shown = [example.query for example in types["user_query_styled"].examples]
    assert len(set(shown)) == 4
    assert set(shown) <= {pair["query"] for pair in PAIRS}
    again = {each.name: each for each in resolved(examples={"user_query_styled": str(path)}, shots=4)}
    assert again == types
    assert len(types["question"].examples) == 3


def broken_types(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "bad.yaml").write_text("instruction: [")
    return {"types_from": str(tmp_path / "bad.yaml")}


def unknown_key(tmp_path: Path) -> dict[str, Any]:
    return {"types_from": str(write_type(tmp_path / "t", "headline", exampels=[]))}


def no_examples(tmp_path: Path) -> dict[str, Any]:
    return {"types_from": str(write_type(tmp_path / "t", "headline", examples=[])), "chat": False}


def no_words(tmp_path: Path) -> dict[str, Any]:
    return {"types_from": str(write_type(tmp_path / "t", "headline", words=None))}


def no_column(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "pairs.jsonl").write_text('{"query": "q"}\n')
    return {"examples": {"claim": str(tmp_path / "pairs.jsonl")}}


def not_json(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "pairs.jsonl").write_text("query")
    return {"examples": {"claim": str(tmp_path / "pairs.jsonl")}}


def not_parquet(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "pairs.parquet").write_text("query")
    return {"examples": {"claim": str(tmp_path / "pairs.parquet")}}


def empty_query(tmp_path: Path) -> dict[str, Any]:
    (tmp_path / "pairs.jsonl").write_text('{"query": "q", "passage": "p"}\n{"query": "", "passage": "p"}\n')
    return {"examples": {"claim": str(tmp_path / "pairs.jsonl")}}


def no_rows(tmp_path: Path) -> dict[str, Any]:
    pd.DataFrame({"query": [], "passage": []}).to_parquet(tmp_path / "pairs.parquet")
    return {"examples": {"claim": str(tmp_path / "pairs.parquet")}}


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (
            lambda p: {"types": {"qestion": 1}, "types_from": str(write_type(p / "t", "headline"))},
            r"types: unknown query type 'qestion' \(did you mean 'question'\?\); known types: .*headline",
        ),
        (
            lambda p: {"examples": {"claims": "x"}, "types_from": str(write_type(p / "t", "headline"))},
            r"examples: unknown query type 'claims' \(did you mean 'claim'\?\)",
        ),
        (lambda p: {"types_from": str(p)}, "types_from: .*: neither a YAML file nor a folder with YAML files"),
        (lambda _: {"types_from": "$NOT_SET_ANYWHERE"}, "NOT_SET_ANYWHERE is not set"),
        (broken_types, r"bad\.yaml: invalid YAML: "),
        (no_examples, r"headline\.yaml: the query type 'headline' has no examples, .* chat: false .*: add examples"),
        (unknown_key, r"headline\.yaml: unknown key 'exampels' \(did you mean 'examples'\?\)"),
        (
            lambda p: {"types_from": str(write_type(p / "t", "human"))},
            r"human\.yaml: the name 'human' is reserved for human queries",
        ),
        (no_words, r"headline\.yaml: words: this key is missing"),
        (lambda _: {"examples": {"claim": "/nowhere/pairs.jsonl"}}, r"examples: /nowhere/pairs\.jsonl: no such file"),
        (no_column, r"pairs\.jsonl: column 'passage' is missing"),
        (not_json, r"pairs\.jsonl: neither Parquet nor JSONL"),
        (not_parquet, r"pairs\.parquet: neither Parquet nor JSONL"),
        (empty_query, r"pairs\.jsonl: pair 2: query: "),
        (no_rows, r"pairs\.parquet: no pairs: add at least one"),
    ],
)
def test_errors_name_the_file_or_key(tmp_path: Path, keys: Callable[[Path], dict[str, Any]], message: str) -> None:
    with pytest.raises(UserError, match=message):
        resolved(**keys(tmp_path))


def test_the_types_are_package_data() -> None:
    """pyproject.toml lists them, so that they are installed."""
    import tomllib

    root = Path(__file__).parents[2]
    data = tomllib.loads((root / "pyproject.toml").read_text())
    assert "queries/types/*.yaml" in data["tool"]["setuptools"]["package-data"]["listill"]
