"""Normalisation of texts."""

from listill.text import fold


def test_fold_normalises_width_case_and_white_space() -> None:
    assert fold("  Ｆull\u00a0WIDTH\n\tﬁne Straße ") == "full width fine strasse"
    assert fold("version 1.2") != fold("version 1.3")


def test_fold_expands_ligatures_and_sharp_s() -> None:
    assert fold("  Straße\u00a0ﬁne\n") == "strasse fine"


def test_folding_twice_changes_nothing() -> None:
    for text in ("  Ｆull\u00a0WIDTH ﬁne Straße ", "ΌΣΟΣ", "İstanbul", "1.2", ""):
        assert fold(fold(text)) == fold(text)
