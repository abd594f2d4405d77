"""Generate config/schema.json and config/README.md from the settings, and docs/tables.md from ``schemas``.

The generated files always agree with the code.

python -m listill.config_docs            write the files
python -m listill.config_docs --check    write nothing; exit with status 1 if a file is out of date
"""

import argparse
import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import yaml

from listill.schemas import TABLES, Table
from listill.settings.config import Settings

CONFIG = Path(__file__).parents[2] / "config"
DOCS = Path(__file__).parents[2] / "docs"
START, END = "<!-- keys: made by python -m listill.config_docs -->", "<!-- end of keys -->"
DIALECT = "https://json-schema.org/draft/2020-12/schema"
Node = dict[str, Any]


def schema() -> Node:
    """Return the JSON Schema of the config."""
    title = {"$schema": DIALECT, "title": "listill config"}
    return title | {key: value for key, value in _tidy(Settings.model_json_schema()).items() if key != "title"}


def _tidy(node: Any) -> Any:
    """Return the schema without the titles and null defaults of pydantic, and with strict key patterns in maps."""
    if isinstance(node, list):
        return [_tidy(item) for item in node]
    if not isinstance(node, dict):
        return node
    tidied = {key: _tidy(value) for key, value in node.items() if not (key == "title" and isinstance(value, str))}
    if "default" in tidied:
        tidied["default"] = _without_nulls(tidied["default"])
        if tidied["default"] is None:
            del tidied["default"]
    if "patternProperties" in tidied:
        tidied["additionalProperties"] = False
    return tidied


def _without_nulls(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_nulls(item) for key, item in value.items() if item is not None}
    return value


class Keys:
    """The tables of all keys: one per section, in the order of the settings."""

    def __init__(self, root: Node) -> None:
        self.root = root
        self.sections: dict[str, Node] = root["$defs"]
        self.described: dict[str, str] = {}  # name of a section to the path of its table

    def tables(self) -> str:
        """Return the tables as Markdown."""
        return "\n".join(self._section("", {**self.root, "description": "The top level."}))

    def _section(self, path: str, section: Node) -> Iterator[str]:
        """Yield the lines of a section's table, then those of its subsections."""
        kind = section["properties"].get("kind", {}).get("const")
        yield f"### {_code(path) if path else 'Top level'}{f', kind {_code(kind)}' if kind else ''}\n"
        yield f"{_plain(section['description'])}\n\n| key | type | default | description |\n|---|---|---|---|"
        for key, node in section["properties"].items():
            cells = [
                _code(_join(path, key)),
                self.type(node),
                self.default(key, node, section),
                _plain(node["description"]),
            ]
            yield _row(cells)
        yield ""
        for key, node in section["properties"].items():
            for subpath, name in self.subsections(_join(path, key), node):
                yield from self._subsection(subpath, name)

    def _subsection(self, path: str, name: str) -> Iterator[str]:
        """Yield the table of a section or, if its keys are already described elsewhere, a reference."""
        section = self.sections[name]
        first_path = self.described.setdefault(name, path)
        if name == "Variant":
            shared = self.sections["Training"]["properties"]
            keys = ", ".join(_code(key) for key in section["properties"] if key in shared)
            yield f"### {_code(path)}\n\n{section['description']} A variant can set these keys of `training`: {keys}."
            yield "All other keys, including those of subsections, have the same values as in `training`."
            yield "It can also set:\n"
            yield from [_row(["key", "type", "description"]), "|---|---|---|"]
            for key, node in section["properties"].items():
                if key not in shared:
                    yield _row([_code(_join(path, key)), self.type(node), _plain(node["description"])])
            yield ""
        elif first_path != path and "kind" not in section["properties"]:
            yield f"### {_code(path)}\n\nThe same keys as {_code(first_path)}.\n"
        else:
            yield from self._section(path, section)

    def subsections(self, path: str, node: Node) -> Iterator[tuple[str, str]]:
        """Yield the (path, name) of all sections in a key: the key itself, alternatives, or the values of a map."""
        if "$ref" in node:
            yield path, node["$ref"].rpartition("/")[2]
        for choice in [*node.get("oneOf", []), *node.get("anyOf", [])]:
            yield from self.subsections(path, choice)
        for value in node.get("patternProperties", {}).values():
            yield from self.subsections(f"{path}.<name>", value)

    def type(self, node: Node) -> str:
        """Return the type of a key, or its allowed values, as text."""
        if "$ref" in node:
            return "section"
        if "oneOf" in node:
            return "section, by `kind`: " + ", ".join(_code(kind) for kind in node["discriminator"]["mapping"])
        if "const" in node:
            return _code(node["const"])
        if "enum" in node:
            return ", ".join(map(_code, node["enum"]))
        if "anyOf" in node:
            return " or ".join(self.type(choice) for choice in node["anyOf"])
        if "prefixItems" in node:
            return f"[{', '.join(self.type(item) for item in node['prefixItems'])}]"
        words = {
            "string": "text",
            "boolean": "true or false",
            "number": "number",
            "integer": "integer",
            "null": "null",
        }
        json_type = node["type"]
        if json_type == "array":
            return f"list of {self.type(node['items'])}" + (" (not empty)" if node.get("minItems") else "")
        if json_type == "object":
            return self._map(node)
        return words[json_type] + _limits(node)

    def _map(self, node: Node) -> str:
        if "patternProperties" in node:
            (value,) = node["patternProperties"].values()
            text = f"name: {self.type(value)}"
        else:
            names = node.get("propertyNames", {"type": "string"})
            value = node["additionalProperties"]
            text = f"{self.type(names)}: {'anything' if value is True else self.type(value)}"
        return f"map of {text}" + (" (not empty)" if node.get("minProperties") else "")

    def default(self, key: str, node: Node, section: Node) -> str:
        """Return the default of a key in YAML; empty for a section with its own table."""
        if key in section.get("required", []):
            return "**required**"
        value = node.get("default")
        if "$ref" in node or ("oneOf" in node and value is None):
            return ""
        if "oneOf" in node:
            return _code(f"kind: {node['default']['kind']}")
        text = str(yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=float("inf")))
        return _code(text.split("\n...")[0].strip())


def _limits(node: Node) -> str:
    signs = {"exclusiveMinimum": "above", "minimum": "at least", "exclusiveMaximum": "below", "maximum": "at most"}
    limits = [f"{sign} {node[key]:g}" for key, sign in signs.items() if key in node]
    return f" ({', '.join(limits)})" if limits else ""


def _plain(text: str) -> str:
    """Return a description as Markdown: angle brackets outside code are escaped."""
    parts = text.split("`")
    return "`".join(part if i % 2 else part.replace("<", "&lt;") for i, part in enumerate(parts))


def _code(text: Any) -> str:
    return f"`{text}`"


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _row(cells: list[str]) -> str:
    return f"| {' | '.join(cell.replace('|', '&#124;') for cell in cells)} |"


TABLES_INTRODUCTION = """# Tables

The columns of every Parquet table that listill writes. This page is generated from `workflow/listill/schemas.py` by
`python -m listill.config_docs`: do not edit it.

- All paths are relative to `results/<corpus>/`.
- The ids of documents and queries are strings in files, even if they look like numbers: `007` stays `007`.
- Tables are Parquet files, compressed with zstd. They are written atomically, so there are no incomplete tables.
- The metadata key `listill` contains JSON: what the file is (`corpus`, `key`), its `fingerprint`, the fingerprints of
  all files that it was derived from (`lineage`), and `details` (the stage, its settings and the package versions).
- Columns are read by name, so their order does not matter. Additional columns are ignored. A column marked as optional
  may be missing. Your own files need no metadata: see [own-data.md](own-data.md).
"""


def tables_page() -> str:
    """Return the text of docs/tables.md: every table with its files and columns."""
    return "\n".join([TABLES_INTRODUCTION, *(_table(name, table) for name, table in TABLES.items())])


def _table(name: str, table: Table) -> str:
    """Return the section of one table."""
    paths = ", ".join(map(_code, table.files.split(", ")))
    rows = [
        _row([_code(column), column_type(data_type), _plain(about) + " (optional)" * (column in table.optional)])
        for column, (data_type, about) in table.columns.items()
    ]
    head = f"## {name}\n\nFiles: {paths}\n\n{_plain(table.about)}\n\n| column | type | description |\n|---|---|---|"
    return "\n".join([head, *rows, ""])


def column_type(data_type: pa.DataType) -> str:
    """Return the type of a column as text; numbers with their width."""
    if pa.types.is_list(data_type):
        return f"list of {column_type(data_type.value_type)}"
    if pa.types.is_string(data_type):
        return "text"
    bits = data_type.bit_width
    return f"integer ({bits} bits)" if pa.types.is_integer(data_type) else f"number ({bits} bits)"


def files(folder: Path | None = None) -> dict[Path, str]:
    """Return the expected content of the files; README.md keeps the text before and after the markers."""
    folder = folder or CONFIG
    config_schema = schema()
    readme = folder / "README.md"
    before, _, rest = readme.read_text(encoding="utf-8").partition(START)
    after = rest.partition(END)[2]
    return {
        folder / "schema.json": json.dumps(config_schema, indent=2, ensure_ascii=False) + "\n",
        readme: f"{before}{START}\n\n{Keys(config_schema).tables()}\n{END}{after or chr(10)}",
        DOCS / "tables.md": tables_page(),
    }


def outdated(folder: Path | None = None) -> list[Path]:
    """Return the files that do not agree with the code."""
    return [path for path, text in files(folder).items() if not path.exists() or path.read_text("utf-8") != text]


def main() -> None:
    """Write or check the files."""
    parser = argparse.ArgumentParser(prog="python -m listill.config_docs", description=(__doc__ or "").split("\n")[0])
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit with status 1 if a file is out of date"
    )
    check = parser.parse_args().check
    outdated_files = outdated()
    if check and outdated_files:
        sys.exit(f"{', '.join(str(path) for path in outdated_files)}: out of date; run python -m listill.config_docs")
    for path in outdated_files:
        path.write_text(files()[path], encoding="utf-8")
        print(f"{path}: written")


if __name__ == "__main__":
    main()
