"""The target export on the finished run: what other tools and people get."""

import json
import shutil
from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd
import pytest
import pytrec_eval
import trec_files
from huggingface_hub import ModelCard
from sentence_transformers import SentenceTransformer

from listill import checksums
from listill.corpus.sources.beir import Beir
from listill.evaluation import saved_model
from listill.export import onnx
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

pytest.importorskip("onnx", reason="onnx is not installed")


@pytest.fixture(scope="module")
def exported(finished: Path, settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The results folder of a copy of the finished run, exported."""
    run = Path(shutil.copytree(finished, tmp_path_factory.mktemp("export") / "run"))
    flow.make(run, flow.changed(settings, "export.licence", "mit"), "export")
    return flow.results(run)


def test_training_lists_are_those_of_the_run(exported: Path) -> None:
    lists = pd.read_parquet(exported / "lists/small.parquet").sort_values("query_id", ignore_index=True)
    folder = exported / "export" / "lists" / "small"
    train = pd.read_parquet(folder / "pylate" / "train.parquet")
    assert train["query_id"].tolist() == lists["query_id"].tolist()
    for ours, theirs in zip(lists["scores"], train["scores"], strict=True):
        assert sorted(ours) == sorted(theirs)
    rows = [json.loads(line) for line in (folder / "tevatron" / "train.jsonl").read_text().splitlines()]
    first = {row["query_id"]: row["positive_passages"][0]["docid"].partition("#")[0] for row in rows}
    assert first == dict(zip(lists["query_id"], lists["doc_ids"].str[0], strict=True))
    assert "## sentence_transformers" in (folder / "README.md").read_text()


def test_the_beir_folder_is_the_corpus_that_was_read(exported: Path, settings: dict[str, Any]) -> None:
    """But for the dev topics, which the run took from the train topics."""
    source = Beir(**settings["corpora"]["tiny"]["source"]).read()
    again = Beir(kind="beir", path=str(exported / "export" / "corpus" / "beir")).read()
    assert again.documents == source.documents
    assert again.topics == source.topics
    pairs = [{(one.query_id, one.doc_id, one.relevance) for one in raw.qrels} for raw in (source, again)]
    assert pairs[0] == pairs[1]
    test = [{one.query_id for one in raw.qrels if one.split == "test"} for raw in (source, again)]
    assert test[0] == test[1]


def test_the_trec_files_are_the_runs_and_judgements(exported: Path) -> None:
    """So all measures follow from them: test_figures.py computes these outside the package."""
    folder = exported / "export" / "corpus" / "trec"
    runs = sorted(exported.glob("runs/*.parquet"))
    assert [path.stem for path in sorted(folder.glob("runs/*.trec"))] == [path.stem for path in runs]
    assert len(runs) == 8
    for path in runs:
        expected = pd.read_parquet(path).sort_values("rank")
        found = trec_files.read_run(folder / "runs" / f"{path.stem}.trec")
        assert found.keys() == set(expected["query_id"])
        for query, rows in expected.groupby("query_id"):
            by_score = sorted(found[query], key=found[query].__getitem__, reverse=True)
            assert by_score == rows["doc_id"].tolist(), (path.stem, query)
            # Single precision, in which equal scores are set apart.
            assert [found[query][doc] for doc in by_score] == pytest.approx(rows["score"].tolist(), rel=1e-5)
    for split, judged in trec_files.judgements(exported).items():
        with open(folder / f"qrels.{split}.txt") as lines:
            assert pytrec_eval.parse_qrel(lines) == judged


@pytest.mark.parametrize("variant", flow.VARIANTS)
def test_the_exported_model(exported: Path, variant: str) -> None:
    trained, folder = exported / "models" / "small" / variant, exported / "export" / "models" / "small" / variant
    texts = pd.read_parquet(exported / "corpus.parquet")["text"].tolist()
    before, after = (SentenceTransformer(str(path), device="cpu").encode_document(texts) for path in (trained, folder))
    np.testing.assert_array_equal(before, after)
    by_onnx = Encoder(onnx.in_onnxruntime(folder, onnx.FP32), folder).encode(texts, "document")
    by_torch = Encoder(Student(model=str(folder), precision="fp32"), folder).encode(texts, "document")
    np.testing.assert_allclose(by_onnx, by_torch, atol=1e-4)
    assert checksums.damage(folder) is None
    assert not any(path.stat().st_mode & 0o044 != 0o044 for path in [*folder.rglob("*"), *trained.rglob("*")])


def test_the_card(exported: Path) -> None:
    card = ModelCard.load(exported / "export" / "models" / "small" / "listwise" / "README.md")
    summary = pd.read_parquet(exported / "summary.parquet").set_index(["system", "split", "measure"])
    row = summary.loc["small.listwise", "test", "nDCG@10"]
    values = {one.metric_name: one.metric_value for one in card.data.eval_results}
    assert values["nDCG@10"] == round(row["value"], 4)
    assert (card.data.language, card.data.license) == ("en", "mit")
    assert f"{row['ci_low']:+.3f} to {row['ci_high']:+.3f}" in card.text
    assert "With the int8 file, nDCG@10 is " in card.text
    assert "SentenceTransformer(folder) ranks as measured" in card.text


def test_the_saved_model_is_confirmed(exported: Path) -> None:
    results = saved_model.by_system(pd.read_parquet(exported / "checks.parquet"))
    assert sorted(results) == sorted(f"small.{variant}" for variant in flow.VARIANTS)
    for result in results.values():
        assert result.confirmed
        assert result.differs_from_base


def test_a_second_export_does_nothing(exported: Path, settings: dict[str, Any]) -> None:
    assert not flow.scheduled(exported.parents[1], flow.changed(settings, "export.licence", "mit"), "export")


def test_a_changed_licence_exports_the_models_again_and_nothing_else(exported: Path, settings: dict[str, Any]) -> None:
    changed = flow.changed(settings, "export.licence", "apache-2.0")
    assert flow.scheduled(exported.parents[1], changed, "export") == {"stage_settings": 2, "export_model": 2}
