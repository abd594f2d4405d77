"""The dependencies in pyproject.toml: all that is imported is declared, and tested versions satisfy the lower bounds."""

import ast
import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
NEEDED = [Requirement(text) for text in PROJECT["dependencies"]]
EXTRA = [Requirement(text) for texts in PROJECT["optional-dependencies"].values() for text in texts]
PINS = {
    canonicalize_name(name): version
    for name, version in re.findall(r"^([\w.-]+)==(\S+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE)
}
# Imported only by the process that runs in an environment of its own (envs/vllm.yaml).
ELSEWHERE = {"vllm"}


def imported(code: str) -> Iterator[str]:
    """Yield the top-level packages that a module imports from elsewhere, in functions too."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [node.module or ""]
        else:
            continue
        yield from ({name.partition(".")[0] for name in names} - {*sys.stdlib_module_names, "listill"})


def undeclared(packages: set[str]) -> set[str]:
    """Return the packages that no declared dependency provides."""
    declared = {canonicalize_name(one.name) for one in [*NEEDED, *EXTRA]}
    provided = packages_distributions()
    # A package of an extra may be missing; then its own name has to be declared.
    names = {package: {canonicalize_name(name) for name in provided.get(package, [package])} for package in packages}
    return {package for package in packages if not names[package] & declared}


def test_every_import_is_declared() -> None:
    modules = [path.read_text() for path in (ROOT / "workflow" / "listill").rglob("*.py")]
    packages = {name for code in modules for name in imported(code)}
    assert {"pandas", "sklearn", "torch"} <= packages
    assert undeclared(packages - ELSEWHERE) == set()


def test_an_undeclared_import_is_found() -> None:
    code = "import os, _pytest.config\nfrom . import x\ndef f():\n    from iniconfig import a\n    import numpy.linalg"
    assert set(imported(code)) == {"_pytest", "iniconfig", "numpy"}
    assert undeclared({"iniconfig", "numpy", "no_such_package"}) == {"iniconfig", "no_such_package"}


@pytest.mark.parametrize("needed", [*NEEDED, *EXTRA], ids=lambda needed: needed.name)
def test_the_tested_version_is_allowed(needed: Requirement) -> None:
    assert needed.specifier.contains(PINS[canonicalize_name(needed.name)], prereleases=True)


@pytest.mark.parametrize("needed", NEEDED, ids=lambda needed: needed.name)
def test_every_dependency_has_a_lower_bound(needed: Requirement) -> None:
    assert [one.operator for one in needed.specifier] == [">="]


def test_the_snakefile_asks_for_the_same_snakemake() -> None:
    (floor,) = [next(iter(one.specifier)).version for one in NEEDED if one.name == "snakemake"]
    assert f'min_version("{floor}")' in (ROOT / "Snakefile").read_text()


def test_sentence_transformers_does_not_run_the_code_of_a_local_folder() -> None:
    """Versions before 6.0 do, whatever trust_remote_code says: see tests/faults/test_model_code.py."""
    (needed,) = [one for one in NEEDED if one.name == "sentence-transformers"]
    assert not needed.specifier.contains("5.9.9")
