"""The beginning of a text that is much longer than what a model reads of it."""

from typing import Any

# The first attempt has so many characters per token (most words of most languages have fewer), but at least SHORT.
CHARACTERS = 16
SHORT = 50_000
# What stands at the cut may be tokenised in another way, so that many tokens more than needed are left before it.
MARGIN = 64


def beginning(text: str, tokens: int, tokenizer: Any) -> str:
    """Return a start of the text that has more than ``tokens`` tokens, or all of it.

    The first ``tokens`` tokens are those of the whole text, since tokenizers look at a word or a piece of it at a time.
    Tokenising a document of 10 MB takes a minute, and each teacher and student does so again.
    """
    size = max(SHORT, tokens * CHARACTERS)
    while size < len(text):
        blank = text.rfind(" ", size // 2, size)
        start = text[: blank if blank > 0 else size]
        if len(tokenizer(start, add_special_tokens=False, verbose=False)["input_ids"]) >= tokens + MARGIN:
            return start
        size *= 4
    return text
