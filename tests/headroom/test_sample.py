from dataclasses import replace
from typing import Any

import flow
import numpy as np
import pytest

from listill.estimate.statistics import Contents, of_source
from listill.frozen import parse
from listill.headroom.sample import Sample, draw, replaces
from listill.settings.config import Settings


@pytest.fixture(scope="module")
def parsed(settings: dict[str, Any]) -> Settings:
    return parse(Settings, settings, "config")


@pytest.fixture(scope="module")
def contents(parsed: Settings) -> Contents:
    return of_source(parsed.corpora[flow.CORPUS], parsed.seed)


def drawn(contents: Contents, parsed: Settings, documents: int = 30, queries: int = 8, **changed: Any) -> Sample:
    corpus = parsed.corpora[flow.CORPUS].model_copy(update=changed)
    return draw(contents, corpus, parsed.generation.generator, documents, queries, parsed.seed)


def test_topics_and_synthetic_queries(contents: Contents, parsed: Settings) -> None:
    sample = drawn(contents, parsed)
    assert len(sample.collection) == 30
    queries = sample.evaluated.queries
    # 8 of the dev and train topics; the tests' topics are never looked at.
    human = queries[queries["type"] == "human"]
    assert len(human) == 8
    splits = contents.topics.set_index("query_id")["split"]
    assert set(splits[human["query_id"]]) <= {"dev", "train"}
    assert set(queries["split"]) == {"dev"}
    assert set(queries["type"]) == {"human", "lead", "cloze"}
    # Every query has a relevant document, and it is in the sample.
    assert len(sample.evaluated.judged) == len(queries)
    assert set(sample.evaluated.qrels["doc_id"]) <= set(sample.collection.doc_ids)
    relevant = set(sample.evaluated.qrels.merge(human[["query_id"]], on="query_id")["doc_id"])
    assert not relevant & set(sample.synthetic["doc_id"])


def test_enough_topics_stand_alone(contents: Contents, parsed: Settings) -> None:
    sample = drawn(contents, parsed, min_dev_topics=3)
    assert set(sample.evaluated.queries["type"]) == {"human"}
    assert len(sample.evaluated.queries) == 4  # the dev topics
    assert len(sample.synthetic) > 0


def test_the_same_seed_draws_the_same_sample(contents: Contents, parsed: Settings) -> None:
    first, second = drawn(contents, parsed), drawn(contents, parsed)
    assert first.collection.doc_ids == second.collection.doc_ids
    assert first.evaluated.queries.equals(second.evaluated.queries)


def test_duplicates_of_a_passage_are_relevant(contents: Contents, parsed: Settings) -> None:
    collection = contents.collection
    group = np.arange(60)
    group[59] = 0
    twins = replace(contents, collection=replace(collection, group=group))
    sample = drawn(twins, parsed, documents=1000, queries=1000)
    qrels, synthetic = sample.evaluated.qrels, sample.synthetic
    first = synthetic.loc[synthetic["doc_id"] == collection.doc_ids[0], "query_id"]
    assert len(first)
    found = qrels[qrels["query_id"].isin(first)].groupby("query_id")["doc_id"].agg(set)
    assert all(documents == {collection.doc_ids[0], collection.doc_ids[59]} for documents in found)


def test_a_small_corpus_without_topics_is_used_whole(contents: Contents, parsed: Settings) -> None:
    bare = Contents(contents.collection, contents.topics[:0], contents.qrels[:0], contents.heldout)
    sample = drawn(bare, parsed, documents=1000)
    assert sample.collection is contents.collection
    assert set(sample.evaluated.queries["type"]) == {"lead", "cloze"}


def test_a_few_of_enough_topics_stand_alone(contents: Contents, parsed: Settings) -> None:
    """The number of dev topics decides, not how many of them are drawn."""
    sample = drawn(contents, parsed, queries=2, min_dev_topics=3)
    assert set(sample.evaluated.queries["type"]) == {"human"}
    assert len(sample.evaluated.queries) == 2


def test_train_topics_are_used_where_no_dev_topic_is_asked_for(contents: Contents, parsed: Settings) -> None:
    train = contents.topics[contents.topics["split"] == "train"]
    sample = drawn(replace(contents, topics=train), parsed, min_dev_topics=0)
    assert set(sample.evaluated.queries["type"]) == {"human"}
    assert set(sample.evaluated.queries["query_id"]) <= set(train["query_id"])
    assert len(sample.evaluated.queries) == 8


@pytest.mark.parametrize(
    ("generator", "replaced"),
    [
        ({"kind": "transformers", "model": "there"}, True),
        ({"kind": "file", "path": "queries.parquet"}, True),
        ({"kind": "extractive"}, False),
    ],
)
def test_queries_are_cut_from_passages_whatever_the_generator(generator: dict[str, Any], replaced: bool) -> None:
    settings = {
        "corpora": {"c": {"source": {"kind": "beir", "path": "x"}}},
        "students": {"s": {"model": "there"}},
        "generation": {"generator": generator},
    }
    assert replaces(parse(Settings, settings, "config").generation.generator) == replaced
