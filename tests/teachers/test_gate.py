"""The gate: the comparison of the teacher with the students."""

import logging
import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from listill.corpus.collection import Collection
from listill.errors import UserError
from listill.evaluation.significance import Sample
from listill.evaluation.topics import EvaluationQueries
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.gate import GateResults, decide, measure
from listill.teachers.resources import Resources
from listill.teachers.store import open_stores


def results(queries: int = 40, **means: float) -> GateResults:
    """Return results with these means; each query deviates from the mean of a system by 0.1 or -0.1."""
    signs = np.random.default_rng(0).permutation(np.repeat([0.1, -0.1], queries // 2))
    rng = np.random.default_rng(1)
    columns = {name.replace("_", "."): mean + rng.permutation(signs) for name, mean in means.items()}
    described = f"{queries} topics"
    return GateResults(pd.DataFrame(columns), Sample(queries), "dev", described, pd.DataFrame())


def test_decision(caplog: pytest.LogCaptureFixture) -> None:
    better = results(teacher=0.7, teacher_a=0.6, teacher_b=0.65, small=0.5, large=0.6)
    with caplog.at_level(logging.INFO, "listill"):
        assert decide(better, ["small", "large"], 0.05) == ""
        assert "passed: the teacher is better than large by 0.100 (difference +0.100, interval +0.0" in caplog.text
        failure = decide(better, ["small", "large"], 0.4)
        assert failure.startswith("on dev queries, the teacher has nDCG@10 0.700 and the student large has 0.600 (")
        assert failure.endswith(", 40 topics), so there is nothing to learn from the teacher")
        assert "alone reaches" not in caplog.text
        assert "due to chance" not in caplog.text


@pytest.mark.parametrize("teacher", [0.62, 0.58])
def test_a_decision_on_a_few_queries_is_called_so(teacher: float, caplog: pytest.LogCaptureFixture) -> None:
    """The gate passed, stopped and advised on 12 queries as on 1,000."""
    assert bool(decide(results(queries=12, teacher=teacher, small=0.6), ["small"], 0)) == (teacher < 0.6)
    message = f"could be due to chance (difference {teacher - 0.6:+.3f}, interval "
    assert message in caplog.text
    assert "12 topics): more dev topics would tell whether the teacher is better" in caplog.text
    caplog.clear()
    decide(results(queries=1200, teacher=teacher, small=0.6), ["small"], 0)
    assert "due to chance" not in caplog.text


def test_a_member_better_than_the_ensemble_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    decide(results(teacher=0.7, teacher_a=0.8, teacher_b=0.2, small=0.1), ["small"], 0)
    message = "teacher.a alone reaches 0.800, but the ensemble only 0.700; increase its weight or use it alone"
    assert message in caplog.text
    caplog.clear()
    decide(results(queries=12, teacher=0.7, teacher_a=0.71, teacher_b=0.2, small=0.1), ["small"], 0)
    assert "alone reaches" not in caplog.text


@pytest.fixture
def evaluated(collection: Collection) -> EvaluationQueries:
    """Four dev topics and two held-out queries, each consisting of words of one document."""
    rows = [(f"q{i}", " ".join(collection.texts[i].split()[:7]), "dev" if i < 4 else "heldout") for i in range(6)]
    queries = pd.DataFrame(rows, columns=["query_id", "text", "split"]).assign(type="human")
    judged = queries[["query_id", "split"]].assign(doc_id=collection.doc_ids[:6], relevance=1)
    return EvaluationQueries(queries, judged)


@pytest.fixture
def with_embeddings(collection: Collection, resources: Resources) -> Resources:
    texts = [collection.rendered(i) for i in range(len(collection))]
    matrix = resources.encoder("s").encode(texts, "document")
    return Resources(collection, resources.students, resources.bm25, {"s": matrix})


MEMBERS = {"words": {"kind": "bm25", "weight": 1.0}, "vectors": {"kind": "dense", "weight": 0.5}}


@pytest.mark.parametrize(("split", "queries"), [("dev", 4), ("heldout", 2)])
def test_the_table(
    split: str, queries: int, evaluated: EvaluationQueries, with_embeddings: Resources, tmp_path: Path
) -> None:
    """The values equal those of a naive implementation that ranks and measures one query at a time."""
    chosen = EvaluationQueries(*(frame[frame["split"] >= split] for frame in (evaluated.queries, evaluated.qrels)))
    ensemble = TeacherEnsemble.model_validate({"members": MEMBERS})
    stores = open_stores(tmp_path, ensemble.members, {}, with_embeddings)
    gate_results = measure(chosen, ensemble, with_embeddings, 12, stores)
    table = gate_results.table
    assert gate_results.described == f"{queries} topics"
    assert set(gate_results.candidates["retriever"]) == {"bm25", "s"}
    assert gate_results.candidates["rank"].max() == 12
    assert table["system"].tolist() == ["teacher", "teacher.words", "teacher.vectors", "s"]
    assert (table[["split", "measure", "queries"]] == [split, "nDCG@10", queries]).all(axis=None)
    split_queries = chosen.queries[chosen.queries["split"] == split]
    words, vectors = with_embeddings.index, with_embeddings.encoder("s")
    gains: dict[str, list[float]] = {name: [] for name in table["system"]}
    for query_id, text in zip(split_queries["query_id"], split_queries["text"], strict=True):
        relevant = int(query_id[1:])
        by_words = words.scores(words.tokenise([text])[0])
        by_vectors = with_embeddings.embeddings["s"] @ vectors.encode([text], "query")[0]
        pool = {*best(by_words, 12, positive=True), *best(by_vectors, 12)}
        scaled = [minmax(scores, pool) for scores in (by_words, by_vectors)]
        combined = {d: scaled[0][d] + 0.5 * scaled[1][d] for d in pool}
        for name, scores in (
            ("teacher", combined),
            ("teacher.words", dict(enumerate(by_words))),
            ("teacher.vectors", dict(enumerate(by_vectors))),
        ):
            ranking = sorted(pool, key=lambda d: (-scores[d], d))
            gains[name].append(ndcg(ranking, relevant))
        gains["s"].append(ndcg(best(by_vectors, 12), relevant))
    np.testing.assert_allclose(table["value"], [np.mean(gains[name]) for name in table["system"]], atol=1e-6)
    assert table["value"].nunique() > 1


def best(scores: np.ndarray, depth: int, *, positive: bool = False) -> list[int]:
    order = sorted(range(len(scores)), key=lambda i: (-scores[i], i))
    return [i for i in order if scores[i] > 0 or not positive][:depth]


def minmax(scores: np.ndarray, pool: set[int]) -> dict[int, float]:
    low, high = min(scores[d] for d in pool), max(scores[d] for d in pool)
    return {d: float((scores[d] - low) / (high - low)) for d in pool}


def ndcg(ranking: list[int], relevant: int) -> float:
    return 1 / math.log2(ranking.index(relevant) + 2) if relevant in ranking[:10] else 0.0


def test_no_dev_or_heldout_queries(evaluated: EvaluationQueries, resources: Resources) -> None:
    none = EvaluationQueries(evaluated.queries[:0], evaluated.qrels[:0])
    with pytest.raises(UserError, match="neither dev topics with a relevant document nor held-out synthetic"):
        measure(none, TeacherEnsemble(), resources, 5, {})
