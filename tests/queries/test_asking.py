"""Answering requests and building the table of queries, without a server or a model."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listill import tables
from listill.errors import UserError
from listill.queries.answers import CHECKSUM, Answer
from listill.queries.asking import answer_all, as_queries
from listill.queries.generator import LanguageModel
from listill.queries.requests import Request

REQUESTS = [Request(f"q{i}", f"d{i % 3}", "claim", "p", 100 + i, f"text {i}") for i in range(7)]


class Parrot(LanguageModel):
    """Answers in batches of two, last request first; fails at the request with the id ``model``."""

    kind: str = "parrot"

    def answers(self, requests: list[Request], work: Path, details: dict[str, Any]) -> Iterator[list[Answer]]:
        details["requested"] = [request.query_id for request in requests]
        backwards = requests[::-1]
        for start in range(0, len(backwards), 2):
            batch = backwards[start : start + 2]
            if self.model in [request.query_id for request in batch]:
                raise UserError("no more")
            yield [Answer(request.query_id, f"about {request.text}", "stop", 10, 4) for request in batch]


def ask(work: Path, model: str = "m") -> tuple[list[Answer], dict[str, Any]]:
    details: dict[str, Any] = {}
    return answer_all(Parrot(model=model), REQUESTS, work, details), details


def test_answers_come_in_the_order_of_the_requests(tmp_path: Path) -> None:
    answers, details = ask(tmp_path)
    assert answers == [Answer(request.query_id, f"about {request.text}", "stop", 10, 4) for request in REQUESTS]
    assert details["tokens"] == {"prompt": 70, "cached": 28}


def test_answered_requests_are_not_sent_again(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no more"):
        ask(tmp_path, "q2")
    answers, details = ask(tmp_path)
    assert details["requested"] == ["q0", "q1", "q2"]
    (tmp_path / "fresh").mkdir()
    assert answers == ask(tmp_path / "fresh")[0]
    assert "requested" not in ask(tmp_path)[1]  # nothing was missing
    assert len(json.loads((tmp_path / "answers.jsonl").read_text().splitlines()[0][CHECKSUM:])) == 2


def test_no_requests(tmp_path: Path) -> None:
    details: dict[str, Any] = {}
    assert answer_all(Parrot(model="m"), [], tmp_path, details) == []
    assert details["tokens"] == {"prompt": 0, "cached": 0}


def test_the_table() -> None:
    answers = [Answer(request.query_id, f'"{request.text}"\nand more', "length") for request in REQUESTS]
    frame = as_queries("parrot:m", REQUESTS, answers, {"d1": "heldout"}, {})
    table = tables.as_table("queries", frame).to_pandas()
    assert table["query_id"].tolist() == [request.query_id for request in REQUESTS]
    assert table["text"].tolist() == [
        request.text for request in REQUESTS
    ]  # tidied: first line, without quotation marks
    assert table["split"].tolist() == ["train", "heldout", "train"] * 2 + ["train"]
    assert table["seed"].tolist() == [100 + i for i in range(7)]
    assert set(table["generator"]) == {"parrot:m"}
    assert set(table["finish_reason"]) == {"length"}
    assert table[["start", "end"]].isna().all(axis=None)


def test_a_list_is_shortened_if_its_type_says_so() -> None:
    requests = [Request(name, "d", name, "p", 1, "x") for name in ("keywords", "title")]
    answers = [Answer(name, " a, b, c, d", "length") for name in ("keywords", "title")]
    frame = as_queries("parrot:m", requests, answers, {}, {"keywords": 2})
    assert frame["text"].tolist() == ["a, b", "a, b, c, d"]
    assert frame["finish_reason"].tolist() == ["stop", "length"]


def test_the_table_of_no_requests() -> None:
    frame = as_queries("parrot:m", [], [], {}, {})
    assert isinstance(frame, pd.DataFrame)
    assert tables.as_table("queries", frame).num_rows == 0
