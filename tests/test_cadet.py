"""config/cadet-general.yaml against the constants of the second paper's general model, as they reach the stages.

The constants are those of training_scripts/train_general_e5_listwise.py in manveertamber/cadet-dense-retrieval (b2f0831),
and of the model card of cadet-embed-base-v1 (revision 0f8d867).
"""

import json
from pathlib import Path
from typing import Any

import ir_datasets
import pytest
import yaml

from listill.plan import Plan

FILE = Path(__file__).parents[1] / "config" / "cadet-general.yaml"
PLAN = Plan(yaml.safe_load(FILE.read_text()), str(FILE))
TAUGHT = {"dbpedia-entity": 100_000, "climate-fever": 100_000, "msmarco": 200_000}
STEPS_PER_EPOCH, EPOCHS = 406, 30  # 1.85 million queries that survive, 4,096 in a step


def frozen(corpus: str, stage: str) -> dict[str, Any]:
    settings: dict[str, Any] = json.loads(PLAN.frozen(corpus, stage))
    return settings


def test_one_student_of_three_corpora_takes_turns() -> None:
    assert PLAN.jointly_trained == ["e5.cadet"]
    assert PLAN.trained == []
    joint = frozen("joint", "joint.cadet")
    assert set(joint["corpora"]) == set(TAUGHT)
    assert joint["turns"]["order"] == "alternate"
    recipe = joint["recipe"]
    assert recipe["losses"] == {"listwise": 1.0, "infonce": 0.1}
    assert (recipe["batch"], recipe["learning_rate"], recipe["epochs"]) == (4096, 2e-4, EPOCHS)
    assert round(recipe["warmup"] * STEPS_PER_EPOCH * EPOCHS) in (19, 20)
    assert recipe["temperatures"]["teacher"] == 0.3
    assert recipe["selection"]["base"] is False
    assert joint["student"]["model"] == "intfloat/e5-base-unsupervised"
    assert joint["student"]["max_length"] == 512


@pytest.mark.parametrize("corpus", PLAN.corpora)
def test_only_the_corpora_of_the_training_get_train_queries(corpus: str) -> None:
    ask = frozen(corpus, "ask.1-of-1")
    assert ask["passages"] == TAUGHT.get(corpus, 0)
    assert frozen(corpus, "corpus")["corpus"]["heldout"] == (100 if corpus in TAUGHT else 0)
    assert ("teacher" in PLAN.systems_on(corpus)) == (corpus in TAUGHT)
    assert "e5.cadet" in PLAN.systems_on(corpus)


def test_the_lists_hold_the_candidates_of_three_retrievers_scored_by_two_teachers() -> None:
    mining = frozen("msmarco", "candidates")["mining"]
    assert mining["depth"] == 20
    assert set(mining["additional"]) == {"bge", "gte", "snowflake"}
    assert frozen("msmarco", "candidates")["bm25"] is False
    assert mining["consistency"] == {"top": 20, "require": "any"}
    lists = frozen("msmarco", "lists.e5")
    assert lists["lists"]["retrievers"] == "all"
    assert (lists["lists"]["length"], lists["lists"]["choose"], lists["lists"]["top1"]) == (20, "top", True)
    assert lists["weights"] == {"rankt5": 1.0, "gemma": 1.0}
    assert lists["normalise"] == "percentile"


def test_every_corpus_is_in_the_registry_of_ir_datasets() -> None:
    for name, corpus in PLAN.settings.corpora.items():
        source = corpus.source.model_dump()
        for dataset in [source["id"], *(source["splits"] or {}).values()]:
            assert dataset in ir_datasets.registry, name
