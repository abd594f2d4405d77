"""The stage check: its settings, and what it needs. Its run is tested in tests/workflow/test_export.py."""

from pathlib import Path

import pytest

from checked_config import parsed
from listill.errors import UserError
from listill.settings.students import Student
from listill.stages import check
from listill.stages.job import Job

VARIANTS = {
    "training": {
        "seeds": 2,
        "variants": {"v": {"losses": {"infonce": 1}, "tower": "query"}, "w": {"losses": {"infonce": 1}}},
    }
}


def test_settings() -> None:
    settings = parsed(**VARIANTS, joint={"both": {"corpora": ["c"], "student": "s", "variant": "v"}})
    assert [check.settings(settings, "c", name).query_only for name in ("s.v", "s.v-seed2", "s.w", "s.both")] == [
        *(True, True, False, True)
    ]
    assert check.settings(settings, "c", "s.v").student == settings.students["s"]


def test_the_model_is_needed(tmp_path: Path) -> None:
    settings = check.CheckStage(system="s.v", student=Student(model="m"))
    files = [tmp_path / name for name in ("corpus", "topics", "qrels", "queries", "runs", "base", "out")]
    with pytest.raises(UserError, match=r"s\.v: pass the folder of the trained model with --model"):
        check.run(settings, Job("check", "f", {}, settings, 1), *files)
