"""All six types for 50 passages with vLLM, through the real Snakefile."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest

import vllm_environment
from listill import tables

pytestmark = [pytest.mark.vllm, pytest.mark.timeout(1800)]
TYPES = {"claim", "keywords", "question", "title", "user_query", "user_query_styled"}
PASSAGES = 50


@pytest.fixture(scope="module")
def with_vllm(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    generator = vllm_environment.generator(vllm_environment.model(tmp_path_factory.mktemp("model")), save_every=16)
    # 44 passages that train, and 3 each that are held out for selection and evaluation.
    return flow.changed(settings, "generation", {"generator": generator, "passages": PASSAGES - 6})


def generated(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(flow.results(folder) / "generated/1-of-1.parquet")


def saved(folder: Path) -> int:
    files = list(flow.results(folder).glob(".work/ask-*/answers.jsonl"))
    return files[0].read_bytes().count(b"\n") if files else 0


def test_fifty_passages(with_vllm: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in vllm_environment.SPACE.items():
        monkeypatch.setenv(name, value)
    whole, killed, other = (tmp_path / name for name in ("whole", "killed", "other"))
    flow.make(whole, with_vllm, "queries")
    answers = generated(whole)
    assert set(answers["type"]) == TYPES
    assert len(answers) == PASSAGES * len(TYPES)
    assert set(answers["finish_reason"]) == {"stop", "length"}
    assert answers["split"].value_counts().to_dict() == {"train": 264, "dev": 18, "heldout": 18}
    about = tables.provenance(flow.results(whole) / "generated/1-of-1.parquet")
    assert about.details["engine"]["vllm"]
    tokens = about.details["tokens"]
    print(f"{tokens['cached'] / tokens['prompt']:.2f} of {tokens['prompt']} prompt tokens from the prefix cache")
    assert tokens["cached"] > 0.4 * tokens["prompt"]
    kept = pd.read_parquet(flow.results(whole) / "queries.parquet").query("type != 'human'")
    assert 0 < len(kept) < len(answers)
    assert kept["text"].isin(answers["text"]).all()

    # As with --sdm conda: the stage itself runs in vLLM's environment.
    frozen = json.loads((flow.results(whole) / "config/ask.1-of-1.json").read_text())
    frozen["generator"]["python"] = None
    (tmp_path / "frozen.json").write_text(json.dumps(frozen))
    line = [vllm_environment.python(), "-m", "listill.stages.ask", "--config", str(tmp_path / "frozen.json")]
    line += [f"--{name}={flow.results(whole) / name}.parquet" for name in ("corpus", "heldout")]
    line += ["--threads", "1", "--out", str(tmp_path / "there.parquet")]
    done = subprocess.run(
        line, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(flow.ROOT / "workflow")}
    )
    assert done.returncode == 0, done.stderr
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "there.parquet"), answers)

    killed.mkdir()
    assert flow.kill_when(killed, with_vllm, lambda: saved(killed) >= 8, "queries")
    before = saved(killed)
    assert 8 <= before < len(answers) // 16
    assert not (flow.results(killed) / "generated/1-of-1.parquet").exists()
    flow.make(killed, with_vllm, "queries")
    assert f"{before * 16} of them already answered" in flow.logs(killed)
    pd.testing.assert_frame_equal(generated(killed), answers)

    flow.make(other, flow.changed(with_vllm, "seed", 8), "queries")
    assert (generated(other)["text"] != answers["text"]).mean() > 0.9
    assert not list(tmp_path.rglob(".work"))
