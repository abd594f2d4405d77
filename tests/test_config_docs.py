"""The generated schema and docs agree with the code, and the shipped configs are valid."""

import importlib
import pkgutil
import re
import shutil
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest
import yaml

from listill import config_docs, families, settings, tables
from listill.plan import Plan
from listill.schemas import SCHEMAS, TABLES
from listill.section import Section
from listill.settings.config import Settings

ROOT = Path(__file__).parents[1]
CONFIGS = sorted((ROOT / "config").glob("*.yaml"))
MEMBERS = ["sources", "generators", "retrievers", "teachers"]  # the families whose members are settings
MODULES = [
    importlib.import_module(f"listill.settings.{module.name}") for module in pkgutil.iter_modules(settings.__path__)
]
MODULES += [families.load(family, name) for family in MEMBERS for name in families.names(family)]
SECTIONS = {
    member.__name__
    if member.__module__.startswith("listill.settings")
    else f"{member.__module__}.{member.__name__}": member
    for module in MODULES
    for member in vars(module).values()
    if isinstance(member, type) and issubclass(member, Section)
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


def test_text_around_the_tables_is_kept(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"before\n{config_docs.START}\nOUTDATED\n{config_docs.END}\nafter\n")
    text = config_docs.files(tmp_path)[tmp_path / "README.md"]
    assert text.startswith("before\n")
    assert text.endswith(f"{config_docs.END}\nafter\n")
    assert "OUTDATED" not in text


def test_all_sections_of_the_schema_are_known() -> None:
    classes = {member.__name__ for member in SECTIONS.values()}
    assert {name.rpartition("__")[2] for name in config_docs.schema()["$defs"]} <= classes
    assert {"Beir", "Extractive", "Vllm", "Causal", "T5", "Variant", "Settings"} <= classes


@pytest.mark.parametrize("name", SECTIONS)
def test_every_field_is_described(name: str) -> None:
    assert SECTIONS[name].__doc__
    # The ``kind`` of a base class is any string and not a key of the config; its members describe their ``kind``.
    keys = {
        key: field for key, field in SECTIONS[name].model_fields.items() if (key, field.annotation) != ("kind", str)
    }
    assert [key for key, field in keys.items() if not field.description] == []


def test_every_key_is_in_the_readme() -> None:
    readme = (ROOT / "config" / "README.md").read_text()
    rows = set(re.findall(r"^\| `([^`]+)` \|", readme, flags=re.MULTILINE))
    assert {path for path, _ in _paths(Settings, "")} <= rows
    # A member of each family, and a key three levels down.
    assert {"corpora.<name>.source.id", "generation.generator.dropout", "teacher.members.<name>.student"} <= rows
    assert "training.temperatures.teacher" in rows


def _paths(model: type[Section], prefix: str) -> list[tuple[str, Any]]:
    """Return the keys of a section and of its subsections, except for alternatives and maps."""
    paths: list[tuple[str, Any]] = []
    for key, field in model.model_fields.items():
        paths.append((f"{prefix}{key}", field))
        annotation = field.annotation
        if isinstance(annotation, type) and issubclass(annotation, Section):
            paths += _paths(annotation, f"{prefix}{key}.")
    return paths


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
def test_the_schema_rejects_what_the_settings_reject(change: dict[str, Any]) -> None:
    assert list(validator().iter_errors(MINIMAL)) == []
    assert list(validator().iter_errors(MINIMAL | change)) != []


def test_the_tables_page_has_every_column() -> None:
    sections = re.split(r"^## (\w+)$", (ROOT / "docs" / "tables.md").read_text(), flags=re.MULTILINE)[1:]
    written = {
        name: re.findall(r"^\| `([^`]+)` \|", text, flags=re.MULTILINE)
        for name, text in zip(sections[::2], sections[1::2], strict=True)
    }
    assert written == {name: schema.names for name, schema in SCHEMAS.items()}


def test_the_tables_page_has_files_and_descriptions() -> None:
    page = config_docs.tables_page()
    assert "strings in files" in page
    assert "zstd" in page
    assert f"metadata key `{tables.METADATA.decode()}`" in page
    runs = page.partition("## runs\n")[2].partition("\n## ")[0]
    assert "Files: `runs/<system>.parquet`, `retention/<other corpus>/runs/<system>.parquet`\n" in runs
    assert TABLES["runs"].about in runs
    assert "| `rank` | integer (32 bits) | 1 for the best document of a query |" in runs
    assert "| `other_ids` | list of text | ids of the scored candidates that the list leaves out (optional) |" in page
    assert page.startswith("# Tables\n")
    assert not re.search(r"<(?![^`\n]*`)", page), "angle brackets outside code would be HTML"


@pytest.mark.parametrize(
    ("data_type", "expected"),
    [
        (pa.string(), "text"),
        (pa.int64(), "integer (64 bits)"),
        (pa.float32(), "number (32 bits)"),
        (pa.list_(pa.string()), "list of text"),
        (pa.list_(pa.float32()), "list of number (32 bits)"),
    ],
    ids=str,
)
def test_types_of_columns_are_described(data_type: pa.DataType, expected: str) -> None:
    assert config_docs.column_type(data_type) == expected


def test_check_mode_includes_the_tables_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(config_docs, "DOCS", tmp_path)
    monkeypatch.setattr(sys, "argv", ["config_docs", "--check"])
    with pytest.raises(SystemExit, match=r"^\S*tables\.md: out of date; run python -m listill\.config_docs$"):
        config_docs.main()
    monkeypatch.setattr(sys, "argv", ["config_docs"])
    config_docs.main()
    assert (tmp_path / "tables.md").read_text() == config_docs.tables_page()


def test_code_in_a_description_is_not_escaped() -> None:
    assert config_docs._plain("a <b> and `<c>` and <d>") == "a &lt;b> and `<c>` and &lt;d>"
