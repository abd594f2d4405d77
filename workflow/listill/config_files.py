"""What the parser of a config file does not say: a key that is given twice."""

from collections.abc import Iterable
from pathlib import Path

import yaml

from listill.errors import UserError


def check(files: Iterable[Path]) -> None:
    """Raise UserError if a key stands twice in the same section of a file.

    Parsers of YAML take the last value and drop the others. Files that cannot be read or parsed are left to Snakemake, which
    says what is wrong with them. The keys of a section that is merged (``<<``) may be set again, which changes them.
    """
    for file in files:
        try:
            root = yaml.compose(Path(file).read_text(encoding="utf-8"), Loader=yaml.SafeLoader)
        except (OSError, UnicodeDecodeError, yaml.YAMLError):
            continue
        if root is not None:
            _check_node(root, file, "", set())


def _check_node(node: yaml.Node, file: Path, place: str, seen: set[int]) -> None:
    if id(node) in seen:  # an alias of an anchor that was checked before
        return
    seen.add(id(node))
    if isinstance(node, yaml.SequenceNode):
        for child in node.value:
            _check_node(child, file, place, seen)
    if not isinstance(node, yaml.MappingNode):
        return
    lines: dict[str, int] = {}
    for key, value in node.value:
        if not isinstance(key, yaml.ScalarNode):
            continue
        name, line = key.value, key.start_mark.line + 1
        inner = f"{place}.{name}" if place else name
        if name != "<<" and name in lines:
            raise UserError(
                f"{file}:{line}: the key {inner} was already set in line {lines[name]}: remove one of the two"
            )
        lines[name] = line
        _check_node(value, file, inner, seen)
