"""The index that mining searches with."""

import pytest

from listill.errors import UserError
from listill.plan import Plan
from plan_config import CONFIG


def frozen(**index: object) -> tuple[str, str]:
    plan = Plan({**CONFIG, "mining": {"index": index}})
    return plan.frozen(plan.corpora[0], "candidates"), plan.frozen(plan.corpora[0], "gate")


def test_only_the_candidates_depend_on_it() -> None:
    (exact, gate), (ivf, same_gate) = frozen(), frozen(method="ivf", probes=9)
    assert exact != ivf
    assert gate == same_gate


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(UserError, match=r"mining.index.method: should be 'exact', 'ivf' or 'hnsw', not 'faiss'"):
        frozen(method="faiss")
