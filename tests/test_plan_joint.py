"""Joint trainings in the plan: their names, files and settings."""

from typing import Any

import pytest

from listill.plan import Plan
from plan_config import ALL, CONFIG, changed

BOTH: dict[str, Any] = {"corpora": ["d", "c"], "student": "s", "variant": "one"}
WITH_JOINT: dict[str, Any] = {**CONFIG, "joint": {"both": BOTH}}


def joint(key: str = "seed", value: Any = 1) -> Plan:
    """Return the plan with a joint training of both corpora, and one key changed."""
    return Plan(changed(key, value, WITH_JOINT))


def test_names_of_joint_trainings() -> None:
    plan = joint("training.seeds", 2)
    assert plan.joint == ["both", "both-seed2"]
    assert plan.jointly_trained == ["s.both", "s.both-seed2"]
    for corpus in ("c", "d"):
        assert {"s.both", "s.both-seed2+bm25", "s.one"} <= set(plan.systems_on(corpus))
    assert "s.both" in plan.searching
    assert "s.both" not in plan.trained
    assert Plan(CONFIG).joint == []


def test_files_of_a_joint_training() -> None:
    """One of each corpus, in the order of its corpora."""
    files = joint().joint_files("both-seed2")
    assert files["corpus"] == ["results/d/corpus.parquet", "results/c/corpus.parquet"]
    assert files["lists"] == ["results/d/lists/s.parquet", "results/c/lists/s.parquet"]
    assert files["embeddings"] == ["results/d/embeddings/s.parquet", "results/c/embeddings/s.parquet"]
    assert "guide" not in files
    own = joint(
        "training.variants.one", {"lists": {"length": 3}, "negatives": {"guide": "t"}, "losses": {"infonce": 1}}
    )
    assert own.joint_files("both")["lists"] == ["results/d/lists/s.one.parquet", "results/c/lists/s.one.parquet"]
    assert own.joint_files("both")["guide"] == ["results/d/embeddings/t.parquet", "results/c/embeddings/t.parquet"]


def test_a_joint_training_has_the_sizes_of_its_variant() -> None:
    config = changed("training.variants.one", {"matryoshka": [8]})
    config["training"]["seeds"] = 2
    config["joint"] = {"all": {"corpora": ["c", "d"], "student": "s", "variant": "one"}}
    systems = Plan(config).systems_on("c")
    assert [name for name in systems if "all" in name and "@" in name] == ["s.all@8", "s.all-seed2@8"]


def test_a_jointly_trained_query_tower_searches_the_embeddings_of_the_base_model() -> None:
    assert not joint().keeps_documents("both-seed2")
    assert joint("training.variants.one.tower", "query").keeps_documents("both")


@pytest.mark.parametrize(
    ("key", "value", "touched"),
    [
        ("joint.both.order", "proportional", True),
        ("joint.both.corpora", ["c"], True),
        ("training.variants.one.epochs", 3, True),
        ("training.variants.two.epochs", 3, False),
        ("students.s.max_length", 8, True),
        ("students.t.max_length", 8, False),
        ("corpora.c.heldout", 3, False),  # its files change
        ("joint.other", BOTH, False),
    ],
)
def test_what_a_joint_training_depends_on(key: str, value: Any, touched: bool) -> None:
    before, after = joint(), joint(key, value)
    assert (before.frozen("joint", "joint.both") != after.frozen("joint", "joint.both")) is touched
    if key.startswith("joint"):
        assert all(before.frozen("c", stage) == after.frozen("c", stage) for stage in ALL)


def test_tasks_of_mteb() -> None:
    """Base models are measured once for all corpora, joint trainings with their first; those of queries only are not."""
    plan = Plan(
        {
            **CONFIG,
            "training": {"variants": {**CONFIG["training"]["variants"], "asked": {"tower": "query"}}},
            "joint": {"both": {"corpora": ["d", "c"], "student": "s", "variant": "one"}},
            "evaluation": {"mteb": ["SciFact"]},
        }
    )
    assert plan.probed("c") == ["s", "t", "s.one", "s.two", "t.one", "t.two"]
    assert plan.probed("d") == ["s", "t", "s.one", "s.two", "t.one", "t.two", "s.both"]
    assert plan.mteb_files("d")[:3] == [f"results/{name}.parquet" for name in ("c/mteb/s", "c/mteb/t", "d/mteb/s.one")]
    assert plan.trained_model("d", "s.both") == ["results/joint/both/modules.json"]
    assert plan.trained_model("d", "s.one") == ["results/d/models/s/one/modules.json"]
    assert plan.trained_model("d", "s") == []
    assert Plan(CONFIG).mteb_files("c") == []
