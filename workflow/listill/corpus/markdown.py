"""Markdown files as documents: plain text, titles from headings, and long files split at headings."""

import html
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from listill.corpus.source import Document

if TYPE_CHECKING:
    from markdown_it.token import Token

# Metadata at the head of a file, in YAML (---) or TOML (+++).
FRONT_MATTER = re.compile(r"(---|\+\+\+)[ \t]*\n(?:(.*?)\n)??(?:\1|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
KEY = re.compile(r"^\s*[\w\"'-]+[ \t]*[:=]")
TITLE = re.compile(r"^title[ \t]*[:=][ \t]*([^\s>|&*{\[].*)$", re.MULTILINE | re.IGNORECASE)
TAG = re.compile(r"<[^<>]*>")
IN_LINES = ("list_item", "tr")  # blocks of these are joined by one line break


@dataclass(frozen=True)
class Section:
    """A heading with the text up to the next heading.

    ``path`` are the headings from the top of the file to this one; it is empty for the text before the first heading.
    """

    level: int
    path: tuple[str, ...]
    text: str


def documents(content: str, doc_id: str, name: str, chunk: int | None = None) -> list[Document]:
    """Return the documents of a Markdown file: one, or those of its parts if its text has more than ``chunk`` characters.

    The title of the file is that of its front matter, its first heading of level 1, its first heading, or ``name``. A
    part is a section with the sections below it, or the text of a section alone if these are too long together; its title
    is the path of its headings, and its id ``doc_id#heading``.
    """
    title, body = front_matter(content)
    parts = sections(body)
    headings = [section for section in parts if section.path]
    first = next((section for section in headings if section.level == 1), headings[0] if headings else None)
    top = title or (first.path[-1] if first else name)
    whole = _joined(parts, first if first and first.path[-1] == top else None)
    if chunk is None or len(whole) <= chunk:
        return [Document(doc_id, top, whole or "\n".join(section.path[-1] for section in headings))]
    found = []
    used: Counter[str] = Counter()
    prefix = (title,) if title else ()
    for group in _groups(parts, chunk):
        if not (text := _joined(group, group[0])):
            continue
        path = group[0].path
        if not path:
            found.append(Document(doc_id, top, text))
            continue
        anchor = re.sub(r"[^\w]+", "-", path[-1].lower()).strip("-") or "section"
        used[anchor] += 1
        number = f"-{used[anchor]}" if used[anchor] > 1 else ""
        found.append(Document(f"{doc_id}#{anchor}{number}", ": ".join(prefix + path), text))
    return found


def front_matter(content: str) -> tuple[str | None, str]:
    """Return the title in the front matter of a Markdown file, if there is one, and the text after the front matter."""
    match = FRONT_MATTER.match(content)
    if match is None or not KEY.search(match[2] or ""):  # two lines in a text
        return None, content
    title = TITLE.search(match[2])
    return (title[1].strip().strip("\"'") or None) if title else None, content[match.end() :]


def sections(markdown: str) -> list[Section]:
    """Return the sections of a Markdown text, in order, as plain text; the first one is the text before any heading.

    Images without text around them (badges) and HTML tags are left out.
    """
    open_headings: list[tuple[int, str]] = []
    found: list[tuple[int, tuple[str, ...], list[tuple[str, str]]]] = [(0, (), [])]
    for kind, text in _blocks(markdown):
        if kind.startswith("h"):
            level = int(kind[1:])
            open_headings = [*(one for one in open_headings if one[0] < level), (level, text)]
            found.append((level, tuple(heading for _, heading in open_headings), []))
        else:
            found[-1][2].append((kind, text))
    return [Section(level, path, _text(blocks)) for level, path, blocks in found]


def _blocks(markdown: str) -> Iterator[tuple[str, str]]:
    """Yield the blocks of a Markdown text as (kind, plain text): ``h1`` to ``h6``, ``list_item``, ``tr``, or none."""
    from markdown_it import MarkdownIt

    inside: list[str] = []
    cells: list[str] = []
    heading = ""
    for token in MarkdownIt("commonmark").enable("table").parse(markdown):
        kind = token.type.removesuffix("_open").removesuffix("_close")
        if token.type == "heading_open" and token.level == 0:
            heading = token.tag
        elif kind in IN_LINES and token.nesting == 1:
            inside.append(kind)
            cells = []
        elif kind in IN_LINES and token.nesting == -1:
            if inside.pop() == "tr":
                yield "tr", " | ".join(cells)
        elif token.type == "inline":
            text = _inline(token)
            if inside and inside[-1] == "tr":
                cells.append(text)
            elif text:
                yield heading or (inside[-1] if inside else ""), " ".join(text.split()) if heading else text
            heading = ""
        elif token.type in ("fence", "code_block"):
            yield "", token.content.strip("\n")
        elif token.type == "html_block" and (text := _without_tags(token.content)):
            yield "", text


def _inline(token: "Token") -> str:
    """Return the plain text of a paragraph, heading or cell; empty if it consists of images."""
    parts: list[str] = []
    has_text = False
    links = 0
    for child in token.children or []:
        links += child.nesting if child.type.startswith("link_") else 0
        if child.type in ("text", "code_inline"):
            parts.append(child.content)
            has_text |= bool(child.content.strip())
        elif child.type in ("softbreak", "hardbreak"):
            parts.append("\n")
        elif child.type == "image" and not links:
            parts.append(child.content)
    return "".join(parts).strip() if has_text else ""


def _without_tags(markup: str) -> str:
    first, *others = markup.split("<!--")
    without_comments = first + "".join(part.partition("-->")[2] for part in others)
    return html.unescape(TAG.sub(" ", without_comments)).strip()


def _text(blocks: list[tuple[str, str]]) -> str:
    text, last = "", ""
    for kind, block in blocks:
        text += ("\n" if kind and kind == last else "\n\n" if text else "") + block
        last = kind
    return text


def _joined(parts: list[Section], title: Section | None) -> str:
    """Return the text of sections. A heading starts its text, so that it is not a sentence; that of ``title`` is left out."""
    texts = []
    for section in parts:
        if section.text:
            heading = section.path[-1].rstrip(".:;!? ") if section.path and section is not title else ""
            texts.append(f"{heading}: {section.text}" if heading else section.text)
    return "\n\n".join(texts)


def _groups(parts: list[Section], chunk: int) -> Iterator[list[Section]]:
    """Yield the parts of a file: sections with all below them, as large as ``chunk`` allows."""
    i = 0
    while i < len(parts):
        end = i + 1
        while parts[i].level and end < len(parts) and parts[end].level > parts[i].level:
            end += 1
        if end > i + 1 and len(_joined(parts[i:end], parts[i])) > chunk:
            end = i + 1
        yield parts[i:end]
        i = end
