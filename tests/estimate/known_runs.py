"""The numbers of two finished runs, which the estimate is held against.

The demo: 27 November 2026, 2 cores of an Intel Xeon with AMX, beside other processes. SciFact: ``unlabelled.yaml`` with
six seeds and a second student, on an H200.
"""

from typing import Any

import numpy as np
import yaml
from flow import ROOT

from listill.estimate.counts import counts
from listill.estimate.jobs import OneCorpus
from listill.estimate.models import Size
from listill.estimate.statistics import Statistics
from listill.plan import Plan

MINILM = Size(weights=22_713_216, computed=10_800_000, layers=6, hidden=384, limit=48)
# Most documents are longer than the 48 tokens that are read; 47 on average.
DEMO = Statistics(
    documents=2854,
    characters=2_434_497,
    trainable=2700,
    relevant=340,
    heldout={"heldout": 50},
    topics={"train": 361, "dev": 172, "test": 581},
    lengths=np.array([200] * 9 + [25]),
    query_lengths=np.array([12]),
)
# What the jobs of the demo took: seconds, and the largest resident memory in bytes.
DEMO_MEMORY = {
    "corpus": 213e6,
    "queries": 267e6,
    "encode.minilm": 911e6,
    "candidates": 822e6,
    "gate": 905e6,
    "scores": 968e6,
    "rerank": 1012e6,
    "lists.minilm": 211e6,
    "train.minilm.listwise": 1706e6,
    "search.bm25": 246e6,
    "search.minilm": 820e6,
    "evaluate": 271e6,
}
DEMO_DISK = {
    "corpus": 602_918,
    "queries": 26_360,
    "candidates": 146_998,
    "scores": 354_017 + 20 * 44_709,
    "search.bm25": 524_702,
    "fuse.minilm+bm25": 293_665,
}


def demo() -> OneCorpus:
    """Return the demo's corpus with the numbers that the estimate gives it."""
    plan = Plan(yaml.safe_load((ROOT / "config" / "config.yaml").read_text()))
    return OneCorpus(plan, "python_api", DEMO, counts(plan.settings, "python_api", DEMO), {"minilm": MINILM})


SCIFACT = Statistics(
    documents=5183,
    characters=7_765_358,
    trainable=4900,
    relevant=0,
    heldout={"heldout": 50, "dev": 50},
    topics={"test": 300},
    lengths=np.array([330]),
    query_lengths=np.array([15]),
)


def scifact() -> OneCorpus:
    """Return SciFact with three retrievers, four teachers and six types of queries by a language model."""
    settings: dict[str, Any] = {
        "corpora": {"scifact": {"source": {"kind": "beir", "path": "scifact"}, "heldout": 50}},
        "students": {"minilm": {"model": "there"}, "bge": {"model": "there"}},
        "generation": {
            "generator": {"kind": "transformers", "model": "there"},
            "passages": 1500,
        },
        "mining": {"depth": 10, "consistency": {"top": 10}},
        "teacher": {
            "members": {
                "bge": {"kind": "dense"},
                "cross": {"kind": "cross_encoder", "model": "there"},
                "maxsim": {"kind": "late_interaction"},
                "bm25": {"kind": "bm25"},
            }
        },
    }
    plan = Plan(settings)
    return OneCorpus(plan, "scifact", SCIFACT, counts(plan.settings, "scifact", SCIFACT), {})


def near(estimated: float, measured: float, factor: float = 1.5) -> bool:
    """Tell whether two positive numbers differ by no more than a factor."""
    return 1 / factor <= estimated / measured <= factor
