"""Lists for PyLate: the three data sets, joined as its KDProcessing joins them."""

from pathlib import Path

from datasets import Dataset

import tiny_export
from listill.export.formats import pylate


def test_the_data_sets_are_joined_by_their_ids(tmp_path: Path) -> None:
    pylate.write(tiny_export.lists(), tmp_path)
    train, queries, documents = (
        Dataset.from_parquet(str(tmp_path / f"{name}.parquet"), cache_dir=str(tmp_path / "c"))
        for name in ("train", "queries", "documents")
    )
    assert train.column_names == ["query_id", "document_ids", "scores"]
    query_text = dict(zip(queries["query_id"], queries["text"], strict=True))
    document_text = dict(zip(documents["document_id"], documents["text"], strict=True))
    rows = [
        (query_text[row["query_id"]], [document_text[one] for one in row["document_ids"]], row["scores"])
        for row in train
    ]
    assert rows == [
        ("what flows", ["Lava: it flows", "Ash «falls»", "The tide"], [1.0, 0.75, 0.25]),
        ("tide", ["The tide", "Lava: it flows", "Ash"], [0.25, 1.0, 0.5]),
        ("ash", ["Ash «falls»"], [0.75]),
    ]
    assert len(set(documents["document_id"])) == len(documents)
