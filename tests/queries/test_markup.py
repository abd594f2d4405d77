"""The query in an answer, without markup, labels and thoughts."""

import time

import pytest

from listill.queries.markup import tidy


@pytest.mark.parametrize(
    ("text", "query"),
    [
        ("how deep is it", "how deep is it"),
        ("  how deep is it \nA note.", "how deep is it"),
        ("\n\nhow deep is it", "how deep is it"),
        ('"How deep is it?"', "How deep is it?"),
        ("“How deep?”", "How deep?"),
        ('"deep" and "wide"', '"deep" and "wide"'),
        ("the sea's depth'", "the sea's depth'"),
        ("Answer: how deep is it", "how deep is it"),
        ('Answer: "how deep is it"', "how deep is it"),
        ("**How Deep Is It**", "How Deep Is It"),
        ('"', '"'),
        ("", ""),
        ("1. how deep is it", "how deep is it"),
        ("1) how deep is it\n2) how wide is it", "how deep is it"),
        ("- how deep is it", "how deep is it"),
        ("* how deep is it", "how deep is it"),
        ("• how deep is it", "how deep is it"),
        ("> how deep is it", "how deep is it"),
        ("# How Deep Is It", "How Deep Is It"),
        ("Question: how deep is it", "how deep is it"),
        ("QUERY: how deep is it", "how deep is it"),
        ("Search query: how deep is it", "how deep is it"),
        ("Q1: how deep is it", "how deep is it"),
        ("**Question 1:** how deep is it", "how deep is it"),
        ("**Question:**\nhow deep is it", "how deep is it"),
        ('- **Question:** "How deep is it?"', "How deep is it?"),
        ("Frage: wie tief ist es", "wie tief ist es"),
        ("Question : quelle profondeur", "quelle profondeur"),
        ("Pregunta: ¿qué tan profundo es?", "¿qué tan profundo es?"),
        ("Вопрос: как глубоко", "как глубоко"),
        ("问题：火山有多深", "火山有多深"),
        ("„Wie tief ist es?“", "Wie tief ist es?"),
        ("« Quelle profondeur ? »", "Quelle profondeur ?"),
        ("*how deep is it*", "how deep is it"),
        ("<b>how deep is it</b>", "how deep is it"),
        ("<answer>how deep is it</answer>", "how deep is it"),
        ("<query>how deep is it", "how deep is it"),
        ("The answer is <answer>\nhow deep is it\n</answer> as asked", "how deep is it"),
        ("```\nhow deep is it\n```", "how deep is it"),
        ("how deep is it<|im_end|>", "how deep is it"),
        ("how deep is it</s>", "how deep is it"),
        ('{"query": "how deep is it"}', "how deep is it"),
        ('```json\n{\n  "query": "how deep is it"\n}\n```', "how deep is it"),
        ('{"reason": "it is deep", "question": "how deep is it"}', "how deep is it"),
        ('{"queries": ["how deep is it", "how wide"]}', "how deep is it"),
        ('["how deep is it", "how wide"]', "how deep is it"),
        ('{"suchanfrage": "1. wie tief"}', "wie tief"),
        ('{"query": "how deep \\ud83d is it"}', "how deep  is it"),
        ('{"first": "how deep", "second": "how wide"}', ""),
        ('{"query": "how de', ""),
        ("{", ""),
        ('{"n": 12}', ""),
        ("<think>It is deep.</think>how deep is it", "how deep is it"),
        ("<think>\nIt is deep.\n</think>\n\nhow deep is it", "how deep is it"),
        ("It is deep.\n</think>\nhow deep is it", "how deep is it"),
        ("<think></think>\n\nhow deep is it", "how deep is it"),
        ("[THINK]It is deep.[/THINK]how deep is it", "how deep is it"),
        ("<|channel|>analysis<|message|>Deep.<|end|><|start|>assistant<|channel|>final<|message|>how deep", "how deep"),
        ("how deep is it<think>Is it?", "how deep is it"),
        ("<think>It is deep", ""),
        ("<think>", ""),
        # What only looks like markup is kept.
        ("1. FC Köln stadium", "FC Köln stadium"),  # a list is likelier
        ("1st world war", "1st world war"),
        ("1.5 litre engine", "1.5 litre engine"),
        ("-5 degrees in fahrenheit", "-5 degrees in fahrenheit"),
        (">50 years and at risk", ">50 years and at risk"),
        ("[See] also", "[See] also"),
        ("{x} in a format string", "{x} in a format string"),
        ("<div> in the centre", "<div> in the centre"),
        ("Title IX: what is it", "Title IX: what is it"),
        ("questions: how to ask", "questions: how to ask"),
        ("a * b * c", "a * b * c"),
        ("__init__ or __new__", "__init__ or __new__"),
        ("**how** deep is *it*", "**how** deep is *it*"),
        ("*args and **kwargs", "*args and **kwargs"),
        (" \n ", ""),
    ],
)
def test_tidy(text: str, query: str) -> None:
    assert tidy(text) == query


def test_all_phrases_of_a_list_in_json_are_the_query() -> None:
    assert tidy('["sea", "depth of the sea"]', phrases=True) == "sea, depth of the sea"
    assert tidy("sea, depth", phrases=True) == "sea, depth"


@pytest.mark.parametrize(
    "text",
    [
        "<think>",
        "1. ",
        "- ",
        "*",
        "**a",
        "Question: ",
        "<answer>",
        '"',
        "<b>",
        "[",
        '{"a":',
        "\n",
        "q ",
        "```\n",
        "</think>",
    ],
)
def test_the_time_is_linear_in_the_length(text: str) -> None:
    start = time.process_time()
    tidy(text * (300_000 // len(text)))
    assert time.process_time() - start < 10
