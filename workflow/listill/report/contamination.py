"""Contamination: what training and test have in common, and what the models were trained on before."""

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

from listill.evaluation.topics import EvaluationQueries
from listill.known_models import is_one_of
from listill.queries.overlap import overlapping_pairs
from listill.schemas import HUMAN

# A training query is near a topic if their words have at least this Jaccard similarity. Cleaning drops synthetic queries
# above generation.cleaning.topic_overlap; human train topics and queries just below remain.
NEAR = 0.8


@dataclass(frozen=True)
class Overlap:
    """What the training queries have in common with the topics of one split.

    ``near``: training queries with nearly the words of a topic. ``shared``: training queries whose source passage, or a
    duplicate of it, is relevant for a topic. ``clean``: the ids of the topics of which neither is true.
    """

    split: str
    training: int
    topics: int
    near: int
    shared: int
    clean: frozenset[str]


@dataclass(frozen=True)
class Known:
    """What a model was trained on, with the source of this knowledge; without ``data``, nothing is known of it.

    ``here``: the data sets that this corpus seems to be.
    """

    role: str
    model: str
    data: tuple[str, ...] = ()
    about: str = ""
    source: str = ""
    here: tuple[str, ...] = ()


def overlap(training: pd.DataFrame, evaluated: EvaluationQueries, split: str) -> Overlap | None:
    """Return what training queries (query_id, text, doc_id) and judged topics have in common; None without any of them.

    The topics are those of humans: the dev queries may also contain synthetic queries of held-out passages.
    """
    judged = evaluated.judged
    topics = judged[(judged["split"] == split) & (judged["type"] == HUMAN)]
    if topics.empty or training.empty:
        return None
    near, near_topics = overlapping_pairs(training["text"].tolist(), topics["text"].tolist(), NEAR)
    group = evaluated.group
    relevant = evaluated.qrels[
        (evaluated.qrels["relevance"] > 0) & evaluated.qrels["query_id"].isin(topics["query_id"])
    ]
    answers = relevant["doc_id"].map(lambda doc: group.get(doc, doc))
    sources = training["doc_id"].map(lambda doc: group.get(doc, doc))
    sharing = set(relevant["query_id"][answers.isin(set(sources))])
    clean = frozenset(map(str, set(topics["query_id"]) - sharing - set(topics["query_id"].iloc[near_topics])))
    return Overlap(
        split, len(training), len(topics), len(np.unique(near)), int(sources.isin(set(answers)).sum()), clean
    )


def models(config: dict[str, Any], corpus: str) -> list[Known]:
    """Return what is known of the training data of all students and teachers of a config, as the page shows it."""
    students = {name: one["model"] for name, one in config.get("students", {}).items()}
    used = [("student", name, model) for name, model in students.items()]
    for name, member in config.get("teacher", {}).get("members", {}).items():
        if member.get("model"):
            used.append(("teacher", name, member["model"]))
        elif member.get("student"):
            used.append(("teacher", name, students.get(member["student"], member["student"])))
    generator = config.get("generation", {}).get("generator", {})
    if generator.get("model"):
        used.append(("generator", generator["kind"], generator["model"]))
    source = config.get("corpora", {}).get(corpus, {}).get("source", {})
    return [_known(f"{role} {name}", model, [corpus, str(source.get("id", ""))]) for role, name, model in used]


def _known(role: str, model: str, corpus: list[str]) -> Known:
    entry = next((entry for entry in known() if _is_of(model, entry["models"])), None)
    if entry is None:
        return Known(role, model)
    words = {_plain(part) for name in corpus for part in [name, *name.split("/")] if part}
    here = tuple(name for name in entry["data"] if _plain(name) in words)
    return Known(role, model, tuple(entry["data"]), entry.get("about", ""), entry["source"], here)


def _is_of(model: str, patterns: list[str]) -> bool:
    """Tell whether a model matches: a file in a package by its whole name, others as ``is_one_of`` says."""
    return model in patterns or is_one_of(model, [one for one in patterns if not one.startswith("package:")])


def _plain(name: str) -> str:
    """Return the letters and digits of a data set's name: MS MARCO and msmarco-passage's ``msmarco`` are the same."""
    return "".join(filter(str.isalnum, name.casefold()))


@cache
def known() -> list[dict[str, Any]]:
    """Return the entries of training_data.yaml."""
    entries: list[dict[str, Any]] = yaml.safe_load((Path(__file__).parent / "training_data.yaml").read_text())
    return entries
