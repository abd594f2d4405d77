"""Keys that a config file gives twice."""

from pathlib import Path

import pytest

from listill.config_files import check
from listill.errors import UserError

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("seed: 1\ncorpora: {}\nseed: 2\n", "3: the key seed was already set in line 1: remove one of the two"),
        ("a:\n  b: 1\n  c: 2\n  b: 3\n", "4: the key a.b was already set in line 2: remove one of the two"),
        ('a: {b: 1, "b": 2}\n', "1: the key a.b was already set in line 1: remove one of the two"),
        ("a:\n- b: 1\n  b: 2\n", "3: the key a.b was already set in line 2: remove one of the two"),
        ('{"a": 1,\n"a": 2}', "2: the key a was already set in line 1: remove one of the two"),
    ],
)
def test_a_key_that_is_given_twice(text: str, message: str, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    with pytest.raises(UserError) as raised:
        check([file])
    assert str(raised.value) == f"{file}:{message}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a: &x {b: 1}\nc: {<<: *x, b: 2}\nd: *x\n",
        "a: &x {b: 1}\ne: &y {c: 1}\nd:\n  <<: *x\n  <<: *y\n",
        "a: {b: 1}\nc: {b: 1}\n",
        "a: [\n",  # Snakemake says what is wrong
        "&x [*x]",
        "just text",
    ],
)
def test_other_files_pass(text: str, tmp_path: Path) -> None:
    file = tmp_path / "c.yaml"
    file.write_text(text)
    check([file, tmp_path / "missing.yaml"])


def test_the_configs_of_the_project_pass() -> None:
    files = sorted((ROOT / "config").glob("*.yaml"))
    assert len(files) >= 6
    check(files)
