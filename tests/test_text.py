"""Texts as they are compared."""

from listill.text import fold


def test_fold() -> None:
    assert fold("  Ｆull\u00a0WIDTH\n\tﬁne Straße ") == "full width fine strasse"
    assert fold("version 1.2") != fold("version 1.3")


def test_fold_takes_ligatures_and_sharp_s_apart() -> None:
    assert fold("  Straße\u00a0ﬁne\n") == "strasse fine"


def test_folding_twice_changes_nothing() -> None:
    for text in ("  Ｆull\u00a0WIDTH ﬁne Straße ", "ΌΣΟΣ", "İstanbul", "1.2", ""):
        assert fold(fold(text)) == fold(text)
