"""What pydantic finds wrong with the config, as lines for users: the key, the values that it may have, and the one it has."""

import difflib
import re
from itertools import groupby
from typing import Any

from pydantic import ValidationError

from listill.section import NAME, OLD_VALUES

# What a value should be, by pydantic's type of the error. {gt} and the like are bounds.
EXPECTED = {
    "literal_error": "{expected}",
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_parsing_size": "a smaller number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "float_parsing": "a number",
    "finite_number": "a finite number",
    "greater_than": "more than {gt:n}",
    "greater_than_equal": "{ge:n} or more",
    "less_than": "less than {lt:n}",
    "less_than_equal": "{le:n} or less",
    "bool_type": "true or false",
    "bool_parsing": "true or false",
    "string_type": "a text",
    "list_type": "a list",
    "tuple_type": "a list",
    "dict_type": "a block of keys and values",
    "model_type": "a block of keys and values",
}
# Parts of a place that are no keys: the alternatives of a type, such as a number or `auto`.
ALTERNATIVE = re.compile(r"(constrained-)?(str|int|float|bool)|(list|dict|literal|tuple|function-\w+)\[.*", re.S)
LONGEST = 60


def messages(error: ValidationError, data: Any) -> list[str]:
    """Return a line for each fault, without pydantic's words; ``data`` is what was validated."""
    faults = [(*_place(fault["loc"], data), fault) for fault in error.errors(include_url=False)]
    lines = []
    for _, group in groupby(faults, key=lambda fault: fault[0] if fault[0] is not None else id(fault)):
        alternatives = list(group)
        # Of alternatives, the one that fits best is the one whose fault is deepest inside the value.
        deepest = max(len(place) for _, place, _ in alternatives)
        keys = next(place for _, place, _ in alternatives if len(place) == deepest)
        text = _text([fault for _, place, fault in alternatives if place == keys])
        lines.append(": ".join([*filter(None, [".".join(keys)]), text]))
    return lines


def _place(loc: tuple[int | str, ...], data: Any) -> tuple[tuple[str, ...] | None, list[str]]:
    """Return the key whose value has alternatives, if there is one, and the keys that lead to a fault."""
    keys: list[str] = []
    choice = None
    for part in loc:
        inside = isinstance(data, dict) and part in data
        if not inside and part == "[key]":
            continue
        if not inside and isinstance(part, str) and ALTERNATIVE.fullmatch(part):
            choice = tuple(keys)
        else:
            keys.append(str(part))
            known = inside or (isinstance(data, list) and isinstance(part, int) and part < len(data))
            data = data[part] if known else data
    return choice, keys


def _text(faults: list[Any]) -> str:
    """Return what is wrong, from the faults of the alternatives of one value."""
    fault = faults[0]
    kind, value, context = fault["type"], fault["input"], fault.get("ctx", {})
    if kind == "missing":
        return "this key is missing: set it"
    if kind in ("too_short", "string_too_short"):
        least = context["min_length"]
        return "should not be empty" if least == 1 else f"should have {least} or more entries, not {len(value)}"
    if kind == "too_long":
        return f"should have {context['max_length']} or fewer entries, not {context['actual_length']}"
    if kind == "string_pattern_mismatch" and context["pattern"] == NAME:
        return "this name should consist of letters, digits, - and _, and begin with a letter or digit"
    if not all(fault["type"] in EXPECTED for fault in faults):
        return str(fault["msg"]).removeprefix("Value error, ")
    expected = dict.fromkeys(EXPECTED[fault["type"]].format(**fault.get("ctx", {})) for fault in faults)
    subject = "this key " if fault["loc"][-1:] == ("[key]",) else ""
    return f"{subject}should be {' or '.join(expected)}, not {_shown(value)}{_hint(value, ' '.join(expected))}"


def _hint(value: Any, expected: str) -> str:
    """Return the allowed value that is most similar to a text; an old name stands for the present one."""
    allowed = re.findall(r"'([^']*)'", expected)
    known = {name: name for name in allowed} | {old: new for old, new in OLD_VALUES.items() if new in allowed}
    match = difflib.get_close_matches(value, known, n=1, cutoff=0.6) if isinstance(value, str) else []
    return f" (did you mean '{known[match[0]]}'?)" if match else ""


def _shown(value: Any) -> str:
    """Return a value as in YAML, in short."""
    if isinstance(value, dict | list | tuple):
        return "a list" if isinstance(value, list | tuple) else "a block of keys and values"
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = repr(value) if isinstance(value, str | int | float) else f"a {type(value).__name__}"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}..."
