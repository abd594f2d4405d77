"""BM25 against rank_bm25 and against the formula."""

import math
import os
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

import tiny
from listill.corpus.collection import Collection
from listill.retrieval.bm25 import Bm25Index, Bm25Retriever
from listill.settings.bm25 import Bm25
from skewed_texts import skewed_texts


@pytest.fixture(scope="module")
def texts() -> list[str]:
    """Random texts with a skewed distribution of words; one is empty, and one has only stop words."""
    return [
        *skewed_texts(150, 60, (1, 40), seed=3),
        "",
        "the and of",
        *(row["text"] for row in tiny.tiny_documents(30)),
    ]


QUERIES = [
    "word0 word3",
    "word59 word1 word17",
    "word2 word2 word5",
    "the old lava",
    "lavas erupting",
    "unheard",
    "the",
]


def naive(documents: list[list[str]], terms: list[str], k1: float, b: float) -> list[float]:
    """Return the scores by the formula of the module's docstring, term by term, in float64."""
    mean = sum(len(document) for document in documents) / len(documents)
    scores = []
    for document in documents:
        score = 0.0
        for term in terms:
            df = sum(term in other for other in documents)
            idf = math.log(1 + (len(documents) - df + 0.5) / (df + 0.5))
            tf = document.count(term)
            score += idf * tf / (tf + k1 * (1 - b + b * len(document) / mean)) if tf else 0.0
        scores.append(score)
    return scores


@pytest.mark.parametrize(("k1", "b"), [(0.9, 0.4), (1.5, 0.75), (0.5, 0.0), (1.2, 1.0)])
def test_the_formula_and_both_libraries_agree(texts: list[str], k1: float, b: float) -> None:
    ours = Bm25Index(texts, Bm25(k1=k1, b=b))
    oracle = Bm25Index(texts, Bm25(k1=k1, b=b, library="rank_bm25"))
    documents = ours.tokenise(texts)
    for terms in ours.tokenise(QUERIES):
        expected = naive(documents, terms, k1, b)
        np.testing.assert_allclose(ours.scores(terms), expected, atol=1e-4)
        np.testing.assert_allclose(oracle.scores(terms), expected, atol=1e-4)
        assert ours.scores(terms).dtype == oracle.scores(terms).dtype == np.float32


def test_scores_are_proportional_to_those_of_rank_bm25(texts: list[str]) -> None:
    from rank_bm25 import BM25Okapi

    index = Bm25Index(texts, Bm25())
    plain = BM25Okapi(index.tokenise(texts), k1=0.9, b=0.4)
    (term,) = index.tokenise(["word40"])[0]
    ours, theirs = index.scores([term]), plain.get_scores([term])
    assert (ours > 0).sum() == (theirs > 0).sum() > 1
    # For a single term, the two differ only by a constant factor: the idf, and k1 + 1.
    ratio = theirs[ours > 0] / ours[ours > 0]
    np.testing.assert_allclose(ratio, ratio[0], rtol=1e-4)


def test_score_text_equals_the_score_of_the_indexed_document(texts: list[str]) -> None:
    index = Bm25Index(texts, Bm25())
    for terms in index.tokenise(QUERIES):
        text_scores = [index.score_text(terms, text) for text in texts]
        np.testing.assert_allclose(text_scores, index.scores(terms), atol=1e-4)


def test_the_score_of_a_text_that_is_not_indexed_uses_the_index_statistics(texts: list[str]) -> None:
    index = Bm25Index(texts, Bm25())
    documents = index.tokenise(texts)
    df = Counter(term for document in documents for term in set(document))
    mean = sum(len(document) for document in documents) / len(documents)
    (terms,) = index.tokenise(["word7 neverseen"])
    idf = math.log(1 + (len(texts) - df["word7"] + 0.5) / (df["word7"] + 0.5))
    unseen_idf = math.log(1 + (len(texts) + 0.5) / 0.5)
    length = 0.9 * (1 - 0.4 + 0.4 * 3 / mean)
    expected = idf * 2 / (2 + length) + unseen_idf * 1 / (1 + length)
    assert index.score_text(terms, "word7 neverseen word7") == pytest.approx(expected)
    assert index.score_text(terms, "") == 0.0


def test_tokens_are_stemmed_and_stop_words_removed() -> None:
    texts = ["The running dogs", "a dog RUNS", "cat"]
    assert Bm25Index(texts, Bm25()).tokenise(texts) == [["run", "dog"], ["dog", "run"], ["cat"]]
    assert Bm25Index(texts, Bm25(stemmer=None)).tokenise(texts)[0] == ["running", "dogs"]
    assert Bm25Index(texts, Bm25(stopwords=None)).tokenise(texts)[0] == ["the", "run", "dog"]


@pytest.mark.parametrize("library", ["bm25s", "rank_bm25"])
def test_search_orders_by_score_then_doc_id(library: str) -> None:
    texts = ["red fox", "blue fox", "fox fox fox", "red hen", "grey fox"]
    index = Bm25Index(texts, Bm25.model_validate({"library": library}))
    id_order = np.array([4, 3, 2, 1, 0])  # the order of the ids is the reverse of the positions
    (positions,), (scores,) = index.search(["fox"], 10, id_order)
    assert positions.tolist() == [2, 4, 1, 0]
    assert (np.diff(scores) <= 0).all()
    assert index.search(["fox"], 2, id_order)[0][0].tolist() == [2, 4]
    np.testing.assert_allclose(scores, index.scores(["fox"])[positions])


@pytest.mark.parametrize("library", ["bm25s", "rank_bm25"])
def test_search_finds_the_documents_with_the_best_scores(texts: list[str], library: str) -> None:
    index = Bm25Index(texts, Bm25.model_validate({"library": library}))
    id_order = np.random.default_rng(0).permutation(len(texts))
    positions, scores = index.search(QUERIES, 7, id_order)
    for terms, query_positions, query_scores in zip(index.tokenise(QUERIES), positions, scores, strict=True):
        all_scores = index.scores(terms)
        ranking = sorted(range(len(texts)), key=lambda i: (-all_scores[i], id_order[i]))
        best = [i for i in ranking if all_scores[i] > 0][:7]
        np.testing.assert_array_equal(query_scores, all_scores[best])
        # The results could differ only if more documents than the slack were tied at the cutoff, which does not occur
        # here.
        assert query_positions.tolist() == best


@pytest.mark.parametrize("library", ["bm25s", "rank_bm25"])
def test_unknown_terms_find_nothing(library: str) -> None:
    index = Bm25Index(["red fox", "blue hen"], Bm25.model_validate({"library": library}))
    positions, scores = index.search(["zebra", "", "the", "zebra fox"], 5, np.arange(2))
    assert [query_positions.tolist() for query_positions in positions] == [[], [], [], [0]]
    assert [len(query_scores) for query_scores in scores] == [0, 0, 0, 1]


@pytest.mark.parametrize("library", ["bm25s", "rank_bm25"])
def test_a_corpus_of_one_document(library: str) -> None:
    index = Bm25Index(["red fox"], Bm25.model_validate({"library": library}))
    assert index.search(["fox"], 5, np.arange(1))[0][0].tolist() == [0]


@pytest.mark.parametrize("library", ["bm25s", "rank_bm25"])
def test_a_corpus_without_terms(library: str) -> None:
    index = Bm25Index(["the", ""], Bm25.model_validate({"library": library}))
    positions, _ = index.search(["fox"], 5, np.arange(2))
    assert positions[0].tolist() == []
    assert index.score_text(["fox"], "fox") > 0


def test_the_retriever_searches_title_and_text() -> None:
    collection = Collection(["a", "b", "c"], ["fox", None, "hen"], ["red", "the fox", "blue"], np.arange(3))
    retriever = Bm25Retriever("words", collection, Bm25())
    positions, scores = retriever.search(["fox", "blue hen"], 5)
    index = Bm25Index(["fox red", "the fox", "hen blue"], Bm25())
    for q, terms in enumerate(index.tokenise(["fox", "blue hen"])):
        all_scores = index.scores(terms)
        best = [i for i in sorted(range(3), key=lambda i: (-all_scores[i], i)) if all_scores[i] > 0]
        assert positions[q].tolist() == best
        np.testing.assert_array_equal(scores[q], all_scores[best])


def test_jax_does_not_start_on_the_gpu(tmp_path: Path) -> None:
    """bm25s imports JAX, where it is installed; here a module that only says on which platform it would run."""
    (tmp_path / "jax").mkdir()
    (tmp_path / "jax" / "__init__.py").write_text("import os; print(os.environ.get('JAX_PLATFORMS'))")
    (tmp_path / "jax" / "lax.py").write_text("def top_k(scores, k): return None")
    environment = {name: value for name, value in os.environ.items() if name != "JAX_PLATFORMS"}
    paths = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-c", "import listill.retrieval.bm25"]
    run = subprocess.run(command, env=environment | {"PYTHONPATH": paths}, capture_output=True, text=True, check=True)
    assert run.stdout.split() == ["cpu"]


@pytest.mark.parametrize(
    ("texts", "query"),
    [
        (["没有面粉的面包店很快就会关门。", "火山熔岩改变火山口的形状。", "港口需要船只。"], "熔岩怎样改变火山口"),
        (["パン屋は小麦粉が必要です。", "火山は溶岩を噴き出す。", "港には船がある。"], "溶岩はどこから"),
        (["ร้านขนมปังต้องการแป้ง", "ภูเขาไฟพ่นลาวาร้อน", "ท่าเรือต้องการเรือ"], "ลาวาร้อนมาจากไหน"),
        (["빵집은 밀가루가 필요하다", "화산은 용암을 내뿜는다", "항구는 배가 필요하다"], "용암이 나오는 곳"),
        (["बेकरी को आटा चाहिए", "ज्वालामुखी लावा उगलता है", "बंदरगाह को जहाज"], "लावा कहाँ से आता है"),
    ],
)
def test_documents_are_found_in_scripts_that_are_not_latin(texts: list[str], query: str) -> None:
    index = Bm25Index(texts, Bm25())
    positions, scores = index.search([query], 3, np.arange(3))
    assert positions[0][0] == 1
    np.testing.assert_allclose(
        scores[0][0], naive(index.tokenise(texts), index.tokenise([query])[0], 0.9, 0.4)[1], 1e-4
    )


@pytest.mark.parametrize(("queries", "warned"), [(["lava", "ash", "bread"], False), (["x1", "x2", "bread"], True)])
def test_there_is_a_warning_if_few_queries_are_answered(
    queries: list[str], warned: bool, caplog: pytest.LogCaptureFixture
) -> None:
    texts = ["lava and ash", "bread"]
    Bm25Retriever("bm25", Collection(["a", "b"], [None, None], texts, np.arange(2)), Bm25()).search(queries, 2)
    assert ("bm25 finds documents for only 1 of 3 queries: " in caplog.text) is warned
    assert ("corpora.<name>.language" in caplog.text) is warned
