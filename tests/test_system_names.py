"""The names of systems."""

import pytest

from listill.system_names import (
    is_variant,
    plain_system,
    seed_number,
    size_of,
    student_of,
    trained_system,
    with_seed,
    with_size,
    without_seed,
)


@pytest.mark.parametrize(
    ("system", "plain", "number"),
    [
        ("m.v", "m.v", 1),
        ("m.v-seed2", "m.v", 2),
        ("m.v-seed12+bm25", "m.v+bm25", 12),
        ("m.v-seed3-round2", "m.v-round2", 3),
        ("m.v-seed3-round2+bm25", "m.v-round2+bm25", 3),
        ("m-seed2.v", "m-seed2.v", 1),
        ("m.v-seed2x", "m.v-seed2x", 1),
        ("m.v-seed2@64", "m.v@64", 2),
        ("m.v-seed2-round2@64", "m.v-round2@64", 2),
    ],
)
def test_seeds(system: str, plain: str, number: int) -> None:
    assert (without_seed(system), seed_number(system)) == (plain, number)
    assert with_seed("v", 1) == "v"
    assert without_seed(with_seed("v", 2)) == "v"


def test_students_and_variants() -> None:
    students = ["m", "m-2"]
    owners = {
        "m": "m",
        "m+bm25": "m",
        "m.v": "m",
        "m.v@64": "m",
        "m-2.v+bm25": "m-2",
        "m-2": "m-2",
        "bm25": None,
        "mm.v": None,
    }
    assert {system: student_of(system, students) for system in owners} == owners
    assert is_variant("m.v", "m")
    assert not any(is_variant(system, "m") for system in ("m", "m+bm25", "m.v+bm25", "m-2.v", "m.v@64"))


def test_sizes() -> None:
    assert with_size("m.v-seed2", 64) == "m.v-seed2@64"
    assert [size_of(system) for system in ("m.v@64", "m.v", "bm25", "m.v+bm25", "m.v64")] == [
        64,
        None,
        None,
        None,
        None,
    ]
    assert {plain_system(system) for system in ("m.v", "m.v@64", "m.v+bm25")} == {"m.v"}


@pytest.mark.parametrize("key", ["models/m/v-seed2", "joint/m/v-seed2"])
def test_the_system_of_a_trained_model(key: str) -> None:
    assert trained_system(key) == "m.v-seed2"
