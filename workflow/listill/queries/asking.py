"""Queries from a language model: answering requests and turning the answers into a table."""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from listill.errors import UserError
from listill.progress import Progress
from listill.queries.answers import UNUSABLE, Answer, AnswerFile, first_phrases
from listill.queries.generator import LanguageModel
from listill.queries.markup import tidy
from listill.queries.requests import Request
from listill.schemas import SCHEMAS

log = logging.getLogger("listill")


# If none of so many replies can be used, the server or its settings are wrong, and no more requests are sent.
FIRST = 20


def with_usable(batches: Iterable[list[Answer]], answered: bool) -> Iterator[list[Answer]]:
    """Yield the batches; the first ones together, as soon as they have an answer that can be used.

    With ``answered``, there are such answers from an earlier run. Otherwise UserError is raised if no answer, or none
    of the first ``FIRST``, can be used: they are not stored, so that they are asked again.
    """
    waiting: list[Answer] = []
    for batch in batches:
        waiting += batch
        answered = answered or any(answer.finish_reason != UNUSABLE for answer in batch)
        if answered:
            yield waiting
            waiting = []
        elif len(waiting) >= FIRST:
            break
    if waiting:
        raise UserError(waiting[0].text)


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
                for batch in with_usable(generator.answers(missing, work, details), bool(file.answers)):
                    file.add(batch)
                    progress.add(len(batch))
        answers = [file.answers[request.query_id] for request in requests]
    unusable = [answer.text for answer in answers if answer.finish_reason == UNUSABLE]
    if unusable:
        log.warning("ask: %d replies cannot be used and are dropped, such as: %s", len(unusable), unusable[0])
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
    tidied = [_tidied(answer, phrases.get(request.type)) for request, answer in zip(requests, answers, strict=True)]
    if lost := sum(not new.text and bool(old.text.strip()) for new, old in zip(tidied, answers, strict=True)):
        log.warning(
            "ask: %d of %d answers have text, but no query: if the model thinks first, turn it off (enable_thinking: false) "
            "or let it finish (a higher max_tokens; for openai, extra: {stop: null})",
            lost,
            len(answers),
        )
    frame = pd.DataFrame([vars(request) for request in requests], columns=list(SCHEMAS["queries"].names))
    frame["text"] = [answer.text for answer in tidied]
    frame["finish_reason"] = [answer.finish_reason for answer in tidied]
    frame["generator"] = name
    frame["split"] = [split.get(doc_id, "train") for doc_id in frame["doc_id"]]
    return frame.astype({"start": "Int32", "end": "Int32"})


def _tidied(answer: Answer, phrases: int | None) -> Answer:
    """Return the answer with nothing but the query in its text; of a list, the first ``phrases`` different phrases."""
    text = "" if answer.finish_reason == UNUSABLE else tidy(answer.text, phrases is not None)
    answer = replace(answer, text=text)
    return answer if phrases is None else first_phrases(answer, phrases)
