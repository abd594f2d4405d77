"""A wrong name of the output. Whole shares are scored in workflow/test_shares.py, their parts in teachers/test_parts.py."""

from pathlib import Path

import pytest

from listill.errors import UserError
from listill.stages.job import Job
from listill.stages.score_share import ScoreStage, run


def test_a_wrong_name_is_refused_before_anything_is_read(tmp_path: Path) -> None:
    none = tmp_path / "none.parquet"
    with pytest.raises(UserError, match=r"3-of-2.done: its name is not that of a share"):
        run(ScoreStage(), Job("score_share", "f", {}, ScoreStage(), 1), none, none, none, tmp_path / "3-of-2.done")
