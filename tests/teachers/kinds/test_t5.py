"""T5 rerankers: the logits of one decoding step equal those of the first generated token."""

from pathlib import Path

import numpy as np
import pytest

import tiny_rerankers
from listill.errors import UserError
from listill.frozen import parse
from listill.teachers.kinds.t5 import T5
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import member, monot5, rankt5


@pytest.mark.parametrize("tied", [True, False])
@pytest.mark.parametrize(("format", "reference"), [("rankt5", rankt5), ("monot5", monot5)])
def test_the_score_equals_that_of_the_first_generated_token(
    format: str, reference: object, tied: bool, pairs: Pairs, fresh: Resources, tmp_path: Path
) -> None:
    folder = tiny_rerankers.t5(tmp_path / "model", tied=tied)
    settings = member(kind="t5", model=str(folder), format=format, precision="fp32", max_length=256)
    first = Pairs(pairs.collection, pairs.queries, pairs.query[:6], pairs.text[:6], pairs.edited)
    texts = zip(first.query, first.texts(first.text), strict=True)
    expected = [reference(folder, first.queries[q], text) for q, text in texts]  # type: ignore[operator]
    np.testing.assert_allclose(settings.score(first, fresh), expected, atol=1e-4)


def test_an_unknown_model_needs_a_format_or_a_prompt() -> None:
    with pytest.raises(UserError, match="model m is not a known model") as caught:
        parse(T5, {"kind": "t5", "model": "m"}, "teacher")
    assert "rankt5, monot5, mmarco-mt5" in str(caught.value)
