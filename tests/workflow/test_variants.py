"""What variants do differently, through the real Snakefile."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd
import pytest
from sentence_transformers import SentenceTransformer

from listill import tables

VARIANTS: dict[str, dict[str, Any]] = {
    "free": {},
    "none-vetoed": {"negatives": {"guide": flow.STUDENT, "margin": 3.0}},
    "all-vetoed": {"negatives": {"guide": flow.STUDENT, "margin": -3.0}},
    "reseeded": {"seed": 5},
}
OWN_AND_SHARED = ("short", "short-seed2", "listwise")


@pytest.fixture
def histories(copied: Callable[[], Path], settings: dict[str, Any]) -> dict[str, pd.DataFrame]:
    """The training curves of variants with InfoNCE."""
    folder = copied()
    asked = flow.changed(
        settings, "training.variants", {name: {"losses": {"contrastive": 1}, **own} for name, own in VARIANTS.items()}
    )
    asked = flow.changed(asked, "training.selection.queries", 3)
    flow.make(folder, asked, "train")
    models = flow.results(folder) / "models" / flow.STUDENT
    return {name: pd.read_parquet(models / name / "history.parquet") for name in VARIANTS}


def test_a_guide_and_a_seed(histories: dict[str, pd.DataFrame]) -> None:
    """A guide that vetoes every text leaves InfoNCE nothing, one that vetoes none changes nothing.

    A seed of its own gives a variant another order, and no other dev queries: their step 0 is the same base.
    """
    losses = {name: table.loc[table["split"] == "train", "contrastive"] for name, table in histories.items()}
    assert (losses["free"] > 0.01).all()
    pd.testing.assert_series_equal(losses["none-vetoed"], losses["free"], check_exact=True)
    assert (losses["all-vetoed"].abs() < 1e-6).all()
    assert not np.allclose(losses["reseeded"], losses["free"])
    bases = {float(table.loc[table["step"] == 0, "nDCG@10"].iloc[0]) for table in histories.values()}
    assert len(bases) == 1


def test_only_the_query_tower(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """Passages keep the base model's embeddings, queries change, and the evaluation searches the base's passages."""
    folder = copied()
    own = {"losses": {"listwise": 1}, "tower": "query", "learning_rate": 3e-3, "selection": {"base": False}}
    asked = flow.changed(settings, "training.variants", {"queries": own})
    flow.make(folder, asked)
    results = flow.results(folder)
    base, tuned = (pd.read_parquet(results / f"embeddings/{name}.parquet") for name in ("small", "small.queries"))
    np.testing.assert_array_equal(np.stack(tuned["embedding"]), np.stack(base["embedding"]))
    model = SentenceTransformer(str(results / "models/small/queries"), device="cpu")
    topics = pd.read_parquet(results / "topics.parquet").query("split == 'test'")
    similarity = model.encode_query(topics["text"].tolist()) @ np.stack(base["embedding"]).T
    run = pd.read_parquet(results / "runs/small.queries.parquet").query("rank == 1").set_index("query_id")["doc_id"]
    assert run[topics["query_id"]].tolist() == base["doc_id"].to_numpy()[similarity.argmax(1)].tolist()
    untrained = pd.read_parquet(results / "runs/small.parquet")
    trained = pd.read_parquet(results / "runs/small.queries.parquet")
    assert not np.allclose(untrained["score"].head(20), trained["score"].head(20), atol=1e-3)
    card = (results / "models/small/queries/README.md").read_text()
    assert "encoded by the base model: only queries were trained" in card


def test_what_keeps_a_student_close_to_its_base(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """An anchor, with passages that are cut in training: at the first step, the student is where the base model is.

    LoRA: the embeddings of the corpus are those of the saved model, which anyone can load.
    """
    folder = copied()
    shared: dict[str, Any] = {"learning_rate": 3e-3, "selection": {"base": False}}
    anchored = shared | {"losses": {"listwise": 1, "anchor": 5, "anchor_kl": 0.1}, "max_length": 20}
    adapted = shared | {"losses": {"listwise": 1}, "lora": {"rank": 8}, "learning_rate": 2e-2}
    flow.make(folder, flow.changed(settings, "training.variants", {"anchored": anchored, "adapted": adapted}), "train")
    results = flow.results(folder)
    corpus = pd.read_parquet(results / "corpus.parquet").head(9)
    tuned, base = (
        np.stack(pd.read_parquet(results / f"embeddings/{name}.parquet")["embedding"].head(9))
        for name in ("small.adapted", "small")
    )
    model = SentenceTransformer(str(results / "models/small/adapted"), device="cpu")
    own = model.encode_document((corpus["title"] + " " + corpus["text"]).tolist())
    assert (own * tuned).sum(1).min() > 0.999  # in bf16 or not
    assert (own * base).sum(1).max() < 0.99
    losses = pd.read_parquet(results / "models/small/anchored/losses.parquet")
    first, last = (losses.groupby("name")["value"].agg(which) for which in ("first", "last"))
    assert sorted(first.index) == ["anchor", "anchor_kl", "listwise"]
    assert first[["anchor", "anchor_kl"]].abs().max() < 1e-4 < 1e-3 < last[["anchor", "anchor_kl"]].min()


def test_embeddings_of_several_sizes(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """Each size is a system, whose run is that of the saved model with ``truncate_dim``; sizes are compared with the base."""
    folder = copied()
    own = {"losses": {"listwise": 1}, "matryoshka": [16, 8], "learning_rate": 3e-3, "selection": {"base": False}}
    asked = flow.changed(settings, "training.variants", {"sizes": own})
    asked = flow.changed(asked, f"students.{flow.STUDENT}.precision", "fp32")
    flow.make(folder, asked)
    results = flow.results(folder)
    corpus, topics = (pd.read_parquet(results / f"{name}.parquet") for name in ("corpus", "topics"))
    topics = topics[topics["split"] == "test"]
    model = SentenceTransformer(str(results / "models/small/sizes"), device="cpu", truncate_dim=8)
    texts = model.encode_document((corpus["title"] + " " + corpus["text"]).tolist(), normalize_embeddings=True)
    similarity = model.encode_query(topics["text"].tolist(), normalize_embeddings=True) @ texts.T
    run = pd.read_parquet(results / "runs/small.sizes@8.parquet").query("rank == 1").set_index("query_id")
    np.testing.assert_allclose(run.loc[topics["query_id"], "score"], similarity.max(1), atol=1e-4)
    summary = pd.read_parquet(results / "summary.parquet").query("split == 'test' and measure == 'nDCG@10'")
    summary = summary.set_index("system")
    sizes = summary.loc[["small.sizes", "small.sizes@8", "small.sizes@16"]]
    assert (sizes["base"] == summary.loc["small", "value"]).all()
    assert (sizes["kept"] == 1).all()
    assert summary.loc["small.sizes@8", "value"] > 0.1
    assert "small.sizes@16" in (results / "report.html").read_text()
    assert "Nothing to be done" in flow.make(folder, asked, "--dry-run")


def test_own_lists(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """A variant with lists of its own, two seeds and a second round: all its lists have its settings, the others' stay."""
    folder = copied()
    before = flow.frames(folder, settings)["lists/small.parquet"]
    own = {"losses": {"listwise": 1}, "lists": {"length": 3}, "teachers": ["bm25"]}
    asked = flow.changed(settings, "training", settings["training"] | {"seeds": 2, "rounds": 2})
    asked = flow.changed(asked, "training.variants", {"listwise": {"losses": {"listwise": 1}}, "short": own})
    flow.make(folder, asked)
    results = flow.results(folder)
    pd.testing.assert_frame_equal(pd.read_parquet(results / "lists/small.parquet"), before, check_exact=True)
    again = [results / f"round2/small.{name}/lists.parquet" for name in ("short", "short-seed2", "listwise")]
    longest = [
        pd.read_parquet(path)["doc_ids"].str.len().max() for path in [results / "lists/small.short.parquet", *again]
    ]
    assert longest == [3, 3, 3, 4]
    assert sorted(path.name for path in (results / "lists").glob("*")) == ["small.parquet", "small.short.parquet"]
    with_lists = [
        tables.provenance(results / f"models/small/{name}/history.parquet").lineage for name in OWN_AND_SHARED
    ]
    assert ["lists/small.short" in "".join(lineage) for lineage in with_lists] == [True, True, False]
    page = (results / "report.html").read_text()
    assert all(step in page for step in ("in training lists", "in lists of short"))
    assert "Nothing to be done" in flow.make(folder, asked, "--dry-run")


def test_seeds(copied: Callable[[], Path], settings: dict[str, Any]) -> None:
    """A second seed: the first trainings stay, each variant is one row of the summary, the mean of its seeds."""
    folder, asked = copied(), flow.changed(settings, "training.seeds", 2)
    results = flow.results(folder)
    first = (results / "models" / flow.STUDENT / "listwise" / "model.safetensors").stat().st_mtime_ns
    flow.make(folder, asked)
    assert (results / "models" / flow.STUDENT / "listwise" / "model.safetensors").stat().st_mtime_ns == first
    values = pd.read_parquet(results / "per_query.parquet").query("split == 'test' and measure == 'nDCG@10'")
    means = values.groupby("system")["value"].mean()
    summary = pd.read_parquet(results / "summary.parquet").query("split == 'test' and measure == 'nDCG@10'")
    summary = summary.set_index("system")
    for system in ("small.listwise", "small.combined", "small.listwise+bm25"):
        second = system.replace("+bm25", "") + "-seed2" + ("+bm25" if "+bm25" in system else "")
        assert second not in summary.index
        both = [means[system], means[second]]
        assert summary.loc[system, ["seeds", "value"]].tolist() == pytest.approx([2, np.mean(both)])
        assert summary.loc[system, "seed_sd"] == pytest.approx(np.std(both, ddof=1))
    steps = [results / "models" / flow.STUDENT / name / "history.parquet" for name in ("listwise", "listwise-seed2")]
    one, two = (pd.read_parquet(path) for path in steps)
    assert one["nDCG@10"].iloc[0] == two["nDCG@10"].iloc[0]
    assert one["loss"].dropna().tolist() != two["loss"].dropna().tolist()
    assert "mean of 2 seeds" in (results / "report.html").read_text()
