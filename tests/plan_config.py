"""A config for the tests of the plan."""

import copy
from typing import Any

from listill.plan import Plan

CONFIG: dict[str, Any] = {
    "seed": 1,
    "corpora": {
        "c": {"source": {"kind": "beir", "path": "/nowhere/c"}},
        "d": {"source": {"kind": "beir", "path": "/nowhere/d"}},
    },
    "students": {"s": {"model": "m"}, "t": {"model": "n"}},
    "mining": {"additional": {"extra": {"kind": "dense", "model": "e"}}},
    "training": {"variants": {"one": {"losses": {"listwise": 1}}, "two": {"losses": {"infonce": 1}}}},
}
MODEL = {"kind": "vllm", "model": "m"}
RERANKER = {"kind": "cross_encoder", "model": "org/model"}


def asking(**generation: Any) -> Plan:
    """Return the plan of a config whose queries a language model writes."""
    return Plan({**CONFIG, "generation": {"generator": MODEL, **generation}})


# Every stage of corpus c but the report, whose settings are the whole config.
ALL = [
    *(
        "corpus",
        "queries",
        "encode.s",
        "encode.t",
        "encode.extra",
        "candidates",
        "search.bm25",
        "search.s",
    ),
    *("search.s.one", "fuse.s+bm25", "rerank", "gate", "scores", "lists.s", "lists.t"),
    *("train.s.one", "train.s.two", "train.t.one", "evaluate"),
]


def changed(key: str, value: Any, base: dict[str, Any] = CONFIG) -> dict[str, Any]:
    """Return the config with the key at a dotted place set to another value."""
    config = copy.deepcopy(base)
    place = config
    *way, last = key.split(".")
    for part in way:
        place = place.setdefault(part, {})
    place[last] = value
    return config
