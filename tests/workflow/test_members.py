"""A member of each family as one small file outside the package, used through the real Snakefile without another edit."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest

import tiny

MEMBERS = Path(__file__).parents[1] / "members"
FAMILIES = {
    "sources": "lines",
    "generators": "first_words",
    "retrievers": "overlap",
    "teachers": "jaccard",
    "losses": "hinge",
    "formats": "pairs",
}


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory, tiny_model: Path) -> dict[str, Any]:
    """A config in which every family has a member from outside the package."""
    path = tmp_path_factory.mktemp("lines") / "corpus.txt"
    path.write_text("".join(f"{row['text']}\n" for row in tiny.tiny_documents()))
    settings = flow.config(path, tiny_model)
    settings["corpora"] = {flow.CORPUS: {"source": {"kind": "lines", "path": str(path)}, "heldout": 3}}
    settings["generation"] = {"generator": {"kind": "first_words", "words": 6}}
    settings["mining"]["additional"] = {"words": {"kind": "overlap"}}
    settings["teacher"]["members"] = {"alike": {"kind": "jaccard"}}
    settings["training"]["variants"] = {"hinge": {"losses": {"hinge": 1}}}
    settings["training"]["lists"] |= {"retrievers": "all", "top1": False}
    return settings


@pytest.fixture(scope="module", autouse=True)
def members(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A copy of the toys, which LISTILL_MEMBERS names."""
    folder = Path(shutil.copytree(MEMBERS, tmp_path_factory.mktemp("outside") / "members"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTILL_MEMBERS", str(folder))
        yield folder


@pytest.fixture(scope="module")
def finished(settings: dict[str, Any], members: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run with these members."""
    folder = tmp_path_factory.mktemp("members")
    flow.make(folder, settings)
    return folder


def test_every_family_has_a_toy_of_one_small_file() -> None:
    for family, name in FAMILIES.items():
        lines = (MEMBERS / family / f"{name}.py").read_text().splitlines()
        assert len(lines) < 60, (family, name)


def test_a_whole_run(finished: Path) -> None:
    def read(name: str) -> pd.DataFrame:
        return pd.read_parquet(flow.results(finished) / f"{name}.parquet")

    assert read("corpus")["doc_id"].iloc[0] == "line1"
    assert set(read("queries")["generator"]) == {"first_words"}
    assert "words" in set(read("candidates")["retriever"])
    assert set(read("scores")["teacher"]) == {"alike"}
    losses = read("models/small/hinge/losses")
    assert set(losses["name"]) == {"hinge"}
    assert losses["value"].notna().all()
    history = read("models/small/hinge/history").query("split == 'train'")
    assert history["loss"].to_numpy() == pytest.approx(losses["value"].to_numpy(), rel=1e-6)
    assert "small.hinge" in set(read("summary")["system"])


def test_a_format_of_training_lists(settings: dict[str, Any], finished: Path) -> None:
    only = flow.changed(settings, "export.formats", ["pairs"])
    flow.make(finished, only, "results/tiny/export/lists/small/README.md")
    folder = flow.results(finished) / "export" / "lists" / "small"
    lists = pd.read_parquet(flow.results(finished) / "lists" / "small.parquet")
    lines = (folder / "pairs" / "pairs.tsv").read_text().splitlines()
    assert len(lines) >= len(lists)
    assert {path.name for path in folder.iterdir()} == {"README.md", "pairs"}


def test_a_changed_member_reruns_the_stages_that_use_it(
    settings: dict[str, Any], finished: Path, members: Path
) -> None:
    rules = ["train_student", "score_candidates", "mine_candidates", "generate_queries", "make_corpus"]
    families = ["losses", "teachers", "retrievers", "generators", "sources"]  # from the last stage to the first
    assert not flow.scheduled(finished, settings)
    for i, family in enumerate(families):
        path = members / family / f"{FAMILIES[family]}.py"
        path.write_text(path.read_text() + "# edited\n")
        scheduled = flow.scheduled(finished, settings)
        assert [rule for rule in rules if rule in scheduled] == rules[: i + 1]


def test_a_broken_member_is_one_clear_line(
    settings: dict[str, Any], members: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = Path(shutil.copytree(members, tmp_path / "broken"))
    (broken / "teachers" / "jaccard.py").write_text("import nothing_of_this_name\n")
    monkeypatch.setenv("LISTILL_MEMBERS", str(broken))
    done = flow.run(tmp_path, settings, "--dry-run")
    assert done.returncode != 0
    assert "teachers/jaccard.py cannot be imported: ModuleNotFoundError" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
