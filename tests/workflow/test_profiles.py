"""The shipped profiles: their options exist, they name every rule, and a dry run takes them."""

import importlib.util
import re
import sys
from pathlib import Path
from typing import Any

import flow
import pytest
import yaml
from snakemake.cli import get_argument_parser

ROOT = flow.ROOT
PROFILES = sorted(path.parent.name for path in ROOT.glob("profiles/*/profile.yaml"))
CLUSTERS = ("kubernetes", "slurm")
# The options of a plugin start with its name. A plugin that is not installed cannot be asked for them.
PLUGINS = {
    "kubernetes": "snakemake_executor_plugin_kubernetes",
    "slurm": "snakemake_executor_plugin_slurm",
    "storage-s3": "snakemake_storage_plugin_s3",
}
# These run where Snakemake runs.
LOCAL = {"stage_settings", "gather_shares", "papers_settings", "estimate_settings", "estimate"}
MISSING = tuple(name for name, package in PLUGINS.items() if importlib.util.find_spec(package) is None)


def read(profile: str) -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "profiles" / profile / "profile.yaml").read_text())
    return content


def rules(having: str = "") -> set[str]:
    """Return the rules whose jobs go to a cluster: all of them, or those whose text has a match of ``having``."""
    text = "".join(path.read_text() for path in ROOT.glob("workflow/rules/*.smk"))
    again = re.findall(r"^use rule (\w+) as (\w+) with:", text, flags=re.MULTILINE)
    blocks = {block.partition(":")[0]: block for block in re.split(r"^rule ", text, flags=re.MULTILINE)[1:]}
    found = {name for name, block in blocks.items() if re.search(having, block)}
    found |= {name for original, name in again if original in found}
    return found - LOCAL


EVERY, GPU, THREADED = rules(), rules(r"gpu=(1|PLAN)"), rules("threads: THREADS")


def test_the_rules_are_found() -> None:
    assert {"make_corpus", "build_own_lists", "score_again"} <= EVERY
    assert {"encode_corpus", "score_again"} <= GPU & THREADED
    assert not {"make_corpus", "build_own_lists"} & (GPU | THREADED)


@pytest.mark.parametrize("profile", PROFILES)
def test_every_key_is_an_option(profile: str) -> None:
    options = get_argument_parser()._option_string_actions
    keys = {key for key in read(profile) if not key.startswith("__")}  # those of YTE
    unknown = {key for key in keys if f"--{key}" not in options}
    assert {key for key in unknown if not key.startswith(MISSING)} == set()


@pytest.mark.parametrize("profile", [name for name in PROFILES if name != "kubernetes"])  # that one needs a bucket
def test_dry_run(profile: str, tmp_path: Path) -> None:
    text = (ROOT / "config/config.yaml").read_text()
    assert flow.scheduled(tmp_path, text, "--workflow-profile", str(ROOT / "profiles" / profile))["train_student"] == 3


@pytest.mark.parametrize("profile", CLUSTERS)
def test_a_cluster_profile_names_every_rule(profile: str) -> None:
    """A rule that is forgotten there would get the defaults of some other kind of job."""
    content = read(profile)
    resources = content["set-resources"]
    assert set(resources) == (EVERY if profile == "slurm" else GPU)
    assert {rule for rule, values in resources.items() if values.get("gpu")} == GPU
    assert set(content["set-threads"]) == THREADED
    assert not any("mem_mb" in values for values in resources.values())  # the rules know what they need


def test_every_rule_asks_for_memory() -> None:
    assert rules(r"mem_mb=memory\(") == EVERY


def test_gpu_jobs_of_slurm_go_to_the_partition_with_gpus() -> None:
    resources = read("slurm")["set-resources"]
    assert {rule for rule, values in resources.items() if values["slurm_partition"] == "gpu"} == GPU


def test_both_clusters_have_the_same_jobs() -> None:
    """Memory, threads and GPUs do not depend on who starts the job."""
    slurm, kubernetes = read("slurm"), read("kubernetes")
    for rule, values in kubernetes["set-resources"].items():
        assert values == {key: slurm["set-resources"][rule][key] for key in values}, rule
    for key in ("set-threads", "retries", "rerun-incomplete", "max-checksum-file-size"):
        assert slurm[key] == kubernetes[key]


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
    content = read(profile)
    assert content["__use_yte__"]
    [definitions] = content["__definitions__"]
    if target is None:
        exec(definitions, {})
        return
    with pytest.raises(SystemExit) as stop:
        exec(definitions, {})
    assert f"write targets first: snakemake {target} --configfile a.yaml" in str(stop.value)
