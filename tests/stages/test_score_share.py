"""The share that the name of an output tells. Whole shares are scored in workflow/test_score_shares.py."""

from pathlib import Path

import pytest

from listill.errors import UserError
from listill.stages.score_share import share_of


def test_the_name_tells_the_share() -> None:
    assert share_of(Path("results/c/scored/2-of-12.done")) == (2, 12)


@pytest.mark.parametrize("name", ["scores.parquet", "0-of-2.done", "3-of-2.done", "1-of-2-of-3.done"])
def test_a_name_that_is_no_share(name: str) -> None:
    with pytest.raises(UserError, match=rf"^scored/{name}: its name is no share of the scores: call it 1-of-4.done"):
        share_of(Path("scored") / name)
