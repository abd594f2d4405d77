"""Generation: shards."""

from checked_config import parsed

MODEL = {"kind": "transformers", "model": "m"}


def test_only_a_language_model_works_in_shards() -> None:
    assert parsed(generation={"shards": 2}).generation.shard_names == []
    assert parsed(generation={"shards": 2, "generator": MODEL}).generation.shard_names == ["1-of-2", "2-of-2"]
