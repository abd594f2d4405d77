"""Detection of refusals and other answers that are not queries."""

import pytest

from listill.queries.refusal import is_refusal
from listill.text import fold


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can't help with that.",
        "I’m sorry, I cannot generate a query for this passage.",
        "Sorry, but the passage is empty.",
        "I cannot provide a question based on this text.",
        "I can’t create content like this",
        "I am unable to write a claim",
        "I'm not able to assist with that request",
        "As an AI language model, I do not have opinions",
        "I apologize, but there is too little information",
        "Unfortunately, the passage does not say anything",
        "Please provide the passage.",
        "There is no passage to write a query for.",
        "No passage was given",
        "The passage is about the history of eels.",
        "The provided passage does not contain a claim",
        "Sure! Here is a question",
        "Here's a possible query:",
        "Here are five key phrases:",
    ],
)
def test_refusals_are_detected(text: str) -> None:
    assert is_refusal(fold(text))


@pytest.mark.parametrize(
    "text",
    [
        "I cannot sleep after drinking tea, what helps",
        "i can't open the door of my washing machine",
        "sorry for the late reply in spanish",
        "please and thank you in japanese",
        "who sang I'm sorry in 1960",
        "passage of the bill through parliament",
        "The passages of the house are narrow.",
        "here comes the sun chords",
        "as an adult can I learn the violin",
        "Unfortunately for farmers, frost came in May.",
        "of course marking guidelines",
        "How do language models refuse?",
    ],
)
def test_queries_are_not_detected_as_refusals(text: str) -> None:
    assert not is_refusal(fold(text))
