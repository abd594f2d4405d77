"""A language model as the generator, through the real Snakefile: a tiny one with transformers, and a server."""

from collections import Counter
from pathlib import Path
from typing import Any

import flow
import pandas as pd
import pytest

import chat_server
import tiny_chat


@pytest.fixture(scope="module")
def chat_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_chat.make_chat_model(tmp_path_factory.mktemp("chat") / "tiny")


def with_model(settings: dict[str, Any], shards: int = 1, **generator: Any) -> dict[str, Any]:
    return flow.changed(settings, "generation", {"generator": generator, "shards": shards, "passages": 20})


def queries(folder: Path) -> pd.DataFrame:
    return pd.read_parquet(flow.results(folder) / "queries.parquet")


@pytest.mark.parametrize(
    "generator",
    [{"kind": "vllm"}, {"kind": "transformers"}, {"kind": "openai", "base_url": "http://nowhere/v1"}],
    ids=lambda generator: generator["kind"],
)
def test_dry_runs_need_no_model(settings: dict[str, Any], generator: dict[str, Any], tmp_path: Path) -> None:
    keys = {"model": "nobody/nothing", "types_from": "$NOT_SET_ANYWHERE/types", "examples": {"claim": "gone.parquet"}}
    asked = flow.scheduled(tmp_path, with_model(settings, 2, **generator, **keys))
    assert asked["ask_model"] == 2
    assert asked["write_report"] == 1


def test_a_model_and_its_shards(settings: dict[str, Any], chat_model: Path, tmp_path: Path) -> None:
    one = with_model(settings, kind="transformers", model=str(chat_model), precision="fp32", max_tokens=24)
    two = flow.changed(one, "generation.shards", 2)
    flow.make(tmp_path / "one", one, "queries")
    flow.make(tmp_path / "two", two, "queries")
    pd.testing.assert_frame_equal(queries(tmp_path / "one"), queries(tmp_path / "two"))
    generated = queries(tmp_path / "one").query("type != 'human'")
    assert set(generated["generator"]) == {f"transformers:{chat_model}"}
    assert len(set(generated["type"])) == 6
    assert sorted(path.name for path in flow.results(tmp_path / "two").glob("generated/*")) == [
        "1-of-2.parquet",
        "2-of-2.parquet",
    ]
    # Changed cleaning does not ask the model again; another model or other examples do.
    folder = tmp_path / "two"
    assert "ask_model" not in flow.scheduled(folder, flow.changed(two, "generation.cleaning.max_words", 9))
    assert flow.scheduled(folder, flow.changed(two, "generation.generator.temperature", 0.5))["ask_model"] == 2
    assert flow.scheduled(folder, two, "queries") == Counter()


def test_a_server_that_fails_half_way(settings: dict[str, Any], tmp_path: Path) -> None:
    with chat_server.serve() as chat:
        server = with_model(settings, kind="openai", model="m", base_url=chat.url, concurrency=2, retries=1)
        flow.make(tmp_path / "undisturbed", server, "queries")
    with chat_server.serve({60: (400, {}, "no")}) as chat:
        server = flow.changed(server, "generation.generator.base_url", chat.url)
        done = flow.run(tmp_path / "failed", server, "queries")
        assert done.returncode != 0
        assert f"{chat.url}/chat/completions: status 400: no; check model and extra" in flow.logs(tmp_path / "failed")
        before = len(chat.requests)
        # It stops soon: the requests that are sent before the failure is noticed depend on the speed of the machine.
        assert 60 < before < 75
        flow.make(tmp_path / "failed", server, "queries")
        # Passages for training, held-out ones, and held-out dev passages, as there are few dev topics.
        assert len(chat.requests) - before == (20 + 3 + 3) * 6 - (before - 1)
    pd.testing.assert_frame_equal(queries(tmp_path / "failed"), queries(tmp_path / "undisturbed"))
    assert not (flow.results(tmp_path / "failed") / ".work").exists()
