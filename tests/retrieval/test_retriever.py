"""The run of a retriever: documents by position, without a topic's own document."""

from fixed_retriever import FixedRetriever, plain_collection

RESULTS = {"one": [3, 0, 2, 4], "two": [1], "none": []}
QUERY_IDS, QUERIES = ["d0", "q", "d4"], ["one", "two", "none"]


def test_ranks_and_scores() -> None:
    run = FixedRetriever("fixed", plain_collection(5), RESULTS).run(QUERY_IDS, QUERIES, 3)
    assert list(run.columns) == ["query", "document", "rank", "score"]
    assert run.to_numpy().tolist() == [[0, 3, 1, 9], [0, 0, 2, 8], [0, 2, 3, 7], [1, 1, 1, 9]]


def test_a_topic_is_not_among_its_own_results() -> None:
    """The run still has the requested number of other documents."""
    run = FixedRetriever("fixed", plain_collection(5, topics_are_documents=True), RESULTS).run(QUERY_IDS, QUERIES, 3)
    assert run.to_numpy().tolist() == [[0, 3, 1, 9], [0, 2, 2, 7], [0, 4, 3, 6], [1, 1, 1, 9]]


def test_the_depth_is_kept_if_the_own_document_is_not_found() -> None:
    collection = plain_collection(5, topics_are_documents=True)
    run = FixedRetriever("fixed", collection, RESULTS).run(["d1"], ["one"], 2)
    assert run.to_numpy().tolist() == [[0, 3, 1, 9], [0, 0, 2, 8]]


def test_no_results_and_no_queries() -> None:
    for topics_are_documents in (False, True):
        retriever = FixedRetriever("fixed", plain_collection(5, topics_are_documents=topics_are_documents), {})
        assert retriever.run(["d0", "d1"], ["x", "y"], 3).empty
        assert retriever.run([], [], 3).empty
