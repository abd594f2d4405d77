"""The workflow's style, the shipped configs, profiles and environments."""

import re
import resource
import subprocess
import sys
import tomllib
from pathlib import Path

import flow
import pytest
import yaml

ROOT = flow.ROOT
BIN = Path(sys.executable).parent
PROFILES = sorted(path.parent.name for path in ROOT.glob("profiles/*/profile.yaml"))


def test_snakefmt() -> None:
    done = subprocess.run(
        [BIN / "snakefmt", "--check", "Snakefile", "workflow/Snakefile", "workflow/rules"],
        cwd=ROOT,
        capture_output=True,
    )
    assert done.returncode == 0, done.stderr.decode()


def test_lint(tmp_path: Path) -> None:
    done = flow.lint(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("file", sorted(ROOT.glob("config/*.yaml")), ids=lambda file: file.stem)
def test_dry_run_of_every_config(file: Path, tmp_path: Path) -> None:
    """Without GPU, hub or data; LISTILL_DATA is not set."""
    assert flow.scheduled(tmp_path, file.read_text())["write_report"] >= 1


def test_a_dry_run_of_the_papers_settings_takes_seconds(tmp_path: Path) -> None:
    """1422 jobs; in seconds of processor time, so that a busy machine does not matter."""

    def spent() -> float:
        used = resource.getrusage(resource.RUSAGE_CHILDREN)
        return used.ru_utime + used.ru_stime

    before = spent()
    jobs = flow.scheduled(tmp_path, (ROOT / "config" / "paper.yaml").read_text())
    assert jobs["train_student"] == 10 * 4 * 3 + 6 * 5  # losses; query types alone, of one student on five corpora
    assert spent() - before < 10


@pytest.mark.parametrize("profile", PROFILES)
def test_dry_run_with_every_profile(profile: str, tmp_path: Path) -> None:
    text = (ROOT / "config/config.yaml").read_text()
    assert flow.scheduled(tmp_path, text, "--workflow-profile", str(ROOT / "profiles" / profile))["train_student"] == 3


def test_the_demo_runs_its_short_jobs_with_models_in_pairs() -> None:
    """A rule that is renamed would silently get all cores again."""
    paired = re.search(r"^PAIRED := (.+)$", (ROOT / "Makefile").read_text(), flags=re.MULTILINE)
    assert paired
    text = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    blocks = {block.partition(":")[0]: block for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]}
    for rule in paired[1].split():
        assert "threads: THREADS" in blocks[rule]
        assert "gpu=1" in blocks[rule]


def test_the_cluster_profile_names_every_rule() -> None:
    """A rule that is forgotten there would get the defaults of some other kind of job."""
    text = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    again = dict(re.findall(r"^use rule (\w+) as (\w+) with:", text, flags=re.MULTILINE))
    rules = {*re.findall(r"^rule (\w+):", text, flags=re.MULTILINE), *again.values()}
    rules -= {"stage_settings", "papers_settings", "estimate_settings", "estimate"}  # these run where Snakemake runs
    slurm = yaml.safe_load((ROOT / "profiles/slurm/profile.yaml").read_text())
    assert set(slurm["set-resources"]) == rules
    blocks = re.split(r"^rule ", text, flags=re.MULTILINE)[1:]
    gpu = {block.partition(":")[0] for block in blocks if re.search(r"gpu=(1|PLAN)", block)}
    gpu |= {name for original, name in again.items() if original in gpu}
    named = {rule for rule, resources in slurm["set-resources"].items() if resources.get("gpu")}
    assert named == gpu == {rule for rule, value in slurm["set-resources"].items() if value["slurm_partition"] == "gpu"}


@pytest.mark.parametrize("profile", PROFILES)
@pytest.mark.parametrize(
    ("line", "target"),
    [
        ("--configfile a.yaml lists", "lists"),
        ("--configfile a.yaml b.json corpus -n", "corpus"),  # a folder of that name is there
        ("--configfile a.yaml results/tiny/runs/bm25.trec", "results/tiny/runs/bm25.trec"),  # that has been made
        ("lists --configfile a.yaml b.json plain -n", None),
        ("lists", None),
    ],
)
def test_a_target_after_configfile_is_one_line(
    profile: str, line: str, target: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for file in ("a.yaml", "b.json", "plain", "corpus/texts.txt", "results/tiny/runs/bm25.trec"):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).touch()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "argv", ["snakemake", *line.split()])
    content = yaml.safe_load((ROOT / "profiles" / profile / "profile.yaml").read_text())
    assert content["__use_yte__"]
    [definitions] = content["__definitions__"]
    if target is None:
        exec(definitions, {})
        return
    with pytest.raises(SystemExit) as stop:
        exec(definitions, {})
    assert f"write targets first: snakemake {target} --configfile a.yaml" in str(stop.value)


@pytest.mark.parametrize("file", sorted(ROOT.glob("envs/*.yaml")), ids=lambda file: file.stem)
def test_environments_have_the_tested_versions(file: Path) -> None:
    pins = dict(re.findall(r"^([\w.-]+)==(.+)$", (ROOT / "constraints.txt").read_text(), flags=re.MULTILINE))
    pins = {name.lower().replace("_", "-"): version for name, version in pins.items()}
    content = yaml.safe_load(file.read_text())
    assert content["dependencies"][0] == "python=3.12"
    for wheel in content["dependencies"][-1]["pip"]:
        name, _, version = wheel.partition("==")
        if file.stem != "vllm" or name in ("pandas", "pyarrow"):  # vLLM fixes versions of its own
            assert pins[name.lower().replace("_", "-")] == version, wheel


@pytest.mark.parametrize("extra", ["lora", "export", "models", "mteb"])
def test_the_environment_of_models_has_the_extras_of_its_stages(extra: str) -> None:
    """A key of the config that needs an extra works with --sdm conda, too."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    wheels = yaml.safe_load((ROOT / "envs/gpu.yaml").read_text())["dependencies"][-1]["pip"]
    assert set(needed) <= {wheel.partition("==")[0] for wheel in wheels}


def test_the_catalogue_entry() -> None:
    entry = yaml.safe_load((ROOT / ".snakemake-workflow-catalog.yml").read_text())
    assert entry["usage"]["software-stack-deployment"]["conda"] is True
