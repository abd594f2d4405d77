"""Parsing of numpydoc docstrings: sections, reST markup, and the entries of See Also."""

import re
from collections.abc import Iterable, Iterator
from typing import NamedTuple

HEADING = re.compile(r"^(\S[^\n]*)\n(?:-{3,}|={3,})[ \t]*$", re.MULTILINE)
DROPPED_SECTIONS = {"see also", "references", "examples", "example"}
# Directives whose content is not prose, or only describes when something changed.
DROPPED_CONTENT = (
    r"version\w+|deprecated|plot|math|index|figure|image|code-block|code|ipython|testcode|seealso|\w+-output"
)
DIRECTIVE_BLOCK = re.compile(
    rf"^(?P<indent>[ \t]*)\.\. (?:(?:{DROPPED_CONTENT})::|\[|_)[^\n]*(?:\n(?:[ \t]*\n)*(?P=indent)[ \t]+\S[^\n]*)*",
    re.MULTILINE,
)
DIRECTIVE_LINE = re.compile(r"^[ \t]*\.\.(?: [^\n]*)?$", re.MULTILINE)
DOCTEST = re.compile(r"^[ \t]*>>>[^\n]*(?:\n[ \t]*\S[^\n]*)*", re.MULTILINE)
ROLE = re.compile(r":[a-zA-Z][\w:+-]*:`([^`]+)`")
LITERAL = re.compile(r"``([^`]+)``|`([^`]+)`_{0,2}")
TARGET = re.compile(r"^(.*?)\s*<[^<>]+>$", re.DOTALL)
BOLD = re.compile(r"(?<![\w*])\*{1,2}([^\s*](?:[^*\n]*[^\s*])?)\*{1,2}(?![\w*])")
CITATION = re.compile(r"\s?\[[\w.#*]+\]_")
ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")
ITEM = re.compile(r"(?:[-*+•]|\(?\w{1,2}[.)])\s+")
PROSE = {"", "Notes", "Warnings", "Warning"}
ENTRY = re.compile(r"^([\w.]+(?:\s*,\s*[\w.]+)*)\s*(?::(?:\s+(.*))?)?$")


class Entry(NamedTuple):
    """One entry of See Also: the names of functions and their description."""

    names: list[str]
    description: str


def comparable_text(text: str) -> str:
    """Return the text with case, white space and a final full stop normalised, for comparisons."""
    return " ".join(text.casefold().split()).rstrip(".").rstrip()


def sections(doc: str) -> Iterator[tuple[str, str]]:
    """Yield the (heading, body) pairs of a dedented docstring; the first heading is empty."""
    heads = [*HEADING.finditer(doc)]
    starts = [0, *(head.end() for head in heads)]
    ends = [*(head.start() for head in heads), len(doc)]
    for name, start, end in zip(["", *(head[1].strip() for head in heads)], starts, ends, strict=True):
        yield name, doc[start:end].strip("\n")


def plain(markup: str, qualified: bool = False) -> str:
    """Return the text without common reST markup: roles, literals, emphasis and citations.

    ``~a.b.c`` becomes ``c``, as in Sphinx, unless ``qualified`` keeps the full names.
    """

    def label(match: re.Match[str]) -> str:
        content = next(group for group in match.groups() if group is not None)
        if target := TARGET.match(content):
            return target[1] or content.strip("<>")
        if content.startswith("~") and not qualified:
            return content.rpartition(".")[2].lstrip("~")
        return content.lstrip("~!")

    text = LITERAL.sub(label, ROLE.sub(label, CITATION.sub("", markup))).replace("\\ ", "")
    return ADDRESS.sub("", BOLD.sub(r"\1", text))


def _unsigned(text: str, names: Iterable[str]) -> str:
    """Drop the call signatures at the start of the docstrings of C functions and ufuncs."""
    name = "|".join(re.escape(name) for name in sorted(names))
    signature = re.compile(rf"(?:[\w, ()\[\]]+ = )?(?:[\w.]+\.)?(?:{name})\s*\(.*\)(?:\s*->.*)?(?:\n--)?", re.DOTALL)
    while text:
        first, _, rest = text.partition("\n\n")
        line, _, others = first.partition("\n")
        if signature.fullmatch(first.strip()):
            text = rest.lstrip()
        elif signature.fullmatch(line.strip()):
            text = f"{others.strip()}\n\n{rest}".strip()
        else:
            break
    return text


def _paragraphs(text: str, heading: str) -> str:
    """Join the lines of each paragraph.

    Lines are joined if they have the same indentation and the next one is not a list item; in lists of fields, the
    names of the fields stay on their own lines.
    """
    lines: list[str] = []
    previous_indent: int | None = None
    for line in text.splitlines():
        words = " ".join(line.split())
        indent = len(line) - len(line.lstrip())
        continues = words and indent == previous_indent and not ITEM.match(words) and (indent or heading in PROSE)
        if continues:
            lines[-1] += f" {words}"
        else:
            lines.append(words)
        previous_indent = indent if words else None
        if words and ITEM.match(words):
            previous_indent = indent + len(words) - len(ITEM.sub("", words, count=1))
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).strip()


def document_text(doc: str, names: Iterable[str]) -> str:
    """Return the prose of a docstring.

    The sections See Also, References and Examples are left out, as are markup and the call signatures at the start. A
    call signature begins with one of ``names``.
    """
    parts = []
    for heading, body in sections(doc):
        if heading.casefold() in DROPPED_SECTIONS:
            continue
        if not heading:
            body = _unsigned(body.strip(), names)
        body = DOCTEST.sub("", DIRECTIVE_LINE.sub("", DIRECTIVE_BLOCK.sub("", body)))
        body = _paragraphs(plain(body), heading)
        if body:
            parts.append(f"{heading}\n{body}" if heading else body)
    return "\n\n".join(parts)


def see_also(doc: str) -> list[Entry]:
    """Return the entries of the See Also section: ``name, name : description``; descriptions may span several lines."""
    body = next((body for heading, body in sections(doc) if heading.casefold() == "see also"), "")
    entries: list[Entry] = []
    for line in plain(DIRECTIVE_BLOCK.sub("", body), qualified=True).splitlines():
        if not line.strip():
            continue
        if line[0].isspace():
            if entries:
                entries[-1] = Entry(entries[-1].names, f"{entries[-1].description} {line.strip()}".strip())
        elif match := ENTRY.match(line):
            entries.append(Entry([name.strip() for name in match[1].split(",")], (match[2] or "").strip()))
        else:
            entries.append(Entry([], ""))  # prose: the lines indented below it describe no function
    return entries
