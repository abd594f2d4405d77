"""Detection of English answers that are not queries: refusals, apologies, questions back and introductions."""

import re

_NOT = (
    r"(?:can['’]?t|cannot|can not|could not|couldn['’]?t|won['’]?t|will not"
    r"|am not able to|am unable to|['’]m (?:not able|unable) to)"
)
_TASK = (
    r"(?:provide|generate|create|write|produce|assist|help with|help you|answer|fulfil|comply|find a"
    r"|see (?:a|any|the) passage)"
)
_PATTERNS = (
    r"as an? (?:ai|artificial intelligence|(?:large )?language model)\b",
    r"(?:i['’]?m|i am) (?:sorry|afraid),? (?:but\b|i\b|there\b|the passage\b)",
    r"(?:sorry|unfortunately),? (?:but\b|i\b|the passage\b)",
    r"i apologi[sz]e\b",
    rf"i ?{_NOT} {_TASK}\b",
    r"please (?:provide|share|give)(?: me)? (?:a|the|more)\b",
    r"(?:there (?:is|was) )?no passage\b",
    r"the (?:given |provided |last )?passage (?:is|does|has|was|describes|discusses|says|states|seems|explains)\b",
    r"(?:sure|certainly|of course)[,!]",
    r"here(?:['’]s| is| are) .*:$",
)
_ANY = re.compile("|".join(f"(?:{pattern})" for pattern in _PATTERNS))


def is_refusal(folded: str) -> bool:
    """Return whether a folded answer begins like a refusal, an apology, a question back or an introduction."""
    return _ANY.match(folded) is not None
