"""Half characters (lone surrogates, as of an emoji that was cut), which no file in UTF-8 can hold."""

import re
from dataclasses import dataclass

_HALF = re.compile("[\ud800-\udfff]")


@dataclass
class WholeCharacters:
    """Replaces half characters by U+FFFD; ``count`` texts had some, and ``example`` is the first of these texts."""

    count: int = 0
    example: str = ""

    def __call__(self, text: str) -> str:
        """Return the text without half characters."""
        try:
            text.encode()
        except UnicodeEncodeError:
            self.example = self.example if self.count else text
            self.count += 1
            return _HALF.sub("\N{REPLACEMENT CHARACTER}", text)
        return text
