"""The prose of numpydoc docstrings, and the entries of See Also."""

from listill.corpus.docstrings import document_text, see_also


def test_signatures_of_c_functions_are_dropped() -> None:
    ufunc = "add(x1, x2, /, out=None,\n    *, where=True[, signature])\n\nadd(a, b)\n\nAdd things up.\n"
    assert document_text(ufunc, ["add"]) == "Add things up."
    assert document_text("C.f(self, x) -> int\n--\n\nDo f.", ["f"]) == "Do f."
    assert document_text("f(x)\nDo f of x (twice).", ["f"]) == "Do f of x (twice)."
    assert document_text("cos(x) - 1 for x near zero.", ["cosm1"]) == "cos(x) - 1 for x near zero."


def test_markup_is_removed() -> None:
    doc = "Use ``x**2`` or *this* **very** `thing` and `link <http://x>`_ of :func:`~a.b` (:func:`a.b`).\n\n"
    doc += "- one\n  goes on\n- two\n\n.. math::\n\n   x^2\n\nEnd."
    assert document_text(doc, ["f"]) == (
        "Use x**2 or this very thing and link of b (a.b).\n\n- one goes on\n- two\n\nEnd."
    )


def test_see_also_without_descriptions() -> None:
    entries = "a, b\nc\n    what c does\nSome prose about it.\n    and more\n:func:`~x.d` : what d does\n"
    doc = f"F.\n\nSee Also\n--------\n{entries}"
    assert see_also(doc) == [(["a", "b"], ""), (["c"], "what c does"), ([], "and more"), (["x.d"], "what d does")]
