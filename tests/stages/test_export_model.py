"""The stage export_model: its settings, and what it needs. Its run is tested in tests/workflow/test_export.py."""

from pathlib import Path

import pytest

from checked_config import parsed
from listill.errors import UserError
from listill.settings.students import Student
from listill.stages import export_model
from listill.stages.job import Job


def test_settings_describe_what_the_model_was_made_with() -> None:
    settings = parsed(
        students={"s": {"model": "org/base"}},
        teacher={"members": {"words": {"kind": "bm25"}, "cross": {"kind": "cross_encoder", "model": "org/reranker"}}},
        generation={"generator": {"kind": "transformers", "model": "org/writer"}},
        training={
            "variants": {"v": {"losses": {"infonce": 1}}, "w": {"losses": {"infonce": 1}, "teachers": ["words"]}}
        },
        export={"licence": "mit", "onnx": False},
    )
    stage = export_model.settings(settings, "c", "s.v")
    assert stage.teachers == {"words (bm25)": None, "cross (cross_encoder)": "org/reranker"}
    assert (stage.source, stage.generator) == ("beir", "transformers org/writer")
    assert (stage.licence, stage.onnx, stage.language) == ("mit", False, "english")
    assert export_model.settings(settings, "c", "s.w").teachers == {"words (bm25)": None}


def test_facts_tell_no_folders() -> None:
    settings = export_model.ExportModelStage(
        student=Student(model="/home/me/base"),
        teachers={"cross (cross_encoder)": "/home/me/reranker", "words (bm25)": None},
    )
    facts = export_model._facts(settings, "c")
    assert facts["teachers"] == "cross (cross_encoder): reranker, words (bm25)"
    assert facts["licence"] == (
        "No licence was chosen for this model. See the cards of base, reranker. The texts of the corpus have licences of "
        "their own."
    )


def test_the_model_is_needed(tmp_path: Path) -> None:
    settings = export_model.ExportModelStage(system="s.v", student=Student(model="m"))
    files = [tmp_path / name for name in ("corpus", "topics", "qrels", "queries", "summary", "checks", "out")]
    with pytest.raises(UserError, match=r"s\.v: pass the folder of the trained model with --model"):
        export_model.run(settings, Job("export_model", "f", {}, settings, 1), *files)
