"""Every page of the docs: its links lead somewhere, and its commands are commands that work."""

import importlib
import importlib.util
import json
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import get_type_hints

import flow
import forked_stage
import pytest
import yaml

from listill.stages import command

ROOT = Path(__file__).parents[1]
FOLDERS = ("config", "profiles", "benchmarks", "results")
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *(ROOT / folder / "README.md" for folder in FOLDERS)])

# A fence, its language, and what it holds.
FENCE = re.compile(
    r"^(?P<fence>`{3,}|~{3,})(?P<language>[\w-]*)[^\n]*\n(?P<content>.*?)^(?P=fence)[ \t]*$", re.M | re.S
)
LINK = re.compile(r"\[[^\[\]]*\]\(\s*<?([^()\s<>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
CODE = re.compile(r"(`+)(?!`)(.+?)(?<!`)\1(?!`)", re.S)
HEADING = re.compile(r"^#{1,6}[ \t]+(.+?)[ \t]*#*$", re.M)
EXPLICIT = re.compile(r"<a\s+(?:id|name)=\"([^\"]+)\"")
SHELL = ("", "sh", "bash", "shell", "console")


def anchors(text: str) -> set[str]:
    """Return the anchors that GitHub gives to the headings of a page, and those that the page sets itself."""
    found: set[str] = set()
    seen: Counter[str] = Counter()
    for heading in HEADING.findall(FENCE.sub("", text)):
        shown = re.sub(r"\[([^\[\]]*)\]\([^()]*\)", r"\1", heading)
        slug = re.sub(r"[^\w\- ]", "", shown.lower()).replace(" ", "-")
        found.add(f"{slug}-{seen[slug]}" if seen[slug] else slug)
        seen[slug] += 1
    return found | set(EXPLICIT.findall(text))


def broken_links(text: str, page: Path, root: Path = ROOT) -> list[str]:
    """Return the links in the text of a page that lead to no file in ``root`` or to no heading."""
    broken = []
    for link in LINK.findall(CODE.sub("``", FENCE.sub("", text))):
        if re.match(r"[a-z][a-z0-9+.-]*:", link):
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if path and (path.startswith("/") or not target.is_relative_to(root) or not target.exists()):
            broken.append(f"{link}: no such file")
        elif anchor and anchor not in anchors(text if target == page else target.read_text()):
            broken.append(f"{link}: no such heading")
    return broken


def shell_lines(text: str) -> Iterator[str]:
    """Yield the command lines of a page's code blocks."""
    for block in FENCE.finditer(text):
        if block["language"] in SHELL:
            for line in re.sub(r"\\\n\s*", " ", block["content"]).splitlines():
                yield line.strip().removeprefix("$ ")


def in_code(text: str) -> Iterator[str]:
    """Yield the command lines of code blocks, and what stands in code within sentences."""
    yield from shell_lines(text)
    yield from (" ".join(code.split()) for _, code in CODE.findall(FENCE.sub("", text)))


def on_all_pages(commands: str) -> dict[str, str]:
    """Return the command lines that match the pattern from their start, each with a page that has it."""
    return {line: page.name for page in PAGES for line in in_code(page.read_text()) if re.match(commands, line)}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_to_files_and_headings(page: Path) -> None:
    assert broken_links(page.read_text(), page) == []


def test_a_broken_link_is_found(tmp_path: Path) -> None:
    """The README with a changed file name, a changed heading, and with neither."""
    for folder in ("docs", *FOLDERS):
        shutil.copytree(ROOT / folder, tmp_path / folder, ignore=lambda where, names: _not_pages(where, names))
    for page in ROOT.glob("*.md"):
        shutil.copy(page, tmp_path)
    for name in re.findall(r"\]\(([\w./-]+)", (ROOT / "README.md").read_text()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    page, text = tmp_path / "README.md", (ROOT / "README.md").read_text()
    assert broken_links(text, page, tmp_path) == []
    assert broken_links(text.replace("(docs/design.md", "(docs/desing.md"), page, tmp_path) != []
    assert broken_links(f"{text}\n[x](docs/design.md#no-such-part)", page, tmp_path) == [
        "docs/design.md#no-such-part: no such heading"
    ]


def _not_pages(folder: str, names: list[str]) -> list[str]:
    return [name for name in names if not name.endswith(".md")]


def test_rules_of_anchors_and_links(tmp_path: Path) -> None:
    page = tmp_path / "a.md"
    text = (
        "# `teacher.members.<name>` of kind `t5`\n## [A link](b.md), and more!\n## Twice\n## Twice\n"
        '<a id="own"></a>\n```sh\n# not a heading\n[x](nowhere.md)\n```\n`[x](nowhere.md)`\n'
    )
    assert anchors(text) == {"teachermembersname-of-kind-t5", "a-link-and-more", "twice", "twice-1", "own"}
    (tmp_path / "b.md").write_text("# There")
    good = "[1](#twice-1) [2](b.md) [3\n4](b.md#there) [5](https://example.org/#x) [6](.)"
    assert broken_links(text + good, page, tmp_path) == []
    bad = "[1](#twice-2) [`2`](c.md) [3](b.md#here) [4](../b.md) [5](/b.md) ![6](c.png)"
    assert len(broken_links(text + bad, page, tmp_path)) == 6


def dry_run(arguments: list[str], folder: Path) -> str:
    """Dry-run ``snakemake`` with these arguments in a folder; return what it says if it fails.

    A config that readers write themselves is the example, under the name that the page gives it.
    """
    for name in arguments:
        if name.endswith(".yaml") and not (folder / name).exists():
            shutil.copy(ROOT / "config" / "own-corpus.example.yaml", folder / name)
    start = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--dry-run"]
    done = forked_stage.run([*start, *arguments], folder, flow.environment())
    return "" if done.returncode == 0 else f"snakemake {shlex.join(arguments)}\n{done.stderr}"


def grouped(lines: set[str]) -> list[list[str]]:
    """Return the arguments of dry runs that try all the command lines, since each of them takes seconds.

    Lines with the same config are one dry run of all their targets, if they have nothing else that matters.
    """
    targets: dict[str, set[str]] = {}
    alone = []
    for line in sorted(lines):
        arguments = shlex.split(line, comments=True)[1:]
        plain = re.fullmatch(
            r"(?:(?:-n|--quiet rules|--cores \w+) ?)*(?P<targets>(?: ?[\w./]+)*)(?: ?--configfile (?P<file>\S+))?",
            " ".join(arguments),
        )
        if plain:
            targets.setdefault(plain["file"] or "", set()).update(plain["targets"].split() or ["all"])
        else:
            alone.append(arguments)
    together = [["--cores", "2", *sorted(t), *(["--configfile", file] if file else [])] for file, t in targets.items()]
    return together + alone


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A folder with the configs and profiles, in which nothing has run."""
    for folder in ("config", "profiles"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    return tmp_path


def snakemake_commands() -> set[str]:
    """Return those of all pages, in sentences too, and those in the first lines of the configs."""
    lines = {*on_all_pages("snakemake ")}
    for config in ROOT.glob("config/*.yaml"):
        lines |= set(re.findall(r"^# +(snakemake .+)$", config.read_text(), re.M))
    # These start no jobs; and dots stand for any config.
    lines = {line for line in lines if not re.fullmatch(r"snakemake --(lint|unlock|report.*)", line)}
    return {line.replace("--configfile ...", "--configfile config/config.yaml") for line in lines}


def test_snakemake_commands(checkout: Path) -> None:
    """All of them; those of SLURM only where its plugin is installed, and not those of Kubernetes, which need a store."""
    lines = {line for line in snakemake_commands() if "profiles/kubernetes" not in line}
    assert len(lines) >= 15
    if not importlib.util.find_spec("snakemake_executor_plugin_slurm"):
        lines = {line for line in lines if "profiles/slurm" not in line}
    assert [message for arguments in grouped(lines) if (message := dry_run(arguments, checkout))] == []


def test_a_wrong_snakemake_command_is_found(checkout: Path) -> None:
    right = {
        "snakemake --cores all lists --configfile my.yaml",
        "snakemake -n --quiet rules --configfile my.yaml  # all",
    }
    assert grouped(right) == [["--cores", "2", "all", "lists", "--configfile", "my.yaml"]]
    # The target stands last: Snakemake takes it for a second config.
    wrong = grouped(right | {"snakemake --cores all --configfile my.yaml lists"})
    assert wrong[1:] == [["--cores", "all", "--configfile", "my.yaml", "lists"]]
    assert "write targets first: snakemake lists --configfile my.yaml" in dry_run(wrong[1], checkout)


def test_python_commands() -> None:
    """`python -m listill...` is called with --help, all in one process; other scripts are there."""
    lines = on_all_pages(r"python3? ")
    modules = {
        match[1]: page for line, page in lines.items() if (match := re.search(r"-m (listill[.\w]+)(?!\S)", line))
    }
    assert "listill.stages.mine" in modules
    done = subprocess.run(
        [sys.executable, "-c", HELP, json.dumps(sorted(modules))],
        env=flow.environment() | {"PYTHONPATH": str(ROOT / "workflow")},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert [(name, modules[name]) for name in done.stdout.split("FAILED ")[1:]] == [], done.stdout
    scripts = {match[1]: page for line, page in lines.items() if (match := re.match(r"python3? ([\w/]+\.py)", line))}
    assert [(name, page) for name, page in scripts.items() if not (ROOT / name).exists()] == []


# Calls each module with --help, as its command line would.
HELP = """
import json, runpy, sys
for name in json.loads(sys.argv[1]):
    sys.argv[1:] = ["--help"]
    try:
        runpy.run_module(name, run_name="__main__", alter_sys=True)
    except SystemExit as end:
        status = end.code
    except Exception as error:
        status = repr(error)
    else:
        status = "did not end"
    if status:
        print("FAILED", name)
"""


def test_the_options_of_stages_exist() -> None:
    """The commands of stages with options are parsed as they stand."""
    lines = {line.rstrip("\\ ") for line in on_all_pages(r"python -m listill\.stages\.\w+ --(?!help)")}
    assert lines
    for line in lines:
        _, _, module, *arguments = shlex.split(line, comments=True)
        run = importlib.import_module(module).run
        parser = command._parser(run, get_type_hints(run, include_extras=True), module.rpartition(".")[2])
        assert parser.parse_args(arguments)


def test_test_commands_name_files_that_are_there() -> None:
    lines = on_all_pages(r"(\S*python3? -m |\S*/)?pytest\b")
    named = {path: page for line, page in lines.items() for path in re.findall(r"(?<=\s)tests[\w/.]*", line)}
    assert [(path, page) for path, page in named.items() if not (ROOT / path).exists()] == []


def test_make_targets_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"^([\w.-]+):", makefile, flags=re.M))
    variables = set(re.findall(r"^(\w+) [?:]?=", makefile, flags=re.M))
    lines = on_all_pages(r"make \S")
    words = {word for line in lines for word in shlex.split(line, comments=True)[1:] if not word.startswith("-")}
    named = {word for word in words if "=" not in word}
    assert {"demo", "test"} <= named
    assert named - targets == set()
    assert {word.partition("=")[0] for word in words - named} - variables == set()


def test_the_citation_and_the_package_agree() -> None:
    package = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text())
    assert (citation["version"], citation["license"]) == (package["version"], package["license"])
    assert f"## {package['version']} " in (ROOT / "CHANGELOG.md").read_text()


def test_pre_commit_runs_the_linters_of_make() -> None:
    recipe = (ROOT / "Makefile").read_text().partition("\nlint: env\n")[2].partition("\n\n")[0]
    makes = re.findall(r"\$\(BIN\)/(\w+(?: (?:check|format|--check|--lint))*)", recipe)
    hooks = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"][0]["hooks"]
    commands = [hook["entry"] for hook in hooks]
    slow = {"snakemake --lint"}  # starts Snakemake: too slow for every commit
    assert "mypy" in makes
    assert [make for make in makes if not any(f".venv/bin/{make}" in one for one in commands)] == sorted(slow)
    assert ".venv/bin/python -m listill.config_docs --check" in commands
