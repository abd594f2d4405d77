"""In how many jobs the documents are encoded."""

from listill.settings.encoding import Encoding


def test_shares_have_names_if_there_are_several() -> None:
    assert Encoding().shard_names == Encoding(shards=1).shard_names == []
    assert Encoding(shards=2).shard_names == ["1-of-2", "2-of-2"]
