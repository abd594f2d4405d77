"""The families: their members are found by name, in the package and outside it, and each is documented and tested."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from listill import families
from listill.errors import UserError
from listill.section import Member

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "workflow" / "listill"
MEMBERS = [(family, name) for family in families.FAMILIES for name in families.names(family)]
WITH_SETTINGS = ["generators", "retrievers", "sources", "teachers"]


def folder(family: str) -> Path:
    return PACKAGE.joinpath(*families.FAMILIES[family].split(".")[1:])


@pytest.mark.parametrize("family", families.FAMILIES)
def test_every_file_of_the_folder_is_a_member(family: str) -> None:
    files = {path.stem for path in folder(family).glob("*.py")} - {"__init__"}
    assert set(families.names(family)) == files != set()


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_a_member_has_a_test_file(family: str, name: str) -> None:
    place = folder(family).relative_to(PACKAGE)
    assert list((ROOT / "tests" / place).glob(f"test_{name}*.py")), f"tests/{place}/test_{name}.py is missing"


@pytest.mark.parametrize(("family", "name"), [one for one in MEMBERS if one[0] in WITH_SETTINGS])
def test_a_member_is_in_the_config_reference(family: str, name: str) -> None:
    member = families.settings_class(family, name)
    assert issubclass(member, Member)
    assert all(field.description for field in member.model_fields.values())
    assert f"kind `{name}`" in (ROOT / "config" / "README.md").read_text()


@pytest.mark.parametrize(("family", "name"), MEMBERS)
def test_a_member_is_in_the_docs(family: str, name: str) -> None:
    text = "".join(path.read_text() for path in (ROOT / "docs").glob("*.md"))
    assert re.search(rf"`{name}`", text), f"no page in docs/ has `{name}`"


def test_an_unknown_member() -> None:
    with pytest.raises(
        UserError, match="the family losses has no member 'gone'; its members are anchor, anchor_kl, infonce"
    ):
        families.load("losses", "gone")


def outside(tmp_path: Path, code: str, **files: str) -> str:
    """Run code in a process in which LISTILL_MEMBERS names a folder with these files; return what it prints."""
    for name, text in files.items():
        path = tmp_path.joinpath(*name.split("__")).with_suffix(".py")
        path.parent.mkdir(exist_ok=True)
        path.write_text(text)
    environment = os.environ | {"LISTILL_MEMBERS": str(tmp_path)}
    start = "from listill.errors import UserError\nfrom listill import families\n"
    done = subprocess.run([sys.executable, "-c", start + code], env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_a_member_outside_the_package(tmp_path: Path) -> None:
    code = "print(families.names('losses'), families.load('losses', 'mine').X, families.member_files('losses', 'mine'))"
    said = outside(tmp_path, code, losses__mine="X = 5\n")
    assert (
        said == "['anchor', 'anchor_kl', 'infonce', 'listwise', 'margin_mse', 'mine', 'pair_mse', 'ranknet'] 5 "
        f"['{tmp_path}/losses/mine.py']"
    )


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"losses__listwise": ""}, "losses/listwise.py: the family losses already has a member 'listwise'"),
        (
            {"teachers__mine": "x = 1\n"},
            "has no settings class with kind: Literal['mine']; the kind must be the name of the file",
        ),
        ({"teachers__mine": "x = \n"}, "LISTILL_MEMBERS: teachers/mine.py cannot be imported: SyntaxError"),
    ],
)
def test_messages(tmp_path: Path, files: dict[str, str], message: str) -> None:
    code = (
        "try:\n    families.union('teachers'), families.names('losses')\nexcept UserError as error:\n    print(error)\n"
    )
    assert message in outside(tmp_path, code, **files)


def test_a_folder_that_does_not_exist(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LISTILL_MEMBERS", "/not/there")
    with pytest.raises(
        UserError, match="LISTILL_MEMBERS: /not/there: no such folder: correct or unset the environment"
    ):
        families.names("losses")
