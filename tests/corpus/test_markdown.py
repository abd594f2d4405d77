"""Markdown files as documents."""

import time

import pytest

from listill.corpus.markdown import documents, front_matter, sections
from listill.queries.sentences import sentences

README = """---
title: "The Guide"
tags: [a, b]
---

[![Build](https://ci/badge.svg)](https://ci) ![PyPI](https://pypi/badge.svg)
[![Docs](https://docs/badge.svg)](https://docs)

<p align="center"><img src="logo.png"></p>
<!-- a comment -->

# Guide

Intro with a [link](https://x), `code` and *emphasis*.
A second line.

Install
-------

1. Run `make`.
2. Wait.

```sh
# a comment
make
```

### On Linux?

| package | version |
|---|---|
| make | 4 |

## Use

![A diagram of the parts](parts.png) shows the parts &amp; their use.

> # quoted
> A quotation.
"""
INTRO = "Intro with a link, code and emphasis.\nA second line."
INSTALL = "Run make.\nWait.\n\n# a comment\nmake"
TABLE = "package | version\nmake | 4"
USE = "A diagram of the parts shows the parts & their use.\n\nquoted\n\nA quotation."


def test_a_whole_file_is_plain_text() -> None:
    """Headings start their texts, so that none is a sentence, and with that a query, of its own."""
    (document,) = documents(README, "a.md", "a")
    text = f"Guide: {INTRO}\n\nInstall: {INSTALL}\n\nOn Linux: {TABLE}\n\nUse: {USE}"
    assert document == ("a.md", "The Guide", text)
    found = {text[start:end].strip(" :?") for start, end in sentences(text)}
    assert not found & {"The Guide", "Guide", "Install", "On Linux", "Use", "title", "Build"}


def test_a_long_file_is_split_at_its_headings() -> None:
    assert documents(README, "a.md", "a", chunk=100) == [
        ("a.md#guide", "The Guide: Guide", INTRO),
        ("a.md#install", "The Guide: Guide: Install", f"{INSTALL}\n\nOn Linux: {TABLE}"),
        ("a.md#use", "The Guide: Guide: Use", USE),
    ]
    parts = documents(README, "a.md", "a", chunk=50)
    assert [part.doc_id for part in parts] == ["a.md#guide", "a.md#install", "a.md#on-linux", "a.md#use"]
    assert parts[2] == ("a.md#on-linux", "The Guide: Guide: Install: On Linux?", TABLE)
    assert documents(README, "a.md", "a", chunk=1000) == documents(README, "a.md", "a")


def test_ids_of_parts_are_unique() -> None:
    text = "Before.\n\n# Größe & Maß\n\na\n\n# Größe / Maß\n\nb\n\n# !\n\nc\n\n# 世界\n\nd\n\n# Empty\n"
    ids = [part.doc_id for part in documents(text, "x.md", "x", chunk=1)]
    assert ids == ["x.md", "x.md#größe-maß", "x.md#größe-maß-2", "x.md#section", "x.md#世界"]


@pytest.mark.parametrize(
    ("text", "title", "rest"),
    [
        ("# One #\n\nBody.", "One", "Body."),
        ("One\n===\n\nBody.", "One", "Body."),
        ("## Two\n\nBody.\n\n# One\n\nMore.", "One", "Two: Body.\n\nMore."),
        ("## Two\n\nBody.\n\n## Three\n\nMore.", "Two", "Body.\n\nThree: More."),
        ("---\ntitle: Top\n---\n# One\n\nBody.", "Top", "One: Body."),
        ("---\ntitle: One\n---\n# One\n\nBody.", "One", "Body."),
        ("+++\ntitle = 'Top'\n+++\nBody.", "Top", "Body."),
        ("---\ntitle: >\n  folded\ntags: x\n...\nBody.", "name", "Body."),
        ("---\n---\nBody.", "name", "Body."),
        ("---\nA text between two lines.\n\n---\n\nBody.", "name", "A text between two lines.\n\nBody."),
        ("Body only.", "name", "Body only."),
        ("#  \n\nBody.", "name", "Body."),
        ("# ![logo](x.png)\n\nBody.", "name", "Body."),
        ("# One\n\n## Two\n\n### Three", "One", "One\nTwo\nThree"),
        ("    # code\n\n```\n# code\n```\nBody.", "name", "# code\n\n# code\n\nBody."),
        ("# One\r\n\r\nBody.\r\n", "One", "Body."),
        ("<h1>Title</h1>\n\n<details><summary>More</summary>\n\nBody.\n\n</details>", "name", "Title\n\nMore\n\nBody."),
        ("- a\n- b\n  - c\n\n  d\n- ![x](y)", "name", "a\nb\nc\nd"),
        ("", "name", ""),
    ],
)
def test_titles_and_texts(text: str, title: str, rest: str) -> None:
    assert documents(text, "x.md", "name") == [("x.md", title, rest)]


def test_front_matter_without_an_end_is_text() -> None:
    assert front_matter("---\ntitle: x\n\nBody.") == (None, "---\ntitle: x\n\nBody.")


def test_sections_have_the_path_of_their_headings() -> None:
    found = sections("a\n\n## Two\n\nb\n\n# One\n\n### Three\n\nc\n\n## Two\n\nd")
    assert [(section.level, section.path, section.text) for section in found] == [
        (0, (), "a"),
        (2, ("Two",), "b"),
        (1, ("One",), ""),
        (3, ("One", "Three"), "c"),
        (2, ("One", "Two"), "d"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# " + " " * 50_000 + "x",
        "# x" + " " * 50_000 + "#",
        "#" * 50_000,
        "---\n" * 20_000,
        "---\na: b\n" + "-" * 50_000,
        "<" * 50_000,
        "<!--" * 20_000,
        "<div>\n" + "<!-- " * 20_000,
        "[" * 20_000,
        "![](" * 10_000,
        "*a " * 10_000,
        "`" * 20_001,
        "> " * 5_000 + "x",
        "# a\n\nb\n\n" * 5_000,
        "".join(f"{'#' * (i % 6 + 1)} {i}\n\ntext\n\n" for i in range(5_000)),
        "|a" * 5_000 + "\n" + "|-" * 5_000 + "\n",
        "- " * 2_000 + "x",
        "&" * 50_000,
        "\0" * 50_000,
    ],
)
def test_the_time_is_not_quadratic(text: str) -> None:
    """A heading of 1,000 blanks took 7 seconds: a cubic regular expression."""
    start = time.process_time()
    documents(text, "x.md", "x", chunk=100)
    assert time.process_time() - start < 10
