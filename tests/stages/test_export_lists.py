"""The stage export_lists: its settings. Its run is tested in tests/workflow/test_export.py."""

from checked_config import parsed
from listill.stages import export_lists


def test_settings() -> None:
    stage = export_lists.settings(parsed(export={"formats": ["pylate"]}), "c", "s.v")
    assert (stage.name, stage.formats) == ("s.v", ["pylate"])
