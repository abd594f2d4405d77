"""The order of the packages, and how light the Snakefile's side is."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parents[1] / "workflow" / "listill"
# A package imports only itself and what stands above it; modules of the first line may import each other. The one place
# where this order is written down for the machine; docs/design.md has it for people.
GROUND = [
    *("errors", "text", "section", "measure_names", "system_names", "source_files", "contents", "checksums", "schemas"),
    *("tables", "frozen", "credentials", "config_messages", "words", "languages", "funnel", "progress", "known_models"),
    *("config_files", "families", "locks", "shortage", "display", "strings", "arrays", "ragged", "ahead"),
    "shares",
]
ORDER = [
    *("settings", "corpus", "models", "queries", "retrieval", "candidates", "evaluation", "teachers", "lists"),
    *("training", "report", "export", "stages"),
]
TOP = {"plan", "config_docs", "closing"}  # they may import everything; only commands import them
COMMANDS = {"estimate", "headroom", "init"}  # packages that may import everything; nothing else imports them


def imported(path: Path) -> Iterator[str]:
    """Yield the modules of the package that a file imports, anywhere in it but for type checking only."""
    tree = ast.parse(path.read_text())
    typing_only = {
        id(node)
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and isinstance(block.test, ast.Name) and block.test.id == "TYPE_CHECKING"
        for part in block.body
        for node in ast.walk(part)
    }
    for node in ast.walk(tree):
        if id(node) in typing_only:
            continue
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names if alias.name.startswith("listill"))
        elif isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("listill"):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """Return the package that a module lies in, ``ground`` for those of the ground floor."""
    name = module.partition(".")[2].partition(".")[0]
    return "ground" if name in GROUND or name.startswith("__") or not name else name


FILES = sorted(PACKAGE.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_imports_go_one_way(path: Path) -> None:
    own = room("listill." + ".".join(path.relative_to(PACKAGE).with_suffix("").parts))
    if own in TOP | COMMANDS or path.stem == "__main__":
        return
    allowed = {"ground", *ORDER[: ORDER.index(own) + 1]} if own != "ground" else {"ground"}
    assert {module for module in imported(path) if room(module) not in allowed} == set()


def test_every_package_has_its_place() -> None:
    packages = {path.parent.name for path in PACKAGE.glob("*/__init__.py")}
    modules = {path.stem for path in PACKAGE.glob("*.py")} - {"__init__"}
    assert packages == set(ORDER) | COMMANDS
    assert modules == set(GROUND) | TOP


def test_the_snakefiles_side_is_light() -> None:
    code = (
        "import sys, yaml; from listill.plan import Plan\n"
        "plan = Plan(yaml.safe_load(open(sys.argv[1])))\n"
        "[plan.frozen(corpus, stage) for corpus in plan.corpora for stage in ('candidates', 'gate', 'evaluate', 'report')]\n"
        "[plan.files(corpus, stage) for corpus in plan.corpora for stage in ('corpus', 'queries', 'gate')]\n"
        "names = {name.partition('.')[0] for name in sys.modules} - set(sys.stdlib_module_names)\n"
        "print(*sorted(name for name in names if not name.startswith('_')))"
    )
    config = PACKAGE.parents[1] / "config" / "config.yaml"
    done = subprocess.run([sys.executable, "-c", code, str(config)], capture_output=True, text=True, check=True)
    pydantic = {"annotated_types", "pydantic", "pydantic_core", "typing_extensions", "typing_inspection"}
    assert set(done.stdout.split()) - pydantic - {"cython_runtime"} == {"listill", "yaml"}


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("stages/*.py")), ids=lambda path: path.stem)
def test_stages_are_thin(path: Path) -> None:
    """A stage reads tables, calls a function and writes tables: ``run`` has no room for more."""
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.FunctionDef) and node.name == "run":
            statements = [part for part in node.body[1:] if not isinstance(part, ast.Import | ast.ImportFrom)]
            assert (node.end_lineno or 0) - statements[0].lineno < 40
