"""Keys for servers: read from the environment only, since the config is stored in frozen settings and metadata.

The messages here never contain the value that they are about: it may be the key.
"""

import os
import re
from collections.abc import Iterator
from typing import Annotated, Any
from urllib.parse import quote, urlsplit

from pydantic import AfterValidator

from listill.errors import UserError

# Names of request fields that hold a key, in lower case and without punctuation.
NAMES = {"key", "token", "bearer", "secret", "password", "passwd", "auth", "authorization", "credential", "credentials"}
ENDINGS = (
    "apikey",
    "secretkey",
    "privatekey",
    "accesskey",
    "authtoken",
    "accesstoken",
    "hftoken",
    "secret",
    "password",
)
# Keys that begin as those of well-known providers do, and what a header with a key begins with.
KEY = re.compile(r"\b(?:sk|pk|rk|hf|gsk|xai|ghp|nvapi|pplx|AIza|Bearer)[-_ ]?[A-Za-z0-9_.-]{16,}")
# A shorter value of the environment variable is a placeholder, such as EMPTY, which other settings may contain.
SHORTEST = 12


def key_of(variable: str) -> str | None:
    """Return the key in an environment variable, without blanks and line ends around it; None if it is not set.

    Raises UserError if no HTTP header can have it: the HTTP library would print it in its own error.
    """
    key = os.environ.get(variable, "").strip()
    if not key:
        return None
    if not (key.isascii() and key.isprintable()):
        raise UserError(
            f"environment variable {variable}: the key contains a line end, or a character that is not printable ASCII: "
            f"set {variable} to the key alone"
        )
    return key


def redacted(text: str, key: str | None) -> str:
    """Return ``text`` without the key, also as it stands in a URL or in JSON."""
    for form in {key, quote(key, safe=""), key.replace("/", "\\/")} if key else ():
        text = text.replace(form, "[key]")
    return text


def holds_key_of(variable: str, settings: Any) -> bool:
    """Tell whether one of the strings in plain data contains the key in an environment variable."""
    key = os.environ.get(variable, "").strip()
    return len(key) >= SHORTEST and any(key in text for _, text in _strings(settings, ""))


def _strings(data: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield (name, string) for all strings in plain data; the name is the nearest key of a mapping."""
    if isinstance(data, str):
        yield name, data
    elif isinstance(data, dict):
        for key, value in data.items():
            yield from _strings(value, str(key))
    elif isinstance(data, list | tuple):
        for value in data:
            yield from _strings(value, name)


def _names_key(name: str) -> bool:
    plain = re.sub(r"[^a-z]", "", name.lower())
    return plain in NAMES or plain.endswith(ENDINGS)


def _no_keys(fields: dict[str, Any]) -> dict[str, Any]:
    for name, text in _strings(fields, ""):
        if text and (_names_key(name) or KEY.search(text)):
            raise ValueError(
                f"'{name}' seems to be a key for the server, and the config is stored with the results: remove it, and set "
                "the environment variable (key_variable; for the hub HF_TOKEN)"
            )
    return fields


def _variable(name: str) -> str:
    if not re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) or KEY.search(name):
        raise ValueError(
            "it should be the name of an environment variable, such as OPENAI_API_KEY, and never the key itself, since the "
            "config is stored with the results"
        )
    return name


def _url(url: str) -> str:
    try:
        parts = urlsplit(url)
        host = parts.hostname and (parts.port or True)
    except ValueError:
        host = None
    if not host or parts.scheme not in ("http", "https") or re.search(r"\s", url):
        raise ValueError("it should be a URL with http:// or https:// and a host, such as http://localhost:8000/v1")
    if parts.username is not None or parts.password is not None or re.search("[?#]", url) or KEY.search(url):
        raise ValueError(
            "the URL should have neither a user, a password nor a key, and nothing after ? or #, since the config is stored "
            "with the results: remove it, and set the environment variable in key_variable to the key"
        )
    return url


Url = Annotated[str, AfterValidator(_url)]
Variable = Annotated[str, AfterValidator(_variable)]
# Fields of a request or of another library, which may be anything but a key.
Fields = Annotated[dict[str, Any], AfterValidator(_no_keys)]
