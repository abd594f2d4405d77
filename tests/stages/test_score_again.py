"""Scores that are stored are not computed again, whichever stage stored them and whatever else has changed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import tiny
import tiny_colbert
import tiny_rerankers
from listill import tables
from listill.frozen import parse
from listill.retrieval.embeddings import as_table
from listill.retrieval.encoder import Encoder
from listill.schemas import SCHEMAS
from listill.settings.students import Student
from listill.stages import gate, rerank, score
from listill.stages.gate import GateStage
from listill.stages.job import Job
from listill.stages.rerank import RerankStage
from listill.stages.score import ScoreStage
from listill.teachers import parts
from listill.teachers.kinds.cross_encoder import CrossEncoder
from listill.teachers.multi_vector import MultiVectorModel
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.teacher import Teacher

DOCUMENTS = tiny.tiny_documents(30)
IDS = [row["_id"] for row in DOCUMENTS]
QUERIES = {f"q{i:02}": f"{row['title']} {i}" for i, row in enumerate(DOCUMENTS[:10])}
Scored = list[tuple[str, str]]


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> Scored:
    """The texts that a toy teacher has scored. It replaces the model of a cross-encoder by a count of equal letters."""
    pairs_scored: Scored = []

    def toy(member: CrossEncoder, pairs: Pairs, resources: Resources) -> np.ndarray:
        texts = list(zip([pairs.queries[q] for q in pairs.query], pairs.texts(pairs.text), strict=True))
        pairs_scored.extend(texts)
        return np.array([len(set(query) & set(text)) for query, text in texts])

    monkeypatch.setattr(CrossEncoder, "score", toy)
    monkeypatch.setattr(CrossEncoder, "score_parts", Teacher.score_parts)  # which calls score for each part
    monkeypatch.setattr(parts, "PART", 20)
    return pairs_scored


def write(path: Path, data: dict[str, Any], table: str | None = None) -> Path:
    name = table or path.stem
    frame = pd.DataFrame(data).reindex(columns=SCHEMAS[name].names).astype(object)
    tables.write(path, name, frame.where(frame.notna(), None), tables.Provenance(path.stem, path.stem))
    return path


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny_rerankers.bert_classifier(tmp_path / "bert")


@pytest.fixture
def run_score(tmp_path: Path, model: Path) -> Callable[..., pd.DataFrame]:
    """A function that scores the first ``depth`` documents of some retrievers for the first ``queries`` queries."""

    def run(
        depth: int = 3,
        retrievers: tuple[str, ...] = ("bm25",),
        queries: int = 6,
        documents: list[dict[str, str]] = DOCUMENTS,
        settings: ScoreStage | None = None,
        **teacher: Any,
    ) -> pd.DataFrame:
        texts = {key: [row[key] for row in documents] for key in ("title", "text")}
        names = list(QUERIES)[:queries]
        starts = {"bm25": 0, "small": 2, "other": 5}
        pool = [
            (query, IDS[3 * number + start + rank], retriever, rank + 1)
            for retriever, start in starts.items()
            if retriever in retrievers
            for number, query in enumerate(names)
            for rank in range(depth)
            if 3 * number + start + rank < len(IDS)
        ]
        columns = zip(["query_id", "doc_id", "retriever", "rank"], zip(*pool, strict=True), strict=True)
        inputs = {
            "corpus": write(tmp_path / "corpus.parquet", {"doc_id": IDS, **texts}),
            "queries": write(
                tmp_path / "queries.parquet",
                {
                    "query_id": names,
                    "text": [QUERIES[name] for name in names],
                    "doc_id": IDS[:queries],
                    "type": "title",
                    "split": "train",
                },
            ),
            "candidates": write(tmp_path / "candidates.parquet", dict(columns)),
        }
        members = {"one": {"kind": "cross_encoder", "model": str(model), "max_length": 64} | teacher}
        stage = settings or parse(ScoreStage, {"members": members}, "test")
        out = tmp_path / "scores.parquet"
        score.run(stage, Job("score", str(len(pool)), {}, stage, 1), **inputs, out=out)
        made = tables.read(out, "scores")
        assert not made.duplicated(["query_id", "doc_id", "teacher"]).any()
        assert len(made) == len({row[:2] for row in pool}) * len(stage.members)
        return made

    return run


@pytest.mark.parametrize(
    ("change", "new"),
    [
        ({}, 0),
        ({"retrievers": ("bm25", "other")}, 18),
        ({"retrievers": ("bm25", "small")}, 12),  # one document is among both retrievers' first three
        ({"depth": 5}, 12),
        ({"queries": 8}, 6),
        ({"depth": 2}, 0),
        ({"weight": 2.0}, 0),
    ],
)
def test_only_new_pairs_are_scored(
    change: dict[str, Any], new: int, run_score: Callable[..., pd.DataFrame], scored: Scored
) -> None:
    before = run_score()
    assert len(scored) == 18
    scored.clear()
    after = run_score(**change)
    assert len(set(scored)) == len(scored) == new
    both = after.merge(before, on=["query_id", "doc_id"])
    assert (both["score_x"] == both["score_y"]).all()
    texts = {row["_id"]: f"{row['title']} {row['text']}" for row in DOCUMENTS}
    expected = [len(set(QUERIES[q]) & set(texts[d])) for q, d in zip(after["query_id"], after["doc_id"], strict=True)]
    assert after["score"].tolist() == expected


def test_other_settings_of_the_teacher(run_score: Callable[..., pd.DataFrame], scored: Scored) -> None:
    run_score()
    run_score(max_length=32)
    assert len(scored) == 36
    run_score()  # as at first: still stored
    assert len(scored) == 36


def test_another_model_of_the_same_name(
    run_score: Callable[..., pd.DataFrame], scored: Scored, model: Path, tmp_path: Path
) -> None:
    run_score()
    tiny_rerankers.bert_classifier(model, seed=5)
    run_score()
    assert len(scored) == 36


def test_a_changed_passage(run_score: Callable[..., pd.DataFrame], scored: Scored) -> None:
    """Only the pairs of this passage are scored again, and the id of a passage does not matter."""
    run_score(depth=6)
    scored.clear()
    changed = [row | {"text": "another text"} if row["_id"] == "d004" else row for row in DOCUMENTS]
    run_score(depth=6, documents=changed)
    assert [text.endswith("another text") for _, text in scored] == [True] * 2  # two queries have it
    scored.clear()
    run_score(depth=6, documents=[*DOCUMENTS[:7], DOCUMENTS[8], DOCUMENTS[7], *DOCUMENTS[9:]])
    assert scored == []


def test_reranking_reuses_the_scores_of_the_gate(tmp_path: Path, model: Path, tiny_model: Path, scored: Scored) -> None:
    texts = {key: [row[key] for row in DOCUMENTS] for key in ("title", "text")}
    splits = ["dev"] * 4 + ["test"] * 2
    queries = {"query_id": list(QUERIES)[:6], "text": [*QUERIES.values()][:6], "split": splits}
    judged = {"query_id": list(QUERIES)[:6], "doc_id": IDS[:6], "relevance": 1, "split": splits}
    inputs = {
        "corpus": write(tmp_path / "corpus.parquet", {"doc_id": IDS, **texts}),
        "topics": write(tmp_path / "topics.parquet", queries),
        "qrels": write(tmp_path / "qrels.parquet", judged),
        "queries": write(tmp_path / "queries.parquet", {name: [] for name in SCHEMAS["queries"].names}),
    }
    members = {"one": {"kind": "cross_encoder", "model": str(model), "max_length": 64}}
    rendered = [f"{row['title']} {row['text']}" for row in DOCUMENTS]
    student = {"model": str(tiny_model), "precision": "fp32"}
    matrix = Encoder(Student(**student)).encode(rendered, "document")
    embeddings = tmp_path / "small.parquet"
    tables.write(embeddings, "embeddings", as_table(IDS, matrix), tables.Provenance("e", "e"))
    plain = {"teacher": {"members": members, "gate": {"margin": -1}}, "students": {"small": student}}
    first = parse(GateStage, plain | {"mining": {"depth": 5, "consistency": {"top": 5}}}, "test")
    gate.run(first, Job("gate", "g", {}, first, 1), **inputs, embeddings=[embeddings], out=tmp_path / "gate.parquet")
    in_gate = set(scored)
    assert {query for query, _ in in_gate} == {QUERIES[name] for name in list(QUERIES)[:4]}
    scored.clear()
    pool = [(query, IDS[i], rank, 1.0) for query in list(QUERIES)[:6] for rank, i in enumerate(range(30), 1)]
    columns = ["query_id", "doc_id", "rank", "score"]
    run = write(tmp_path / "bm25.parquet", dict(zip(columns, zip(*pool, strict=True), strict=True)), "runs")
    second = parse(RerankStage, {"teacher": {"members": members}, "pool": 30}, "test")
    rerank.run(second, Job("rerank", "r", {}, second, 1), **inputs, runs=[run], out=tmp_path / "teacher.parquet")
    assert len(scored) == 6 * 30 - len(in_gate)
    assert in_gate.isdisjoint(scored)


@pytest.mark.parametrize("own", [False, True], ids=["student", "model"])
def test_late_interaction_encodes_each_passage_once(
    own: bool,
    run_score: Callable[..., pd.DataFrame],
    tiny_model: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """However many parts the pairs are scored in; the same holds for the queries as long as their vectors fit."""
    encoded: dict[str, list[str]] = {"query": [], "document": []}
    encoder = MultiVectorModel if own else Encoder
    original: Any = encoder.token_vectors

    def recorded(one: Any, texts: list[str], kind: Any, label: str = "") -> list[Any]:
        encoded[kind] += texts
        return original(one, texts, kind, label)  # type: ignore[no-any-return]

    monkeypatch.setattr(encoder, "token_vectors", recorded)
    colbert = {"model": str(tiny_colbert.save(tmp_path / "colbert")), "precision": "fp32"} if own else {}
    students = {} if own else {"s": {"model": str(tiny_model), "precision": "fp32"}}
    members = {"tokens": {"kind": "late_interaction", **colbert}}
    settings = parse(ScoreStage, {"members": members, "students": students}, "test")
    monkeypatch.setattr(parts, "PART", 15)
    made = run_score(depth=9, queries=8, settings=settings)
    assert len(made) > 4 * parts.PART
    assert len(set(encoded["document"])) == made["doc_id"].nunique()
    assert len(encoded["document"]) == len(set(encoded["document"]))
    assert sorted(encoded["query"]) == sorted(list(QUERIES.values())[:8])


def test_a_cross_encoder_of_modules(run_score: Callable[..., pd.DataFrame], tmp_path: Path) -> None:
    """The stage gives the raw scores of CrossEncoder.predict."""
    import sentence_transformers
    import torch

    folder = tiny_rerankers.modular(tmp_path / "modular", norm="LayerNorm")
    made = run_score(depth=4, model=str(folder), max_length=128, precision="fp32")
    texts = {row["_id"]: f"{row['title']} {row['text']}" for row in DOCUMENTS}
    read = [(QUERIES[row.query_id], texts[row.doc_id]) for row in made.itertuples()]
    reference = sentence_transformers.CrossEncoder(str(folder), device="cpu", activation_fn=torch.nn.Identity())
    np.testing.assert_allclose(made["score"], reference.predict(read), atol=1e-4)
    assert made["score"].std() > 0.1


def test_two_stages_at_once(
    run_score: Callable[..., pd.DataFrame], scored: Scored, tmp_path: Path, model: Path
) -> None:
    """Two processes score the same pairs into the same folder, and both finish."""
    expected = run_score(depth=6)
    scored.clear()
    (tmp_path / "new").mkdir()
    config = tmp_path / "new" / "scores.json"
    members = {"words": {"kind": "bm25"}, "cross": {"kind": "cross_encoder", "model": str(model), "max_length": 64}}
    config.write_text(ScoreStage(members=members).model_dump_json())
    code = "import listill.teachers.parts as parts; parts.PART = 5; from listill.stages.score import *"
    files = [f"--{name}={tmp_path / name}.parquet" for name in ("corpus", "queries", "candidates")]
    start = [sys.executable, "-c", f"{code}; main(run, ScoreStage, 'score')", f"--config={config}", "--threads=1"]
    commands = [[*start, *files, f"--out={tmp_path / 'new' / name}.parquet"] for name in ("a", "b")]
    processes = [subprocess.Popen(line, stderr=subprocess.PIPE, text=True) for line in commands]
    said = [process.communicate()[1] for process in processes]
    assert [process.returncode for process in processes] == [0, 0], said
    a, b = (tables.read(tmp_path / "new" / f"{name}.parquet", "scores") for name in "ab")
    assert len(a) == 2 * len(expected)
    pd.testing.assert_frame_equal(a, b, check_exact=False, atol=1e-4)
    assert not list(tmp_path.glob("new/.scores/*/*/.*.tmp"))
