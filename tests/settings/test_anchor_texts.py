"""Anchor texts: the corpus that they come from, and what the workflow does with it."""

from typing import Any

import pytest

from listill.errors import UserError
from listill.plan import Plan
from plan_config import CONFIG


def plan(one: dict[str, Any]) -> Plan:
    """Return the plan of a config whose variants are trained on ``c`` only; ``one`` are settings of the first."""
    variants = {name: variant | {"corpora": ["c"]} for name, variant in CONFIG["training"]["variants"].items()}
    variants["one"] |= {"losses": {"listwise": 1, "anchor": 1}, **one}
    return Plan({**CONFIG, "training": {"variants": variants}})


def test_the_files_of_the_named_corpus_are_read_by_this_variant_only() -> None:
    anchored = plan({"anchor_texts": {"corpus": "d"}})
    expected = [f"results/d/{table}.parquet" for table in ("corpus", "tokens/s", "embeddings/s")]
    assert anchored.anchor_texts("s", "one") == expected
    assert anchored.anchor_texts("s", "two") == []


def test_a_corpus_that_only_lends_texts_has_no_report() -> None:
    assert plan({"anchor_texts": {"corpus": "d"}}).reported == ["c"]
    assert plan({"anchor_texts": {"corpus": "c"}}).reported == ["c", "d"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"anchor_texts": {"corpus": "e"}}, "training.variants.one.anchor_texts.corpus: no corpus 'e'"),
        (
            {"anchor_texts": {"corpus": "d"}, "tower": "query"},
            "training.variants.one.anchor_texts: passages are not",
        ),
        ({"anchor_texts": {"corpus": "d", "passages": 0}}, "anchor_texts.passages"),
        ({"anchor_texts": {}}, "anchor_texts.corpus: this key is missing"),
    ],
)
def test_faults_are_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as raised:
        plan(settings)
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
