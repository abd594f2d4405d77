"""Queries from a language model: answering requests and turning the answers into a table."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd

from listill.progress import Progress
from listill.queries.answers import Answer, AnswerFile, first_phrases, tidy
from listill.queries.generator import LanguageModel
from listill.queries.requests import Request
from listill.schemas import SCHEMAS

log = logging.getLogger("listill")


def answer_all(generator: LanguageModel, requests: list[Request], work: Path, details: dict[str, Any]) -> list[Answer]:
    """Return an answer for each request; requests that an interrupted run has answered are not sent again.

    Answers are stored in the folder ``work``. The generator's own details and the numbers of tokens are added to
    ``details``.
    """
    with AnswerFile(work / "answers.jsonl") as file:
        missing = [request for request in requests if request.query_id not in file.answers]
        log.info("ask: %d requests, %d of them already answered", len(requests), len(requests) - len(missing))
        if missing:
            with Progress(len(missing), "ask", "queries") as progress:
                for batch in generator.answers(missing, work, details):
                    file.add(batch)
                    progress.add(len(batch))
        answers = [file.answers[request.query_id] for request in requests]
    prompt, cached = sum(answer.prompt_tokens for answer in answers), sum(answer.cached_tokens for answer in answers)
    details["tokens"] = {"prompt": prompt, "cached": cached}
    log.info("ask: %d prompt tokens, %.0f %% of them from the prefix cache", prompt, 100 * cached / max(prompt, 1))
    return answers


def as_queries(
    name: str, requests: list[Request], answers: list[Answer], split: dict[str, str], phrases: dict[str, int]
) -> pd.DataFrame:
    """Return requests and answers as a table of queries.

    ``name`` is the name of the generator, ``split`` the split of each held-out passage, and ``phrases`` the number of
    phrases by type, for types whose answers are lists.
    """
    answers = [
        first_phrases(answer, phrases[request.type]) if request.type in phrases else answer
        for request, answer in zip(requests, answers, strict=True)
    ]
    frame = pd.DataFrame([vars(request) for request in requests], columns=list(SCHEMAS["queries"].names))
    frame["text"] = [tidy(answer.text) for answer in answers]
    frame["finish_reason"] = [answer.finish_reason for answer in answers]
    frame["generator"] = name
    frame["split"] = [split.get(doc_id, "train") for doc_id in frame["doc_id"]]
    return frame.astype({"start": "Int32", "end": "Int32"})
