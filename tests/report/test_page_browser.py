"""The pages in a real browser: nothing overflows, text has contrast, and no request leaves.

They need Chromium, for example the Debian package ``chromium``.
"""

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from listill.report import papers
from listill.report.overview import render as render_overview
from listill.report.page import render
from listill.report.paper_tables import Measured, Row, Table
from listill.report.results import Results
from report_material import example_material
from summary_tables import ROWS, summary

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no chromium is installed (Debian: apt-get install chromium)")
QUIET = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-sync",
]
DARK = "--blink-settings=preferredColorScheme=0"
LONG = "a-name-without-any-blank-" * 8

MEASURE = Path(__file__).with_name("measure.js").read_text()
# A window has at least 500 pixels, a frame in it has not. The frame tells the outer page what it measured.
FRAME = """<!doctype html><iframe src="page.html" style="border:0;width:{width}px;height:2000px"></iframe><script>
addEventListener("message", e => document.body.append(document.createComment(JSON.stringify(e.data).replaceAll("-->", ""))));
</script>"""


def browse(page: str, folder: Path, width: int, *options: str) -> dict[str, Any]:
    """Open a page in a frame of this width, and return what ``measure.js`` finds in it."""
    file = folder / "frame.html"
    (folder / "page.html").write_text(page.replace("</body>", f"<script>{MEASURE}</script></body>"), encoding="utf-8")
    file.write_text(FRAME.format(width=width))
    size = ["--window-size=1500,2000", f"--user-data-dir={folder / 'profile'}", "--virtual-time-budget=5000"]
    command = [str(CHROMIUM), *QUIET, *size, *options, "--dump-dom", file.as_uri()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=True)
    match = re.search(r"<!--({.*})-->", done.stdout, re.DOTALL)
    assert match, done.stdout + done.stderr
    found: dict[str, Any] = json.loads(match[1])
    assert found["width"] == width
    return found


def pages() -> dict[str, str]:
    """Return the pages: the report as it is, with names and queries that do not wrap, and those over several corpora."""
    material = example_material()
    queries = material.evaluated.queries.assign(text=material.evaluated.queries["text"] + LONG)
    evaluated = replace(material.evaluated, queries=queries)
    corpus = material.corpus.assign(text=LONG * 5)
    hard = replace(material, title=LONG, evaluated=evaluated, corpus=corpus, config={"key": LONG, **material.config})
    results = {name: Results(summary(ROWS)) for name in ("one", "two", LONG)}
    cell = results["one"].cell("minilm.listwise", "test", "nDCG@10")
    corpora = ["one", "two", "three", "four", "five"]
    rows = [Row("minilm", label, dict.fromkeys(corpora, cell)) for label in ("InfoNCE", "listwise", "combined")]
    table = Table("Table 1: losses", "Three losses.", rows, corpora)
    return {
        "report": render(material, 3),
        "report with long words": render(hard, 3),
        "overview": render_overview(results),
        "papers": papers.page([table], {name: Measured(results["one"]) for name in corpora}, corpora),
    }


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return pages()


NAMES = ["report", "report with long words", "overview", "papers"]


@pytest.mark.parametrize("width", [1400, 400])
@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_wider_than_the_window(made: dict[str, str], tmp_path: Path, name: str, width: int) -> None:
    found = browse(made[name], tmp_path, width)
    assert found["wide"] == []
    assert found["scroll"] <= width
    assert (found["heads"] > 0) == (width == 1400)  # on a phone, each cell has its label instead
    assert (found["labels"] > 10) == (width == 400)


@pytest.mark.parametrize("options", [[], [DARK]], ids=["light", "dark"])
@pytest.mark.parametrize("name", NAMES)
def test_text_has_contrast(made: dict[str, str], tmp_path: Path, name: str, options: list[str]) -> None:
    """At least 4.5 to 1, as WCAG 2 asks for."""
    found = browse(made[name], tmp_path, 1400, *options)
    assert found["texts"] > 20
    assert found["faint"] == []


@pytest.mark.parametrize("name", NAMES)
def test_in_print_nothing_is_cut_off_or_collapsed(made: dict[str, str], tmp_path: Path, name: str) -> None:
    """The rules for print on a screen as wide as an A4 page without its margins (14 mm at 96 dots an inch)."""
    printed = made[name].replace("@media print", "@media all").replace("@media screen", "@media not all")
    found = browse(printed, tmp_path, 688)
    assert found["wide"] == []
    assert found["scroll"] <= 688
    assert found["details"] > 0 or name in ("overview", "papers")
    assert found["closed"] == 0


def test_on_a_screen_details_are_collapsed(made: dict[str, str], tmp_path: Path) -> None:
    """Otherwise the test of print would not show anything."""
    assert browse(made["report"], tmp_path, 1400)["closed"] > 3


@pytest.mark.parametrize("name", NAMES)
def test_no_request_leaves(made: dict[str, str], tmp_path: Path, name: str) -> None:
    assert browse(made[name], tmp_path, 1400)["requests"] == []


def test_a_request_would_be_seen(made: dict[str, str], tmp_path: Path) -> None:
    with_image = made["report"].replace("<main>", '<main><img src="http://127.0.0.1:9/x.png" alt="">')
    assert browse(with_image, tmp_path, 1400)["requests"] == ["http://127.0.0.1:9/x.png"]


def test_the_page_can_be_printed(made: dict[str, str], tmp_path: Path) -> None:
    file, pdf = tmp_path / "page.html", tmp_path / "page.pdf"
    file.write_text(made["report"], encoding="utf-8")
    command = [str(CHROMIUM), *QUIET, f"--user-data-dir={tmp_path / 'profile'}", f"--print-to-pdf={pdf}", file.as_uri()]
    subprocess.run(command, capture_output=True, timeout=180, check=True)
    assert pdf.read_bytes().startswith(b"%PDF")
