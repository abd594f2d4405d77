"""Start from any stage: each row of the table in docs/own-data.md, on the tiny corpus."""

import re
import shutil
from collections.abc import Callable
from multiprocessing.connection import wait
from pathlib import Path
from typing import Any

import flow
import forked_stage
import pandas as pd
import pytest
import yaml

PAGE = (flow.ROOT / "docs" / "own-data.md").read_text()
TABLE = PAGE.partition("## Start from any stage")[2].partition("\n## ")[0]
ROWS = {row[0]: row for row in (re.findall(r"[^|]+", line) for line in TABLE.splitlines()[4:]) if len(row) == 4}
Settings = dict[str, Any]


def block(heading: str) -> Settings:
    """Return the first YAML block below a heading of the page."""
    part = PAGE.partition(f"\n## {heading}\n")[2]
    return dict(yaml.safe_load(part.partition("```yaml\n")[2].partition("```")[0]))


def by_hand(folder: Path, module: str, *arguments: object) -> None:
    """Run a stage of a finished run as a command; the test fails if the stage does."""
    said = folder / "said.txt"
    line = ["python", "-m", f"listill.stages.{module}", *map(str, arguments)]
    process = forked_stage.start(line, folder, said)
    wait([process.sentinel])
    process.join()
    assert process.exitcode == 0, said.read_text()


def tables_of(folder: Path, *names: str) -> list[str]:
    """Return the options that name tables of the finished run."""
    return [word for name in names for word in (f"--{name}", str(flow.results(folder) / f"{name}.parquet"))]


def documents(folder: Path, settings: Settings, beir: Path) -> None:
    source = {"kind": "files", "path": str(beir / "corpus.jsonl"), "doc_id": "_id"}
    flow.make(folder / "new", flow.changed(settings, "corpora.tiny.source", source), "corpus")
    assert len(pd.read_parquet(flow.results(folder / "new") / "corpus.parquet")) == 60


def human_queries(folder: Path, settings: Settings, beir: Path) -> None:
    topics = pd.read_parquet(flow.results(folder) / "topics.parquet")[["query_id", "text"]]
    topics.to_csv(folder / "topics.csv", index=False)
    qrels = pd.read_parquet(flow.results(folder) / "qrels.parquet")
    qrels.to_csv(folder / "qrels.csv", index=False)
    files = {name: str(folder / f"{name}.csv") for name in ("topics", "qrels")}
    source = {"kind": "files", "path": str(beir / "corpus.jsonl"), "doc_id": "_id", **files}
    flow.make(folder / "new", flow.changed(settings, "corpora.tiny.source", source), "queries")
    made = pd.read_parquet(flow.results(folder / "new") / "queries.parquet")
    assert (made["type"] == "human").sum() == qrels.query("split == 'train'")["query_id"].nunique()


def own_queries(folder: Path, settings: Settings, beir: Path) -> None:
    made = pd.read_parquet(flow.results(folder) / "queries.parquet").query("type != 'human'")
    own = made[["query_id", "text", "doc_id"]].assign(query_id="own-" + made["query_id"])
    own.to_parquet(folder / "own.parquet")
    generator = block("Your own queries")["generation"]["generator"] | {"path": str(folder / "own.parquet")}
    flow.make(folder, flow.changed(settings, "generation.generator", generator), "candidates")
    found = set(pd.read_parquet(flow.results(folder) / "candidates.parquet")["query_id"])
    assert any(name.startswith("own-") for name in found)
    assert not any(name.startswith(("lead", "cloze")) for name in found)


def with_own(settings: Settings, folder: Path, *blocks: str) -> Settings:
    """Return the settings with these blocks of the page, whose files are in ``folder``."""
    page = block("Your own candidates and scores")
    changed = {**settings, **{name: {**settings[name], **page[name]} for name in blocks}}
    text = yaml.safe_dump(changed).replace("data/", f"{folder}/")
    return dict(yaml.safe_load(text))


def own_candidates(folder: Path, settings: Settings, beir: Path) -> None:
    mined = pd.read_parquet(flow.results(folder) / "candidates.parquet").query("retriever == 'bm25'")
    mined[["query_id", "doc_id", "score"]].to_parquet(folder / "my-candidates.parquet")
    own = with_own(settings, folder, "mining", "training")
    flow.make(folder, own, "scores")
    made = pd.read_parquet(flow.results(folder) / "candidates.parquet")
    assert set(made["retriever"]) <= {"mine", "positive"}
    again = made.query("retriever == 'mine'")[["query_id", "doc_id", "rank"]]
    pairs = mined[["query_id", "doc_id", "rank"]].merge(again, on=["query_id", "doc_id"])
    assert len(pairs) == len(again) > 100
    assert (pairs["rank_x"] == pairs["rank_y"]).all()
    scores = pd.read_parquet(flow.results(folder) / "scores.parquet")
    assert len(scores) == 3 * len(made[["query_id", "doc_id"]].drop_duplicates())
    # Another content of the file makes the candidates anew; a copy of the same does not.
    (folder / "my-candidates.parquet").touch()
    assert not flow.scheduled(folder, own, "scores")
    mined.iloc[:-1][["query_id", "doc_id", "score"]].to_parquet(folder / "my-candidates.parquet")
    assert {"mine_candidates", "score_candidates"} <= flow.scheduled(folder, own, "scores").keys()


def own_scores(folder: Path, settings: Settings, beir: Path) -> None:
    pool = pd.read_parquet(flow.results(folder) / "scores.parquet").query("teacher == 'bm25'")
    pool[["query_id", "doc_id", "score"]].to_parquet(folder / "my-scores.parquet")
    before = pd.read_parquet(flow.results(folder) / "lists/small.parquet")
    flow.make(folder, with_own(settings, folder, "teacher"), "lists")
    made = pd.read_parquet(flow.results(folder) / "scores.parquet")
    assert set(made["teacher"]) == {"judge"}
    both = made.merge(pool, on=["query_id", "doc_id"])
    assert len(both) == len(made) == len(pool)
    assert (both["score_x"] == both["score_y"]).all()
    assert not pd.read_parquet(flow.results(folder) / "lists/small.parquet").equals(before)


def lists(folder: Path, settings: Settings, beir: Path) -> None:
    made = flow.results(folder)
    pd.read_parquet(made / "lists/small.parquet").to_parquet(folder / "my-lists.parquet")
    by_hand(
        *(folder, "train", "--config", made / "config/train.small.listwise.json", "--out", folder / "model"),
        *tables_of(folder, "corpus", "topics", "qrels", "queries"),
        *("--lists", folder / "my-lists.parquet", "--tokens", made / "tokens/small.parquet"),
        *("--embeddings", made / "embeddings/small.parquet"),
    )
    assert (folder / "model/modules.json").exists()


def model(folder: Path, settings: Settings, beir: Path) -> None:
    shutil.copytree(flow.results(folder) / "models/small/listwise", folder / "my-model")
    before = (flow.results(folder) / "runs/small.parquet").read_bytes()
    own = flow.changed(settings, "students.small.model", str(folder / "my-model"))
    flow.make(folder, own, "results/tiny/runs/small.parquet")
    assert (flow.results(folder) / "runs/small.parquet").read_bytes() != before


def runs(folder: Path, settings: Settings, beir: Path) -> None:
    run = pd.read_parquet(flow.results(folder) / "runs/bm25.parquet")
    run.to_parquet(folder / "elastic.parquet")
    by_hand(
        *(folder, "evaluate", *tables_of(folder, "corpus", "topics", "qrels", "queries")),
        *("--runs", folder / "elastic.parquet", "--summary", folder / "summary.parquet"),
        *("--per-query", folder / "per_query.parquet"),
    )
    theirs = pd.read_parquet(folder / "summary.parquet").query("split == 'test'").set_index("measure")["value"]
    ours = pd.read_parquet(flow.results(folder) / "summary.parquet").query("split == 'test' and system == 'bm25'")
    assert theirs["nDCG@10"] == ours.set_index("measure")["value"]["nDCG@10"]


CASES: dict[str, Callable[[Path, Settings, Path], None]] = {
    "documents": documents,
    "human queries": human_queries,
    "queries": own_queries,
    "candidates": own_candidates,
    "scores": own_scores,
    "training lists": lists,
    "a model": model,
    "runs": runs,
}


def test_the_page_has_these_rows() -> None:
    assert [row.strip() for row in ROWS] == list(CASES)


@pytest.mark.parametrize("row", CASES)
def test_a_row(row: str, copied: Callable[[], Path], settings: Settings, tiny_beir: Path) -> None:
    CASES[row](copied(), settings, tiny_beir)
