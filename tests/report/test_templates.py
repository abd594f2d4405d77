"""The templates of the pages."""

from pathlib import Path

import jinja2
import pytest

from listill.report import templates


def test_text_is_escaped_and_unknown_variables_are_errors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "page.html.j2").write_text("<p>{{ text }}</p>")
    monkeypatch.setattr(templates, "__file__", str(tmp_path / "templates.py"))
    page = templates.template("page.html.j2")
    assert page.render(text="a < b") == "<p>a &lt; b</p>"
    with pytest.raises(jinja2.UndefinedError, match="text"):
        page.render()


def test_figures_are_shown_with_three_digits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "html").mkdir()
    (tmp_path / "html" / "page.html.j2").write_text("{{ 0.12345 | signed }} {{ 0.5 | decimal }} {{ 12345 | number }}")
    monkeypatch.setattr(templates, "__file__", str(tmp_path / "templates.py"))
    assert templates.template("page.html.j2").render() == "+0.123 0.500 12,345"
