"""The environments of the stages and the container: tested versions, which can be installed together."""

import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import flow
import pytest
import yaml

ROOT = flow.ROOT
EXTRAS = ["lora", "export", "models", "mteb"]  # those of stages with models
# The oldest glibc for which there are wheels of everything. RHEL 8 has 2.28, Debian 11 and Ubuntu 20.04 have 2.31.
GLIBC = {"cpu": "2_28", "gpu": "2_28", "vllm": "2_31"}
DOCKERFILE = (ROOT / "containers/Dockerfile").read_text()


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


@pytest.mark.parametrize("extra", EXTRAS)
def test_the_environment_of_models_has_the_extras_of_its_stages(extra: str) -> None:
    """A key of the config that needs an extra works with --sdm conda, too."""
    needed = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"][extra]
    wheels = yaml.safe_load((ROOT / "envs/gpu.yaml").read_text())["dependencies"][-1]["pip"]
    assert set(needed) <= {wheel.partition("==")[0] for wheel in wheels}


@pytest.fixture(scope="session")
def uv(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The resolver: unlike pip's, it reads the metadata of wheels without downloading them, which for torch are gigabytes."""
    folder = tmp_path_factory.mktemp("uv")
    line = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(folder), "uv"]
    subprocess.run(line, check=True)
    return folder / "bin" / "uv"


@pytest.mark.network
@pytest.mark.parametrize("name", GLIBC)
def test_the_wheels_of_an_environment_fit_together(name: str, uv: Path, tmp_path: Path) -> None:
    wheels = yaml.safe_load((ROOT / f"envs/{name}.yaml").read_text())["dependencies"][-1]["pip"]
    (tmp_path / "wanted.txt").write_text("\n".join(wheels))
    line = [uv, "pip", "compile", "--no-config", "--quiet", "--only-binary", ":all:", "--python-version", "3.12"]
    line += ["--python-platform", f"x86_64-manylinux_{GLIBC[name]}", "--default-index", "https://pypi.org/simple"]
    done = subprocess.run([*line, tmp_path / "wanted.txt"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = dict(re.findall(r"^([\w.-]+)==(\S+)", done.stdout, flags=re.MULTILINE))
    assert len(found) > len(wheels)


def test_every_environment_is_resolved() -> None:
    assert set(GLIBC) == {file.stem for file in ROOT.glob("envs/*.yaml")}


def test_the_container_holds_a_workflow_that_runs(tmp_path: Path) -> None:
    """What the Dockerfile copies is there and not ignored, and is enough for a dry run."""
    sources = [word for line in re.findall(r"^COPY (.+) \S+$", DOCKERFILE, flags=re.MULTILINE) for word in line.split()]
    sent = re.findall(r"^!(\S+)$", (ROOT / ".dockerignore").read_text(), flags=re.MULTILINE)
    assert {source.partition("/")[0] for source in sources} == set(sent)
    for source in sent:
        copy = shutil.copytree if (ROOT / source).is_dir() else shutil.copy
        copy(ROOT / source, tmp_path / source)
    line = [sys.executable, "-m", "snakemake", "--snakefile", str(tmp_path / "Snakefile"), "--cores", "1", "--dry-run"]
    done = subprocess.run(line, cwd=tmp_path, env=flow.environment(), capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train_student" in done.stdout


def test_the_container_has_tested_versions_and_no_root() -> None:
    python = yaml.safe_load((ROOT / "envs/gpu.yaml").read_text())["dependencies"][0].partition("=")[2]
    assert re.search(rf"^FROM python:{re.escape(python)}\.\d+-slim-\w+$", DOCKERFILE, flags=re.MULTILINE)
    torch, *others = re.findall(r"pip install (.+?)(?: \\)?$", DOCKERFILE, flags=re.MULTILINE)
    assert "grep '^torch==' constraints.txt" in torch
    assert all(other.startswith("--constraint constraints.txt ") for other in others)
    extras = re.search(r"'\.\[(.+)\]'", DOCKERFILE)
    assert extras
    assert sorted(extras[1].split(",")) == sorted(EXTRAS)
    assert re.findall(r"^USER (.+)$", DOCKERFILE, flags=re.MULTILINE) == ["1000:1000"]
    assert DOCKERFILE.rindex("\nRUN ") < DOCKERFILE.index("\nUSER ") < DOCKERFILE.index("\nCMD ")
