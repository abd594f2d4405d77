"""What training and test have in common, and what models were trained on."""

import pandas as pd
import pytest

from listill.evaluation.topics import EvaluationQueries
from listill.report.contamination import known, models, overlap


@pytest.fixture
def evaluated() -> EvaluationQueries:
    queries = pd.DataFrame({"query_id": ["a", "b", "c"], "text": ["red fox jumps", "green tea", "blue sky"]})
    queries = queries.assign(split="test", type="human")
    qrels = pd.DataFrame({"query_id": ["a", "b", "c"], "doc_id": ["d1", "d2", "d3"], "relevance": 1, "split": "test"})
    return EvaluationQueries(queries, qrels, {"d1": "d1", "d2": "d2", "d3": "d3", "twin": "d2"})


def test_near_queries_and_shared_sources(evaluated: EvaluationQueries) -> None:
    """One training query has the words of topic a, the source of another is a duplicate of the answer to topic b."""
    training = pd.DataFrame({"query_id": ["x", "y", "z"], "text": ["jumps red fox", "other", "words"]})
    found = overlap(training.assign(doc_id=["d9", "twin", "d8"]), evaluated, "test")
    assert found
    assert (found.training, found.topics, found.near, found.shared) == (3, 3, 1, 1)
    assert found.clean == {"c"}


def test_without_topics_or_queries_there_is_nothing_to_say(evaluated: EvaluationQueries) -> None:
    training = pd.DataFrame({"query_id": ["x"], "text": ["red fox"], "doc_id": ["d1"]})
    assert overlap(training, evaluated, "dev") is None
    assert overlap(training.head(0), evaluated, "test") is None


def test_synthetic_dev_queries_are_no_topics(evaluated: EvaluationQueries) -> None:
    """The query c is synthetic: of the topics a and b, only a has the words of a training query."""
    mixed = EvaluationQueries(evaluated.queries.assign(type=["human", "human", "lead"]), evaluated.qrels)
    training = pd.DataFrame({"query_id": ["x", "y"], "text": ["jumps red fox", "sky blue"], "doc_id": ["d8", "d3"]})
    found = overlap(training, mixed, "test")
    assert found
    assert (found.topics, found.near, found.shared, found.clean) == (2, 1, 0, {"b"})
    synthetic = EvaluationQueries(evaluated.queries.assign(type="lead"), evaluated.qrels)
    assert overlap(training, synthetic, "test") is None


def test_models_are_known_by_name_and_others_are_unknown() -> None:
    config = {
        "students": {
            "minilm": {"model": "sentence-transformers/all-MiniLM-L6-v2"},
            "own": {"model": "/data/models/model"},
        },
        "teacher": {"members": {"cross": {"model": "cross-encoder/ms-marco-MiniLM-L-6-v2"}, "bm25": {"kind": "bm25"}}},
        "corpora": {"msmarco": {"source": {"kind": "ir_datasets", "id": "msmarco-passage/dev"}}},
    }
    minilm, own, cross = models(config, "msmarco")
    assert minilm.role == "student minilm"
    assert "NQ" in minilm.data
    assert minilm.here == ("MS MARCO",)
    assert own.data == ()
    assert (cross.data, cross.here) == (("MS MARCO",), ("MS MARCO",))
    assert [one.here for one in models(config, "my-notes")] == [(), (), ()]


def test_every_entry_has_models_data_and_a_source() -> None:
    for entry in known():
        assert entry["models"]
        assert entry["data"]
        assert entry["source"]
    names = [name for entry in known() for name in entry["models"]]
    assert len(names) == len(set(names))
