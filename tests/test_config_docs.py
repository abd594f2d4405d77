"""The schema and the tables of keys are what the settings say, and the configs that we ship obey them."""

import re
import shutil
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from listill import config_docs, settings, tables
from listill.plan import Plan
from listill.section import Section

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))
SECTIONS = {
    name: member for name, member in vars(settings).items() if isinstance(member, type) and issubclass(member, Section)
}
MINIMAL = {"corpora": {"c": {"source": {"kind": "files", "path": "x.jsonl"}}}, "students": {"s": {"model": "m"}}}


def test_files_are_up_to_date() -> None:
    assert config_docs.outdated() == []


def test_check_mode_names_what_is_out_of_date(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("README.md", "schema.json"):
        shutil.copy(ROOT / "config" / name, tmp_path)
    monkeypatch.setattr(config_docs, "CONFIG", tmp_path)
    monkeypatch.setattr(sys, "argv", ["config_docs", "--check"])
    config_docs.main()
    (tmp_path / "schema.json").write_text("{}")
    with pytest.raises(SystemExit, match=r"^\S*schema\.json: out of date; run python -m listill\.config_docs$"):
        config_docs.main()
    monkeypatch.setattr(sys, "argv", ["config_docs"])
    config_docs.main()
    assert config_docs.outdated() == []
    assert capsys.readouterr().out.count("written") == 1


def test_words_around_the_tables_stay(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"before\n{config_docs.START}\nOUTDATED\n{config_docs.END}\nafter\n")
    text = config_docs.files(tmp_path)[tmp_path / "README.md"]
    assert text.startswith("before\n")
    assert text.endswith(f"{config_docs.END}\nafter\n")
    assert "OUTDATED" not in text


@pytest.mark.parametrize("name", SECTIONS)
def test_every_field_is_described(name: str) -> None:
    assert SECTIONS[name].__doc__
    assert [key for key, field in SECTIONS[name].model_fields.items() if not field.description] == []


def test_every_key_has_its_row() -> None:
    readme = (ROOT / "config" / "README.md").read_text()
    rows = set(re.findall(r"^\| `([^`]+)` \|", readme, flags=re.MULTILINE))
    assert {path for path, _ in _paths(settings.Settings, "")} <= rows
    # A member of each family and a key three levels down.
    assert {"corpora.<name>.source.id", "generation.generator.dropout", "teacher.members.<name>.student"} <= rows
    assert "training.temperatures.teacher" in rows


def _paths(model: type[Section], prefix: str) -> list[tuple[str, Any]]:
    """The keys of sections that stand in the model directly."""
    found: list[tuple[str, Any]] = []
    for key, field in model.model_fields.items():
        found.append((f"{prefix}{key}", field))
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, Section):
            found += _paths(kind, f"{prefix}{key}.")
    return found


def validator() -> jsonschema.Draft202012Validator:
    schema = config_docs.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    return jsonschema.Draft202012Validator(schema)


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.name)
def test_shipped_configs_are_valid(path: Path) -> None:
    text = path.read_text()
    assert text.startswith("# yaml-language-server: $schema=schema.json\n")
    assert [error.message for error in validator().iter_errors(yaml.safe_load(text))] == []
    Plan(yaml.safe_load(text), str(path))


@pytest.mark.parametrize(
    "change",
    [
        {"sede": 1},
        {"mining": {"bm25": {"k2": 1}}},
        {"mining": {"depth": 0}},
        {"students": {"a name": {"model": "m"}}},
        {"students": {}},
        {"generation": {"generator": {"kind": "extractive", "path": "x"}}},
        {"training": {"variants": {"v": {"learning_rat": 1}}}},
        {"training": {"losses": {"kl": 1}}},
        {"teacher": {"members": {"t": {"kind": "bm25", "student": "s"}}}},
    ],
    ids=str,
)
def test_schema_refuses_what_the_settings_refuse(change: dict[str, Any]) -> None:
    assert list(validator().iter_errors(MINIMAL)) == []
    assert list(validator().iter_errors(MINIMAL | change)) != []


def test_design_names_every_column() -> None:
    rows = re.findall(r"^\| `(\w+)` \|[^|]+\|([^|]+)\|", (ROOT / "docs" / "design.md").read_text(), flags=re.MULTILINE)
    written = {name: re.findall(r"`([^`]+)`", columns) for name, columns in rows if name in SCHEMAS}
    assert written == {name: schema.names for name, schema in SCHEMAS.items()}
