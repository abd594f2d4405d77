"""Words of a text in any script, by Unicode properties.

Some scripts put no blanks between words. Their words are approximated by characters, without a dictionary: for search and
comparison by all pairs of neighbouring characters, as in Lucene's CJKAnalyzer (and also in Korean, whose words have
endings), for counts and positions by pieces as long as a word is on average.
"""

import re
from itertools import pairwise

import regex

# Chinese and Japanese characters; words have about two of them.
_IDEOGRAPHS = r"\p{Han}\p{Hiragana}\p{Katakana}ー"
_CHARACTERS = rf"[{_IDEOGRAPHS}\p{{Hangul}}]"
# Letters of Thai, Lao, Khmer and Burmese, which have vowel signs and tone marks; words have about four of them.
_LETTERS = r"[[\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}]&&\p{L}]"
# Vowel signs and other marks that are part of a word. Accents of the Latin script are letters when they are composed.
_MARKS = r"[[\p{M}--\p{Inherited}]\u064B-\u065F\u0670]"
_SYLLABLE = rf"{_LETTERS}{_MARKS}*"
_SPACED = rf"[[\p{{L}}\p{{N}}_]--{_CHARACTERS}--{_LETTERS}]"

_PLAIN_WORD = re.compile(r"\w+")
_WORD = regex.compile(
    rf"(?V1)(?P<characters>{_CHARACTERS}+)|(?P<syllables>(?:{_SYLLABLE})+)|{_SPACED}(?:{_SPACED}|{_MARKS})*"
)
_ONE_SYLLABLE = regex.compile(rf"(?V1){_SYLLABLE}")
_PAIRED = regex.compile(rf"(?V1){_CHARACTERS}|{_LETTERS}")
_SPECIAL = regex.compile(rf"(?V1){_CHARACTERS}|{_LETTERS}|{_MARKS}")
_UNSPACED = regex.compile(rf"(?V1)[{_IDEOGRAPHS}]|{_LETTERS}")
_OPENING = r"[\p{Ps}\p{Pi}]"
_PIECE = regex.compile(
    rf"(?V1){_OPENING}*(?:[{_IDEOGRAPHS}]{{1,2}}|(?:{_SYLLABLE}){{1,4}})[\p{{P}}--{_OPENING}]*"
    rf"|(?:(?!{_OPENING}*(?:[{_IDEOGRAPHS}]|{_LETTERS}))\S)+"
)


def terms(text: str) -> list[str]:
    """Return the words of a text without punctuation; in scripts without blanks, pairs of neighbouring characters."""
    if text.isascii() or not _SPECIAL.search(text):
        return _PLAIN_WORD.findall(text)
    found: list[str] = []
    for match in _WORD.finditer(text):
        word = match[0]
        units = _ONE_SYLLABLE.findall(word) if match["syllables"] else word if match["characters"] else [word]
        found += [one + two for one, two in pairwise(units)] if len(units) > 1 else units
    return found


def paired(text: str) -> bool:
    """Return whether a text has terms that are pairs of characters."""
    return not text.isascii() and _PAIRED.search(text) is not None


def spaced(text: str) -> bool:
    """Return whether blanks separate the words of a text."""
    return text.isascii() or not _UNSPACED.search(text)


def spans(text: str) -> list[tuple[int, int]]:
    """Return the (start, end) of each word: what stands between blanks, or a piece of it where words have no blanks."""
    pattern = re.compile(r"\S+") if spaced(text) else _PIECE
    return [match.span() for match in pattern.finditer(text)]


def count(text: str) -> int:
    """Return the number of words."""
    return len(text.split()) if spaced(text) else len(spans(text))
