"""On the tiny corpus, whose numbers are computed in another way here."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import flow
import numpy as np
import pandas as pd
import pytest
from sentence_transformers import SentenceTransformer

from listill.estimate.statistics import Contents, of_source
from listill.frozen import parse
from listill.headroom.findings import Findings
from listill.headroom.measure import _copies, findings
from listill.settings.config import Settings


@pytest.fixture(scope="module")
def contents(settings: dict[str, Any]) -> Contents:
    parsed = parse(Settings, settings, "config")
    return of_source(parsed.corpora[flow.CORPUS], parsed.seed)


@pytest.fixture(scope="module")
def found(settings: dict[str, Any], contents: Contents) -> Findings:
    settings = flow.changed(settings, "students.small.max_length", 24)
    settings = flow.changed(settings, "mining.consistency.top", 60)
    settings = flow.changed(settings, "mining.depth", 60)
    return findings(parse(Settings, settings, "config"), flow.CORPUS, contents, 1000, 200)


def test_counts(found: Findings) -> None:
    assert (found.documents, found.sampled, found.compared) == (60, 60, 60)
    assert found.topics == {"train": 16, "dev": 4, "test": 20}
    assert found.synthetic > 40
    # All documents are among the first 60 of the student.
    assert found.found == 1.0
    assert 0 < found.first < 1
    assert found.copies == 0


def test_teacher_and_student(found: Findings) -> None:
    gate = found.gate
    assert gate is not None
    assert gate.best == "small"
    assert gate.low < gate.delta < gate.high
    assert gate.queries == 20 + found.synthetic
    # BM25 is in the ensemble, and the student has random weights.
    assert gate.teacher > gate.student


def test_what_the_student_reads(found: Findings, contents: Contents, settings: dict[str, Any]) -> None:
    tokenizer = SentenceTransformer(settings["students"]["small"]["model"], device="cpu").tokenizer
    texts = ["passage: " + contents.collection.rendered(i) for i in range(60)]
    lengths = np.array([len(ids) for ids in tokenizer(texts)["input_ids"]])
    assert found.cut["small"] == (lengths > 24).mean()
    assert found.tokens_cut["small"] == pytest.approx((lengths - 24).clip(min=0).sum() / lengths.sum())


def test_the_nearest_neighbours(found: Findings, contents: Contents, settings: dict[str, Any]) -> None:
    model = SentenceTransformer(settings["students"]["small"]["model"], device="cpu")
    model.max_seq_length = 24
    vectors = model.encode_document([contents.collection.rendered(i) for i in range(60)], normalize_embeddings=True)
    cosines = vectors @ vectors.T - 2 * np.eye(60)
    assert found.nearest == pytest.approx(np.median(cosines.max(axis=1)), abs=0.02)  # bf16


def test_exact_duplicates_are_not_near_duplicates(contents: Contents) -> None:
    """The last two documents repeat the first one; only one of them is known as its duplicate."""
    collection = contents.collection
    texts, titles, group = [*collection.texts], [*collection.titles], np.arange(60)
    for i in (58, 59):
        texts[i], titles[i] = texts[0], titles[0]
    group[59] = 0
    found, compared = _copies(
        replace(contents, collection=replace(collection, texts=texts, titles=titles, group=group))
    )
    assert found == [(collection.doc_ids[58], collection.doc_ids[0])]
    assert compared == 59


@pytest.mark.parametrize("others", [{"bm25": {"kind": "bm25"}}, {}])
def test_a_file_that_lacks_scores_is_left_out(
    others: dict[str, Any], settings: dict[str, Any], contents: Contents, tmp_path: Path
) -> None:
    file = tmp_path / "scores.parquet"
    pd.DataFrame({"query_id": ["q"], "doc_id": ["d"], "score": [1.0]}).to_parquet(file)
    members = {"mine": {"kind": "file", "path": str(file)}, **others}
    changed = flow.changed(settings, "teacher.members", members)
    found = findings(parse(Settings, changed, "config"), flow.CORPUS, contents, 40, 10)
    assert found.left_out.startswith(f"mine ({file}: has no score for ")
    assert (found.gate is None) == (not others)
