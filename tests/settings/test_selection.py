"""Selection: the other corpora on which kept weights must not lose, and what the workflow does with them."""

from typing import Any

import pytest

from listill.errors import UserError
from listill.plan import Plan
from plan_config import CONFIG

TABLES = ("corpus", "topics", "qrels", "tokens/s", "embeddings/s")


def plan(one: dict[str, Any]) -> Plan:
    """Return the plan of a config whose variants are trained on ``c`` only; ``one`` is the selection of the first."""
    variants = {name: variant | {"corpora": ["c"]} for name, variant in CONFIG["training"]["variants"].items()}
    variants["one"] |= {"selection": one}
    return Plan({**CONFIG, "training": {"variants": variants}})


def test_the_files_of_the_named_corpora_are_read_by_this_variant_only() -> None:
    kept = plan({"retention": {"corpora": ["c", "d"]}})
    assert kept.kept_elsewhere("s", "one", ["c"]) == [f"results/d/{table}.parquet" for table in TABLES]
    assert kept.kept_elsewhere("s", "two", ["c"]) == []
    # A corpus with queries of its own has synthetic dev queries, too.
    queries = [*(f"results/c/{table}.parquet" for table in TABLES), "results/c/queries.parquet"]
    assert kept.kept_elsewhere("s", "one", ["d"]) == queries


def test_a_corpus_that_is_only_asked_has_no_report() -> None:
    assert plan({"retention": {"corpora": ["d"]}}).reported == ["c"]
    assert plan({"retention": {"corpora": ["c", "d"]}}).reported == ["c"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"corpora": ["e"]}, "training.variants.one.selection.retention.corpora: no corpus 'e'"),
        ({"corpora": ["c"]}, "one.selection.retention.corpora: the variant is trained on c: name other corpora"),
        ({"corpora": []}, "selection.retention.corpora"),
        ({"corpora": ["d"], "max_loss": -1}, "selection.retention.max_loss"),
    ],
)
def test_faults_are_one_line(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as raised:
        plan({"retention": settings})
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
