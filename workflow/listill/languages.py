"""The languages that a corpus can be in, with their stemmers and lists of stop words."""

from typing import Literal, get_args

# Those for which PyStemmer has a Snowball stemmer.
Stemmed = Literal[
    "arabic",
    "armenian",
    "basque",
    "catalan",
    "danish",
    "dutch",
    "english",
    "finnish",
    "french",
    "german",
    "greek",
    "hindi",
    "hungarian",
    "indonesian",
    "irish",
    "italian",
    "lithuanian",
    "nepali",
    "norwegian",
    "portuguese",
    "romanian",
    "russian",
    "serbian",
    "spanish",
    "swedish",
    "tamil",
    "turkish",
    "yiddish",
]
Language = Literal[Stemmed, "chinese", "japanese", "korean", "thai", "other"]
# The lists of stop words of bm25s, by their short names. bm25s is not imported here, because it loads NumPy.
STOP_WORDS = {
    **{"en": "english", "en_plus": "english_plus", "de": "german", "nl": "dutch", "fr": "french", "es": "spanish"},
    **{"pt": "portuguese", "it": "italian", "ru": "russian", "sv": "swedish", "no": "norwegian", "da": "danish"},
    **{"tr": "turkish", "zh": "chinese", "ko": "korean"},
}


def stemmer(language: str) -> str | None:
    """Return the name of the stemmer of a language; None if it has none."""
    return language if language in get_args(Stemmed) else None


def stop_words(language: str) -> str | None:
    """Return the name of the list of stop words in bm25s; None if there is none for the language."""
    if language == "english":
        return "en"
    return language if language in STOP_WORDS.values() else None


# ISO 639-1, as model cards name languages.
_CODES = {
    **{
        "arabic": "ar",
        "armenian": "hy",
        "basque": "eu",
        "catalan": "ca",
        "danish": "da",
        "dutch": "nl",
        "english": "en",
    },
    **{"finnish": "fi", "french": "fr", "german": "de", "greek": "el", "hindi": "hi", "hungarian": "hu"},
    **{"indonesian": "id", "irish": "ga", "italian": "it", "lithuanian": "lt", "nepali": "ne", "norwegian": "no"},
    **{"portuguese": "pt", "romanian": "ro", "russian": "ru", "serbian": "sr", "spanish": "es", "swedish": "sv"},
    **{
        "tamil": "ta",
        "turkish": "tr",
        "yiddish": "yi",
        "chinese": "zh",
        "japanese": "ja",
        "korean": "ko",
        "thai": "th",
    },
}


def code(language: str) -> str | None:
    """Return the code of a language (ISO 639-1); None for ``other``."""
    return _CODES.get(language)
