"""A config for the tests of the plan."""

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
