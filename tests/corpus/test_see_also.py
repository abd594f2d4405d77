"""Topics from See Also sections."""

import pytest

from listill.corpus.docstrings import document_text
from listill.corpus.see_also import Resolver, find_topics
from listill.corpus.source import Document, Judgement

NAMES = ["p.f", "p.g", "p.h", "p.i", "p.A.m", "p.B.m", "p.B.n"]
CANONICAL = {name: name for name in NAMES} | {"p.inner.f": "p.f", "q.r.g": "p.g"}


def topics_of(entries: str, owner: str = "p.f", texts: dict[str, str] | None = None) -> dict[str, set[str]]:
    """Return the relevant documents of each topic from one See Also section."""
    doc = f"What f does.\n\nSee Also\n--------\n{entries}"
    documents = {name: Document(name, name, (texts or {}).get(name, f"Text of {name}.")) for name in NAMES}
    topics, qrels = find_topics(documents, {owner: doc}, CANONICAL)
    assert {judgement.query_id for judgement in qrels} == set(topics)
    assert all((judgement.relevance, judgement.split) == (1, "") for judgement in qrels)
    return {text: {j.doc_id for j in qrels if j.query_id == name} for name, text in topics.items()}


def test_a_description_is_a_topic_of_the_function_that_it_describes() -> None:
    assert topics_of("g : turn a thing round\nh : too short") == {"turn a thing round": {"p.g"}}


def test_equal_descriptions_are_one_topic() -> None:
    assert topics_of("g : turn a thing round\nh : Turn a  thing round.") == {"turn a thing round": {"p.g", "p.h"}}
    four = "\n".join(f"{name} : turn a thing round" for name in ("g", "h", "i", "A.m"))
    assert topics_of(four) == {}  # too general


@pytest.mark.parametrize(
    "description",
    ["Similar function in another package", "The equivalent for two arrays", "takes what this method gives back"],
)
def test_descriptions_that_need_their_context_are_no_topics(description: str) -> None:
    assert topics_of(f"g : {description}") == {}


def test_descriptions_that_occur_in_their_document_are_no_topics() -> None:
    assert topics_of("g : turn a thing round", texts={"p.g": "To TURN a\nthing round, call it."}) == {}
    assert topics_of("f : turn a thing round") == {}  # a function does not describe itself


def test_ids_are_the_first_function_and_a_number() -> None:
    topics, qrels = find_topics(
        {name: Document(name, name, "Text.") for name in NAMES},
        {"p.f": document("g : a b c d"), "p.h": document("g : e f g h\ni, g : i j k l")},
        CANONICAL,
    )
    assert topics == {"p.g:1": "a b c d", "p.g:2": "e f g h", "p.g:3": "i j k l"}
    assert qrels[-2:] == [Judgement("p.g:3", "p.g", 1, ""), Judgement("p.g:3", "p.i", 1, "")]


def document(entries: str) -> str:
    doc = f"What it does.\n\nSee Also\n--------\n{entries}"
    assert document_text(doc, ["f"]) == "What it does."
    return doc


@pytest.mark.parametrize(
    ("name", "owner", "expected"),
    [
        ("p.g", "p.f", "p.g"),  # the full name
        ("q.r.g", "p.f", "p.g"),  # an alias
        ("m", "p.B.n", "p.B.m"),  # of the same class
        ("m", "p.f", None),  # ambiguous: two names have this ending
        ("n", "p.f", "p.B.n"),  # only one name has this ending
        ("A.m", "p.B.n", "p.A.m"),
        ("f", "p.g", "p.f"),
        ("nowhere", "p.f", None),
    ],
)
def test_names_are_resolved(name: str, owner: str, expected: str | None) -> None:
    assert Resolver(CANONICAL)(name, owner) == expected
