"""Half characters are replaced and counted."""

from listill.corpus.whole_characters import WholeCharacters


def test_the_first_text_with_half_characters_is_the_example() -> None:
    whole = WholeCharacters()
    texts = ["plain", "x \ud83d\ud83d y", "\U0001f600 whole", "\udfff"]
    assert [whole(text) for text in texts] == ["plain", "x \ufffd\ufffd y", "\U0001f600 whole", "\ufffd"]
    assert (whole.count, whole.example) == (2, "x \ud83d\ud83d y")
