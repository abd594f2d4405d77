"""The names of shares, and the parts of the work that they tell."""

from pathlib import Path

import pytest

from listill.errors import UserError
from listill.shares import names, share_of


@pytest.mark.parametrize("shares", [1, 2, 12])
def test_the_names_tell_shares_that_are_all_the_parts_once(shares: int) -> None:
    parts = list(range(25))
    taken = [parts[share_of(Path(f"results/c/scored/{name}.done"))] for name in names(shares)]
    assert len(taken) == shares
    assert sorted(part for share in taken for part in share) == parts


@pytest.mark.parametrize("name", ["scores.parquet", "0-of-2.done", "3-of-2.done", "1-of-2-of-3.done"])
def test_a_name_that_is_no_share(name: str) -> None:
    with pytest.raises(UserError, match=rf"^scored/{name}: its name is not that of a share: call it 1-of-4.done"):
        share_of(Path("scored") / name)
