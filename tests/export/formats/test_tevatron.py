"""Lists for Tevatron, read as its TrainDataset and DistilTrainDataset read them."""

from pathlib import Path

from datasets import load_dataset

import tiny_export
from listill.export.formats import tevatron


def test_the_file_is_read_as_by_tevatron(tmp_path: Path) -> None:
    """Its data sets call ``load_dataset("json")``, take ``text`` alone where there is no title, and the key ``score``."""
    tevatron.write(tiny_export.lists(), tmp_path)
    data = load_dataset("json", data_files=str(tmp_path / "train.jsonl"), split="train", cache_dir=str(tmp_path / "c"))
    assert data["query_id"][:] == ["q1", "q2"]  # q3 has no negative, of which the trainer draws some
    first = data[0]
    assert first["query"] == "what flows"
    assert [(one["docid"], one["text"], one["score"]) for one in first["positive_passages"]] == [
        ("d1", "Lava: it flows", 1.0),
        ("d2#q1", "Ash «falls»", 0.75),
    ]
    assert [one["text"] for one in first["negative_passages"]] == ["The tide"]
    assert not any("title" in one for row in data for one in row["positive_passages"] + row["negative_passages"])
