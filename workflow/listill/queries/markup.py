"""The query in the answer of a language model, without what models write around it.

Models put a query into a list, JSON, a code block, tags, quotation marks or emphasis, precede it with a label, or think
aloud first. All of it would be trained on as part of the query.
"""

import json
import re
from typing import Any

# How often markup around a query is looked for, from the outside to the inside: ``- **Question:** "..."`` has four.
MOST_MARKUP = 6
# Tags of thoughts (DeepSeek-R1, Qwen, Magistral), and what stands before the answer of gpt-oss with and without its
# special tokens.
_THOUGHTS = re.compile(r"[<\[](/?)(?:think|thinking|thoughts?|reasoning|analysis|scratchpad)[>\]]", re.IGNORECASE)
_FINAL = re.compile(r"<\|channel\|>final<\|message\|>|assistantfinal")
_TAGGED = re.compile(r"<(answer|query|question|output|response)>", re.IGNORECASE)
_SPECIAL_TOKENS = re.compile(r"<\|[^<>|]*\|>|</?s>|<(?:start|end)_of_turn>|<[be]os>|\[/?INST\]")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1b\x7f-\x84\x86-\x9f]")
_JSON = re.compile(r"[\[{]\s*(?:[\"'\[{]|$)")
_KEYS = ("query", "question", "search_query", "answer", "claim", "title", "text", "queries", "questions", "keywords")
_LABEL = (
    r"(?:(?:search|user|generated|example|possible|suggested|factual|final|the)\s+)?"
    r"(?:question|query|answer|claim|statement|title|keywords?|key ?phrases?|[qa]"
    r"|frage|suchanfrage|anfrage|antwort|behauptung|titel|requête|réponse|affirmation|titre"
    r"|pregunta|consulta|respuesta|título|domanda|risposta|titolo|pergunta|resposta|vraag"
    r"|вопрос|запрос|ответ|问题|查询|答案|問題|質問|回答|질문)"
    r"(?: of the passage)?\s*#?\d*\s*[*_]*[:：]"
)
# Only the first item of a list is read, so its number is 1.
_PREFIX = re.compile(rf"(?:[-*•–—+>]\s|#{{1,6}}\s|1[.)]\s|\(1\)\s|[*_]*{_LABEL}[*_]*)\s*", re.IGNORECASE)
_WRAPPED = re.compile(r"(\*\*|__|\*|_|<(?P<tag>[a-z]+)>)(.*)(?(tag)</(?P=tag)>|\1)", re.IGNORECASE)
_QUOTES = {'"': '"', "'": "'", "“": "”", "„": "“", "‘": "’", "«": "»", "`": "`", "「": "」", "『": "』"}


def plain(text: str) -> str:
    """Return the text without lone surrogates (halves of characters, which no file can hold) and control characters."""
    return _CONTROL.sub(" ", text.encode(errors="ignore").decode())


def tidy(text: str, phrases: bool = False) -> str:
    """Return the query in an answer: the first line that has text without its markup; empty if there is none.

    With ``phrases``, all strings of a JSON list are the query, separated by commas; otherwise only the first.
    """
    text = _answer(_without_thoughts(text)).strip()
    if _JSON.match(text):
        strings = _strings_of_json(text)
        text = ", ".join(strings) if phrases else (strings or [""])[0]
    lines = map(_without_markup, text.splitlines())
    return plain(next(filter(None, lines), "")).strip()


def _without_thoughts(text: str) -> str:
    """Return what stands after the last block of thoughts, or else before the first one; a block may lack either tag."""
    *_, text = _FINAL.split(text)
    tags = list(_THOUGHTS.finditer(text))
    if not tags:
        return text
    closing = [tag for tag in tags if tag[1]]
    after = text[closing[-1].end() :] if closing else ""
    return after if after.strip() else text[: tags[0].start()] * (not tags[0][1])


def _answer(text: str) -> str:
    """Return the part in tags like ``<answer>``, or else all of it; without code fences and special tokens."""
    text = _SPECIAL_TOKENS.sub("", text)
    if tag := _TAGGED.search(text):
        text = re.split(f"</{tag[1]}>", text[tag.end() :], maxsplit=1, flags=re.IGNORECASE)[0]
    lines = [line for line in text.splitlines(keepends=True) if not line.lstrip().startswith(("```", "~~~"))]
    return "".join(lines)


def _strings_of_json(text: str) -> list[str]:
    """Return the queries in JSON; none if it is not complete, or has several keys of which none is known."""
    try:
        value, _ = json.JSONDecoder().raw_decode(text)
        return _strings(value)
    except (ValueError, RecursionError):
        return []


def _strings(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [string for item in value for string in _strings(item)]
    if isinstance(value, dict):
        known = [value[key] for key in _KEYS if key in value] or ([*value.values()] if len(value) == 1 else [])
        return _strings(known[0]) if known else []
    return []


def _without_markup(line: str) -> str:
    """Return a line without list markers, labels, emphasis, tags and quotation marks around it."""
    for _ in range(MOST_MARKUP):
        line = _PREFIX.sub("", line.strip(), count=1) if _PREFIX.match(line.strip()) else line.strip()
        if (wrapped := _WRAPPED.fullmatch(line)) and wrapped[1] not in wrapped[3]:
            line = wrapped[3]
        if len(line) > 1 and _QUOTES.get(line[0]) == line[-1] and line[0] not in line[1:-1]:
            line = line[1:-1]
    return line.strip()
