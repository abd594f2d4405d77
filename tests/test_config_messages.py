"""What is wrong with a config is said in plain words: the key, the values that it may have, and the nearest one."""

from typing import Any

import pytest

from checked_config import config, fault
from listill.config_messages import messages

LM = {"kind": "openai", "model": "m", "base_url": "http://host/v1"}
KINDS = "known kinds: 'beir', 'files', 'ir_datasets', 'python_api'"
# The words of pydantic, and its names of types.
RAW = ("Input", "tag", "discriminator", "instance of", "validation", "Field required", "[", "constrained", "parse")


def changed(place: str, value: Any) -> dict[str, Any]:
    """Return the smallest config with one value."""
    data = config()
    block = data
    *blocks, key = place.split(".")
    for name in blocks:
        block = block.setdefault(name, {})
    block[key] = value
    return data


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        ("corpora.c.source", {"kind": "csv", "path": "x"}, f"corpora.c.source: unknown kind 'csv'; {KINDS}"),
        (
            "corpora.c.source",
            {"kind": "Beir"},
            f"corpora.c.source: unknown kind 'Beir' (did you mean 'beir'?); {KINDS}",
        ),
        ("corpora.c.source", {"path": "x"}, f"corpora.c.source: the key kind is missing; {KINDS}"),
        (
            "corpora.c.source",
            "x",
            "corpora.c.source: should be a block with the key kind ('beir', 'files', 'ir_datasets', ",
        ),
        ("corpora.c.source", None, "corpora.c.source: should be a block with the key kind ('beir', "),
        ("corpora.c", {}, "corpora.c.source: this key is missing: set it"),
        ("corpora.c.source", {"kind": "beir"}, "corpora.c.source.beir.path: this key is missing: set it"),
        ("corpora.c.source", {"kind": "beir", "path": 5}, "corpora.c.source.beir.path: should be a text, not 5"),
        ("corpora.c.source", {"kind": "beir", "path": " "}, "corpora.c.source.beir.path: should not be empty"),
        ("students.s.model", "a\0b", "students.s.model: should not be empty, nor contain a character NUL"),
        ("training.losses", {"infonc": 1}, "'ranknet', not 'infonc' (did you mean 'infonce'?)"),
        ("training.losses", {"contrastve": 1}, "'ranknet', not 'contrastve' (did you mean 'infonce'?)"),
        (
            "training.losses",
            {"margin": 1},
            "training.losses.margin: this key should be 'anchor', 'anchor_kl', 'infonce', 'listwise', ",
        ),
        ("training.losses", ["infonce"], "training.losses: should be a block of keys and values, not a list"),
        ("training.losses", {"infonce": "x"}, "training.losses.infonce: should be a number, not 'x'"),
        ("training.losses", {}, "training.losses: should not be empty"),
        ("mining.consistency.require", "owm", "not 'owm' (did you mean 'student'?)"),
        (
            "training.preset",
            "smal",
            "training.preset: should be 'cadet' or 'small', not 'smal' (did you mean 'small'?)",
        ),
        ("training.temperatures.teacher", "atuo", "should be a number or 'auto', not 'atuo' (did you mean 'auto'?)"),
        ("training.temperatures.teacher", -1, "training.temperatures.teacher: should be more than 0 or 'auto', not -1"),
        (
            "training.variants",
            {"v": {"teachers": 5}},
            "v.teachers: should be a list or a block of keys and values, not 5",
        ),
        (
            "training.variants",
            {"v": {"teachers": {"bm25": 0}}},
            "variants.v.teachers.bm25: should be more than 0, not 0",
        ),
        (
            "training.variants",
            {"my variant": {}},
            "training.variants.my variant: this name should consist of letters, ",
        ),
        ("training.variants", {"v": None}, "training.variants.v: should be a block of keys and values, not null"),
        ("training.rounds", 3, "training.rounds: should be 1 or 2, not 3"),
        ("training.batch", 1.5, "training.batch: should be a whole number, not 1.5"),
        ("training.tensorboard", "maybe", "training.tensorboard: should be true or false, not 'maybe'"),
        ("training.lists.length", 1, "training.lists.length: should be 2 or more, not 1"),
        ("mining.bm25.b", 2, "mining.bm25.b: should be 1 or less, not 2"),
        ("mining.bm25.k1", True, "k1 should be a number, not true or false"),
        ("mining", [], "mining: should be a block of keys and values, not a list"),
        ("evaluation.measures", "nDCG@10", "evaluation.measures: should be a list, not 'nDCG@10'"),
        ("evaluation.measures", [], "evaluation.measures: should not be empty"),
        ("students.s.precision", "x" * 99, f"not '{'x' * 59}..."),
        ("students.s.precision", "a\n\x1b[0m", r"not 'a\n\x1b[0m'"),
        ("generation.generator", {"kind": "extractive", "crop_words": [1, 2, 3]}, "crop_words: should have 2 or fewer"),
        ("generation.generator", {"kind": "extractive", "crop_words": [1]}, "crop_words.1: this key is missing"),
        ("seed", -1, "seed: should be 0 or more, not -1"),
    ],
)
def test_a_message(place: str, value: Any, message: str) -> None:
    said = fault(changed(place, value))
    assert message in said
    assert said.startswith("config.yaml: ")
    assert "\n" not in said
    assert not any(word in said.replace(message, "") for word in RAW)


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")], ids=str)
@pytest.mark.parametrize(
    "place",
    [
        *("training.learning_rate", "training.epochs", "training.temperatures.offset", "training.memory"),
        *("training.negatives.guide_margin", "teacher.gate.margin", "evaluation.fusion_k", "mining.bm25.k1"),
    ],
)
def test_numbers_are_finite(place: str, value: float) -> None:
    assert fault(changed(place, value)) == f"config.yaml: {place}: should be a finite number, not {value}"


def test_each_fault_has_a_line() -> None:
    data = changed("training.epochs", 0) | {"seed": "x", "evaluation": {"depth": -1}}
    assert fault(data).splitlines() == [
        "config.yaml: training.epochs: should be more than 0, not 0",
        "config.yaml: evaluation.depth: should be 1 or more, not -1",
        "config.yaml: seed: should be a whole number, not 'x'",
    ]


def test_a_corpus_may_have_the_name_of_a_type() -> None:
    data = config(corpora={"float": {"source": {"kind": "beir", "path": 5}}, "str": {}})
    assert fault(data).splitlines() == [
        "config.yaml: corpora.float.source.beir.path: should be a text, not 5",
        "config.yaml: corpora.str.source: this key is missing: set it",
    ]


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (
            "mining.bm25.stemmer",
            "englsh",
            "unknown Snowball stemmer 'englsh' (did you mean 'english'?); known stemmers: ",
        ),
        ("mining.bm25.stemmer", "chinese", "unknown Snowball stemmer 'chinese'; known stemmers: arabic, "),
        ("mining.bm25.stemmer", "", "unknown Snowball stemmer ''; known stemmers: "),
        ("mining.bm25.stopwords", "klingon", "unknown stop word list 'klingon'; known lists: en, "),
        (
            "mining.bm25.stopwords",
            "englisch",
            "unknown stop word list 'englisch' (did you mean 'english'?); known lists: ",
        ),
        ("mining.bm25.stopwords", "", "unknown stop word list ''; known lists: "),
        ("evaluation.measures", ["R@5", "R@5"], "evaluation.measures: 'R@5' stands in the list twice: remove one"),
        ("evaluation.measures", ["R@5", "R@05"], "evaluation.measures.1: unknown measure 'R@05': write "),
        ("evaluation.measures", ["nDCG@²"], "evaluation.measures.0: unknown measure 'nDCG@²': write "),
        ("mining.retrievers", ["s", "bm25", "s"], "mining.retrievers: 's' stands in the list twice"),
        ("training.types", ["lead", "lead"], "training.types: 'lead' stands in the list twice"),
        (
            "training.variants",
            {"v": {"students": ["s", "s"]}},
            "training.variants.v.students: 's' stands in the list twice",
        ),
        (
            "training.variants",
            {"v": {"corpora": ["c", "c"]}},
            "training.variants.v.corpora: 'c' stands in the list twice",
        ),
        (
            "training.variants",
            {"v": {"teachers": ["bm25"] * 2}},
            "variants.v.teachers: 'bm25' stands in the list twice",
        ),
        ("training.variants", {"v": {"types": ["a", "a"]}}, "training.variants.v.types: 'a' stands in the list twice"),
        ("corpora.c.source", {"kind": "python_api", "packages": ["a", "a"]}, "packages: 'a' stands in the list twice"),
        (
            "training.types",
            ["leed"],
            "training.types: no queries of the type 'leed' (did you mean 'lead'?); the types of ",
        ),
        (
            "training.variants",
            {"v": {"types": ["question"]}},
            "variants.v.types: no queries of the type 'question'; the",
        ),
        (
            "generation.generator",
            LM | {"types": {"qestion": 1}},
            "types: unknown query type 'qestion' (did you mean 'quest",
        ),
        ("generation.generator", LM | {"types": {}}, "generation.generator.openai.types: should not be empty"),
        (
            "generation.generator",
            LM | {"examples": {"claims": "x"}},
            "examples: unknown query type 'claims' (did you mean ",
        ),
        (
            "generation.cleaning",
            {"min_words": 70},
            "generation.cleaning: min_words (70) is above max_words (64): swap them",
        ),
    ],
)
def test_values_that_no_stage_can_use(place: str, value: Any, message: str) -> None:
    """The check of the config refuses what would end a stage, after hours of training in the worst case."""
    assert message in fault(changed(place, value))


def test_types_that_only_the_run_can_tell() -> None:
    from checked_config import parsed

    own = {"kind": "file", "path": "queries.parquet"}
    assert parsed(generation={"generator": own}, training={"types": ["mine"]}).training.types == ["mine"]
    human = parsed(training={"types": ["human", "lead"]})
    assert human.training.types == ["human", "lead"]
    alone = config(generation={"human": False}, training={"types": ["human"]})
    assert "training.types: no queries of the type 'human'; the types of the generator are cloze, lead" in fault(alone)


def test_messages_need_no_config() -> None:
    from pydantic import TypeAdapter, ValidationError

    with pytest.raises(ValidationError) as caught:
        TypeAdapter(list[int]).validate_python(["x"])
    assert messages(caught.value, ["x"]) == ["0: should be a whole number, not 'x'"]
