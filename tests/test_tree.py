"""The tree of the tests mirrors the package: every module has its test file, and every test file its module."""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
PACKAGE = TESTS.parent / "workflow" / "listill"
MODULES = sorted(path.relative_to(PACKAGE) for path in PACKAGE.rglob("*.py") if path.stem != "__init__")
# Folders whose tests are about the whole: the real Snakefile, clusters; and example members.
WHOLE = {"workflow", "cluster", "faults", "members"}
# Test files of the repository rather than of a module.
REPOSITORY = {
    "test_cadet",
    "test_docs",
    "test_floors",
    "test_imports",
    "test_paper",
    "test_style",
    "test_tree",
    "test_use",
}


@pytest.mark.parametrize("module", MODULES, ids=str)
def test_every_module_has_a_test_file(module: Path) -> None:
    assert list((TESTS / module.parent).glob(f"test_{module.stem}*.py")), f"tests/{module.parent}/test_{module.name}"


def test_every_test_file_has_a_module() -> None:
    files = [path.relative_to(TESTS) for path in TESTS.rglob("test_*.py")]
    files = [path for path in files if path.parts[0] not in WHOLE and path.stem not in REPOSITORY]
    modules = {(module.parent, module.stem) for module in MODULES}
    packages = {(module.parent.parent, module.parent.name) for module in MODULES}

    def mirrors(path: Path) -> bool:
        subject = path.stem.removeprefix("test_")
        return any(
            path.parent == folder and (subject == name or subject.startswith(f"{name}_"))
            for folder, name in modules | packages
        )

    assert [str(path) for path in files if not mirrors(path)] == []
