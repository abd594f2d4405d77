"""Parts of the pipeline: a target alone, a stage by hand, files made elsewhere, a corpus without topics."""

import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import flow
import forked_stage
import pandas as pd
import pytest

import tiny

CORPUS = {"make_corpus"}
QUERIES = CORPUS | {"generate_queries"}
CANDIDATES = QUERIES | {"encode_corpus", "mine_candidates"}
SCORES = CANDIDATES | {"score_candidates"}
LISTS = SCORES | {"gate_teacher", "build_lists"}
TRAIN = LISTS | {"train_student"}
SEARCH = {"search_bm25", "search_base", "search_trained", "fuse_runs", "rerank_topics"}
EVALUATE = TRAIN | SEARCH | {"evaluate_systems"}
REPORT = EVALUATE | {"check_models", "write_report"}
TARGETS = {
    "corpus": CORPUS,
    "queries": QUERIES,
    "candidates": CANDIDATES,
    "scores": SCORES,
    "lists": LISTS,
    "train": TRAIN,
    "evaluate": EVALUATE,
    "report": REPORT,
    "all": REPORT,
    "export": EVALUATE | {"export_lists", "export_corpus", "check_models", "export_model"},
    "results/tiny/runs/bm25.trec": QUERIES | {"search_bm25", "write_trec_run"},
}


@pytest.fixture(scope="module")
def planned(settings: dict[str, Any], tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    """The rules that each target schedules where nothing has been made yet."""
    folder = tmp_path_factory.mktemp("nothing")
    with ThreadPoolExecutor(2) as pool:
        found = pool.map(lambda target: flow.scheduled(folder, settings, target), TARGETS)
        return {target: set(rules) - {"stage_settings"} for target, rules in zip(TARGETS, found, strict=True)}


@pytest.mark.parametrize("target", TARGETS)
def test_a_target_schedules_what_it_needs(target: str, planned: dict[str, set[str]]) -> None:
    assert planned[target] == TARGETS[target]


def by_hand(stage: str, **files: Path | list[Path]) -> str:
    line = [sys.executable, "-m", f"listill.stages.{stage}"]
    for name, paths in files.items():
        line += [f"--{name.replace('_', '-')}", *map(str, paths if isinstance(paths, list) else [paths])]
    done = forked_stage.run(line, flow.ROOT, flow.environment())
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_stages_by_hand_on_files_made_elsewhere(tmp_path: Path) -> None:
    """pandas wrote the files: no fingerprints, other integer widths, columns in another order."""
    documents = pd.DataFrame(tiny.tiny_documents(30)).rename(columns={"_id": "doc_id"})
    documents.assign(duplicate_of=None)[["text", "title", "duplicate_of", "doc_id"]].to_parquet(
        tmp_path / "docs.parquet"
    )
    queries = pd.DataFrame({"query_id": ["a", "b"], "text": documents["title"][:2], "doc_id": documents["doc_id"][:2]})
    empty = dict.fromkeys(["generator", "prompt", "finish_reason", "start", "end"])
    queries.assign(type="mine", split="train", seed=1, **empty).to_parquet(tmp_path / "asked.parquet")
    pd.DataFrame({"query_id": ["a"], "doc_id": ["d001"], "relevance": [1], "split": ["train"]}).to_parquet(
        tmp_path / "judged.parquet"
    )
    out = tmp_path / "out.parquet"
    given = {"corpus": tmp_path / "docs.parquet", "queries": tmp_path / "asked.parquet"}
    said = by_hand("mine", **given, qrels=tmp_path / "judged.parquet", out=out, funnel=tmp_path / "funnel.parquet")
    assert "2 of 2 queries are consistent" in said
    found = pd.read_parquet(out)
    first = found[(found["retriever"] == "bm25") & (found["rank"] == 1)].set_index("query_id")["doc_id"]
    assert first.to_dict() == {"a": "d000", "b": "d001"}
    config = tmp_path / "score.json"
    config.write_text('{"members": {"words": {"kind": "bm25"}}}')
    by_hand("score", config=config, **given, candidates=out, out=tmp_path / "scores.parquet")
    scores = pd.read_parquet(tmp_path / "scores.parquet")
    assert set(scores["teacher"]) == {"words"}
    assert len(scores) == len(found.drop_duplicates(["query_id", "doc_id"]))
    topics = tmp_path / "topics.parquet"
    pd.DataFrame({"query_id": ["t"], "text": ["honey"], "split": ["test"]}).to_parquet(topics)
    given |= {"topics": topics, "qrels": tmp_path / "judged.parquet"}
    by_hand("search", **given, out=tmp_path / "bm25.parquet")
    by_hand("trec", run=tmp_path / "bm25.parquet", out=tmp_path / "bm25.trec")
    line = (tmp_path / "bm25.trec").read_text().splitlines()[0].split()
    assert (line[0], line[1], line[3], line[5]) == ("t", "Q0", "1", "bm25")


def test_own_corpus_and_own_queries_without_topics(settings: dict[str, Any], tmp_path: Path) -> None:
    """From a CSV file and the user's own queries.parquet to trained models; what can be measured is said."""
    documents = pd.DataFrame(tiny.tiny_documents()).rename(columns={"_id": "nr", "text": "body"})
    documents.to_csv(tmp_path / "handbook.csv", index=False)
    asked = [
        (f"mine{i}", " ".join(row.title.lower().split()[1:]), row.nr) for i, row in enumerate(documents.itertuples())
    ]
    pd.DataFrame(asked, columns=["query_id", "text", "doc_id"]).to_parquet(tmp_path / "asked.parquet")
    source = {"kind": "files", "path": "handbook.csv", "doc_id": "nr", "title": "title", "text": "body"}
    own = flow.changed(settings, "corpora.tiny.source", source)
    own = flow.changed(own, "generation", {"generator": {"kind": "file", "path": "asked.parquet"}})
    own = flow.changed(own, "training.variants", {"listwise": {"losses": {"listwise": 1}}})
    own = flow.changed(own, "evaluation.trec_runs", True)
    flow.make(tmp_path, own)
    folder = flow.results(tmp_path)
    assert pd.read_parquet(folder / "topics.parquet").empty
    queries = pd.read_parquet(folder / "queries.parquet")
    assert set(queries["type"]) == {"own"}
    splits = queries["split"].value_counts()
    assert (splits["dev"], splits["heldout"]) == (3, 3)
    assert len(queries) == len({text for _, text, _ in asked})  # of equal ones the first stays
    assert set(queries["query_id"]) <= {name for name, *_ in asked}
    summary = pd.read_parquet(folder / "summary.parquet")
    assert set(summary["split"]) == {"dev", "heldout"}
    assert (
        "no human topics: all results are from held-out synthetic queries" in (folder / "logs/evaluate.log").read_text()
    )
    assert "synthetic" in (folder / "report.html").read_text()
    runs = {path.stem for path in folder.glob("runs/*.trec")}
    assert runs == {"bm25", "teacher", *(f"small{name}" for name in ("", "+bm25", ".listwise", ".listwise+bm25"))}
    assert all(len(line.split()) == 6 for line in (folder / "runs/teacher.trec").read_text().splitlines())
    # The user's file changes: everything that was made from it is made again.
    pd.DataFrame(asked[:-1], columns=["query_id", "text", "doc_id"]).to_parquet(tmp_path / "asked.parquet")
    assert {"generate_queries", "train_student"} <= set(flow.scheduled(tmp_path, own))
    assert "make_corpus" not in flow.scheduled(tmp_path, own)
