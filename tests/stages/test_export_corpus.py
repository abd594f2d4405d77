"""The stage export_corpus: its settings. Its run is tested in tests/workflow/test_export.py."""

from checked_config import parsed
from listill.stages import export_corpus


def test_settings() -> None:
    assert export_corpus.settings(parsed(export={"formats": ["trec"]}), "c").formats == ["trec"]
