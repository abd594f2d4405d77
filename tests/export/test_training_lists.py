"""The training lists as the formats get them."""

import tiny_export


def test_what_a_list_offers() -> None:
    lists = tiny_export.lists()
    assert [one.query_id for one in lists.contrastive] == ["q1", "q2"]
    assert lists.types == {"human": 1, "lead": 2}
    assert [passage.doc_id for passage in lists.lists[0].passages] == ["d1", "d2#q1", "d3"]


def test_one_row_for_each_positive_with_the_same_negatives() -> None:
    rows = [
        (one.query_id, [passage.doc_id for passage in one.positives], [passage.doc_id for passage in one.negatives])
        for one in tiny_export.lists().one_positive_each()
    ]
    assert rows == [("q1", ["d1"], ["d3"]), ("q1", ["d2#q1"], ["d3"]), ("q2", ["d3"], ["d1", "d2"])]
