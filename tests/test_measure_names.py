"""Names of measures."""

import pytest

from listill.measure_names import NAMES, SELECTION, parse_measure


@pytest.mark.parametrize("name", NAMES)
def test_measures_have_a_name_and_a_cut_off(name: str) -> None:
    assert parse_measure(f"{name}@20") == (name, 20)


def test_the_selection_measure_is_valid() -> None:
    assert parse_measure(SELECTION) == ("nDCG", 10)


@pytest.mark.parametrize(
    "measure", ["nDCG", "nDCG@", "nDCG@0", "nDCG@-1", "nDCG@1.5", "ndcg@10", "MAP@10", "@10", "", "nDCG@10@5"]
)
def test_other_names_are_errors_that_list_the_known_names(measure: str) -> None:
    with pytest.raises(ValueError, match=r"^unknown measure '.*': write nDCG, R, RR, P or AP with a cut-off, such as"):
        parse_measure(measure)
