"""trec_eval, run on the files, gives the numbers of the report."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import pytrec_eval

from listill.errors import UserError
from listill.evaluation.measures import per_query
from listill.evaluation.trec import trec_lines

MEASURES = {"nDCG@10": "ndcg_cut_10", "R@20": "recall_20", "P@5": "P_5", "AP@20": "map_cut_20"}
QUERIES, DEPTH = 25, 30

# Scores [n] of a query's documents, best first, in float64 as they come from a computation.
KINDS = {
    "distinct": lambda draw: np.sort(draw.normal(size=DEPTH))[::-1],
    "all equal": lambda _: np.ones(DEPTH),
    "twins": lambda draw: np.repeat(np.sort(draw.normal(size=DEPTH // 2))[::-1], 2),
    "differ in the seventh digit": lambda draw: 1 + np.sort(draw.integers(0, 4, DEPTH))[::-1] * 2.0**-23,
    "large": lambda draw: np.sort(draw.integers(0, 9, DEPTH))[::-1] * 1e-3 + 1e6,
    "tiny": lambda draw: np.sort(draw.normal(size=DEPTH))[::-1] * 1e-9,
    "denormal": lambda draw: np.sort(draw.integers(-3, 4, DEPTH))[::-1] * 1e-45,
    "zeros": lambda _: np.where(np.arange(DEPTH) % 2, 0.0, -0.0),
    "negative": lambda draw: np.sort(-draw.integers(1, 5, DEPTH))[::-1].astype(float),
    "bm25": lambda draw: np.round(np.sort(draw.gamma(2, 4, DEPTH))[::-1], 1),
    "fused": lambda draw: 1 / (60 + np.sort(draw.integers(1, 9, DEPTH))),
    "in another order than the ranks": lambda draw: draw.normal(size=DEPTH),
    "largest": lambda _: np.full(DEPTH, np.finfo(np.float32).max),
}


def make_run(kind: str, seed: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return a run, and judgements of some of its documents and of others."""
    draw = np.random.default_rng(seed)
    rows, judged = [], []
    for q in range(QUERIES):
        names = [f"{'abcdefgh'[d % 8]}{'é' * (d % 3)}{d}" for d in draw.permutation(100)]
        scores = KINDS[kind](draw).astype(np.float32)
        rows += [
            (f"q{q}", doc, rank, score) for rank, (doc, score) in enumerate(zip(names[:DEPTH], scores, strict=True), 1)
        ]
        judged += [(f"q{q}", doc, int(draw.integers(0, 4))) for doc in draw.choice(names, 12, replace=False)]
    run = pd.DataFrame(rows, columns=["query_id", "doc_id", "rank", "score"])
    return run.sample(frac=1, random_state=seed), pd.DataFrame(judged, columns=["query_id", "doc_id", "relevance"])


def by_trec_eval(file: Path, qrels: pd.DataFrame, measures: set[str], documents: int = 1000) -> pd.DataFrame:
    """Return what trec_eval makes of a file; ``documents`` is its option -M."""
    judged = {
        str(q): dict(zip(group["doc_id"], group["relevance"], strict=True)) for q, group in qrels.groupby("query_id")
    }
    with open(file, encoding="utf-8") as lines:
        run = pytrec_eval.parse_run(lines)
    run = {q: dict(sorted(docs.items(), key=lambda item: -item[1])[:documents]) for q, docs in run.items()}
    return pd.DataFrame(pytrec_eval.RelevanceEvaluator(judged, measures).evaluate(run)).T


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("kind", KINDS)
def test_trec_eval_agrees(kind: str, seed: int, tmp_path: Path) -> None:
    run, qrels = make_run(kind, seed)
    file = tmp_path / "run.trec"
    file.write_text("".join(trec_lines(run, "s.listwise")), encoding="utf-8")
    lines = [line.split(" ") for line in file.read_text(encoding="utf-8").splitlines()]
    assert {len(line) for line in lines} == {6}
    assert len(lines) == len(run)
    ours = per_query(run, qrels, [*MEASURES, "RR@10"]).pivot(index="query_id", columns="measure", values="value")
    theirs = by_trec_eval(file, qrels, {".".join(name.rsplit("_", 1)) for name in MEASURES.values()})
    for measure, name in MEASURES.items():
        np.testing.assert_allclose(ours[measure], theirs.loc[ours.index, name], atol=1e-9)
    reciprocal = by_trec_eval(file, qrels, {"recip_rank"}, documents=10)
    np.testing.assert_allclose(ours["RR@10"], reciprocal.loc[ours.index, "recip_rank"], atol=1e-9)


@pytest.mark.parametrize("kind", ["distinct", "tiny", "denormal"])
def test_scores_that_decrease_stay_as_they_are(kind: str) -> None:
    run, _ = make_run(kind, 0)
    run = run.drop_duplicates(["query_id", "score"])
    written = [line.split() for line in trec_lines(run, "s")]
    scores = {(q, doc): np.float32(score) for q, _, doc, _, score, _ in written}
    assert scores == {(row.query_id, row.doc_id): np.float32(row.score) for row in run.itertuples()}


def test_equal_scores_are_lowered_by_as_little_as_possible() -> None:
    run = pd.DataFrame(
        {"query_id": ["q"] * 3, "doc_id": ["a", "b", "c"], "rank": [1, 2, 3], "score": [1.0000001, 1, 1]}
    )
    assert [line.split()[4] for line in trec_lines(run, "s")] == ["1.0000001", "1.0", "0.99999994"]


BLANKS = [" ", "\t", "\n", "\r", "\x0b", "\x0c", "\x1c", "\x85", "\xa0", "\u2003", "\u2028", "\u3000", "\0"]


@pytest.mark.parametrize("name", ["", *(f"a{blank}b" for blank in BLANKS), " a", "a "], ids=repr)
@pytest.mark.parametrize("column", ["query_id", "doc_id", "system"])
def test_names_with_blanks_are_refused(column: str, name: str) -> None:
    row = {"query_id": "q", "doc_id": "d", "rank": 1, "score": 1.0} | {column: name}
    run = pd.DataFrame([row])
    with pytest.raises(UserError, match=r"is empty or contains blanks.*set evaluation.trec_runs: false") as caught:
        list(trec_lines(run, row.get("system", "s")))
    assert repr(name) in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("score", [np.nan, np.inf, -np.inf])
def test_scores_that_are_not_finite_are_refused(score: float) -> None:
    run = pd.DataFrame({"query_id": ["q"], "doc_id": ["d"], "rank": [1], "score": [score]})
    with pytest.raises(UserError, match=f"the score of document 'd' for query 'q' is {score}"):
        list(trec_lines(run, "s"))


def test_documents_that_are_ranked_twice_are_refused() -> None:
    run = pd.DataFrame({"query_id": ["q", "q"], "doc_id": ["d", "d"], "rank": [1, 2], "score": [2.0, 1.0]})
    with pytest.raises(UserError, match="the run ranks document 'd' twice for query 'q'"):
        list(trec_lines(run, "s"))
