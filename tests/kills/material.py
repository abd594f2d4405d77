"""A tiny finished run that has all stages: a server and shards, two corpora, a joint student, a second round, exports."""

import contextlib
import os
import random
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import flow
import forked_stage
from stage_commands import commands, name

import chat_server
import tiny
from kills import finished_parts
from kills.finished_parts import Parts
from kills.killed_stage import Stage
from listill.queries.requests import seed_of

OTHER, VARIANT = "other", "listwise"
TARGETS = ("all", "export", "papers")
# Several parts in corpora of 60 and 40 documents.
PARTS = {
    "listill.retrieval.embeddings.PART": 8,
    "listill.candidates.retrieved.BLOCK": 16,
    "listill.teachers.parts.PART": 64,
}
# Such a part takes a millisecond.
SLOWED = {"listill.arrays.write": 0.05}
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "HF_HUB_OFFLINE": "1"}
# A stage that is not killed, and why.
LEFT_OUT = {"mteb": "needs the package mteb, and data of its tasks from the hub"}


def answer(request: dict[str, Any]) -> dict[str, Any]:
    """Return five words of the passage: they depend on the request alone."""
    words = request["messages"][0]["content"].rpartition("Passage:")[2].split()
    text = " ".join(random.Random(request["seed"]).sample(words, 5))
    choice = {"index": 0, "message": {"role": "assistant", "content": text}, "finish_reason": "stop"}
    return {"choices": [choice], "usage": {"prompt_tokens": len(words), "completion_tokens": 5}}


def small_config(folder: Path, url: str) -> dict[str, Any]:
    """Return a config with one corpus and one variant; the corpus and the student are made in ``folder``."""
    settings = flow.config(tiny.tiny_corpus(folder / "beir"), tiny.make_tiny_model(folder / "model"))
    generator = {"kind": "openai", "model": "m", "base_url": url, "concurrency": 2}
    settings["generation"] = {"generator": generator, "shards": 2, "passages": 20}
    variants = {VARIANT: {"losses": {"listwise": 1}, "corpora": [flow.CORPUS]}}
    settings["training"] |= {"batch": 4, "checkpoint": 2, "variants": variants}
    return settings


def config(folder: Path, url: str) -> dict[str, Any]:
    """Return a config with all stages; the corpora and the student are made in ``folder``."""
    settings = small_config(folder, url)
    other = tiny.tiny_corpus(folder / OTHER, documents=40, topics=8, seed=1)
    settings["corpora"][OTHER] = {"source": {"kind": "beir", "path": str(other)}, "heldout": 3}
    settings["training"]["rounds"] = 2
    settings["encoding"] = {"shards": 2}
    settings["teacher"]["shards"] = 2
    settings["joint"] = {"both": {"corpora": [flow.CORPUS, OTHER], "student": flow.STUDENT}}
    settings["evaluation"] |= {
        "trec_runs": True,
        "learning_curve": [0.5],
        "retention": {"corpora": [OTHER]},
    }
    return settings


@dataclass
class Requests:
    """Notices requests to the server whose answers were stored before."""

    chat: chat_server.Chat
    seed: int
    checked: int = 0

    def __call__(self, before: Parts) -> None:
        """Raise AssertionError if a request since the last call was answered ``before``."""
        new, self.checked = self.chat.requests[self.checked :], len(self.chat.requests)
        asked = {request["seed"] for request in new}
        answered = [query for queries in before.answers.values() for query in queries]
        again = [query for query in answered if seed_of(self.seed, *_parts_of(query)) in asked]
        assert not again, f"{len(again)} requests were answered and have been sent again, such as {again[0]}"


def _parts_of(query_id: str) -> tuple[str, str, int]:
    doc_id, query_type, number = query_id.rsplit(":", 2)
    return doc_id, query_type, int(number)


@dataclass
class Material:
    """The finished run in ``folder``, its config, its stages in their order, and the stored scores before each of them."""

    folder: Path
    settings: dict[str, Any]
    stages: list[Stage]
    scores: list[dict[Path, bytes]]


@contextlib.contextmanager
def prepared(folder: Path) -> Iterator[Material]:
    """Make the run in ``folder``, and run each of its stages once more, to see that it makes the same again."""
    os.environ |= ENVIRONMENT
    forked_stage.CONSTANTS |= PARTS
    forked_stage.SLOWED |= SLOWED
    with chat_server.serve(answer=answer, delay=0.01) as chat:
        settings, run = config(folder, chat.url), folder / "run"
        flow.make(run, settings, *TARGETS, "--notemp")
        for stored in run.glob("results/*/.scores"):
            shutil.rmtree(stored)
        requests = Requests(chat, settings["seed"])
        stages = [Stage(line, run, requests) for line in commands(run, settings, *TARGETS)]
        check_all_stages_are_there(stages)
        scores = []
        for stage in stages:
            scores.append(finished_parts.copy_of(run))
            stage.quiet()
        yield Material(run, settings, stages, scores)


@contextlib.contextmanager
def small(folder: Path) -> Iterator[tuple[dict[str, Any], Path]]:
    """Yield a config with one corpus, and the folder of a quiet run of it below ``folder``."""
    os.environ |= ENVIRONMENT
    with chat_server.serve(answer=answer, delay=0.05) as chat:
        settings = small_config(folder, chat.url)
        flow.make(folder / "run", settings)
        yield settings, folder / "run"


def check_all_stages_are_there(stages: list[Stage]) -> None:
    """Raise AssertionError if a stage of the package is missing, except for those in ``LEFT_OUT``."""
    modules = (flow.ROOT / "workflow/listill/stages").glob("*.py")
    programs = {path.stem for path in modules if '__name__ == "__main__"' in path.read_text()}
    assert programs - {name(stage.line) for stage in stages} == LEFT_OUT.keys()
