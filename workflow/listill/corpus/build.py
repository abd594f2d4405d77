"""Build the tables corpus, topics, qrels and heldout from a source: checks, duplicates and splits."""

import string
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from listill.corpus import duplicates, splits
from listill.corpus.collection import render
from listill.corpus.source import UNSPLIT, Judgement, RawCorpus
from listill.errors import UserError
from listill.settings.corpora import Corpus

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class CorpusTables:
    """The columns of the four tables, and the counts that are logged."""

    corpus: Columns
    topics: Columns
    qrels: Columns
    heldout: Columns
    counts: dict[str, int]


def build(source: RawCorpus, settings: Corpus, seed: int) -> CorpusTables:
    """Check the source and build the tables.

    Raises UserError for an empty corpus, duplicate ids, empty texts, judgements of unknown documents or queries,
    contradictory judgements, and topics that are in two splits.
    """
    check_documents(source, settings.empty_text)
    qrels = check_qrels(source)
    originals = duplicates.duplicate_of(source.documents)
    doc_ids = [document.doc_id for document in source.documents]
    original_of = {
        doc_id: original for doc_id, original in zip(doc_ids, originals, strict=True) if original is not None
    }
    if any(judgement.split == UNSPLIT for judgement in qrels):
        qrels = splits.split_unsplit(qrels, *settings.source.split_shares(), seed, original_of)
    qrels = splits.dev_from_train(qrels, settings.dev_share, seed)
    split = split_of(qrels)
    blank = {doc.doc_id for doc in source.documents if not render(settings.template, doc.title, doc.text)}
    heldout = splits.hold_out(
        source.documents, originals, qrels, settings.heldout, settings.min_dev_topics, seed, blank
    )
    return CorpusTables(
        corpus={
            "doc_id": doc_ids,
            "title": [document.title or None for document in source.documents],
            "text": [document.text for document in source.documents],
            "duplicate_of": list(originals),
        },
        topics={
            "query_id": sorted(split),
            "text": [source.topics[query_id] for query_id in sorted(split)],
            "split": [split[query_id] for query_id in sorted(split)],
        },
        qrels={
            column: [getattr(judgement, column) for judgement in qrels]
            for column in ("query_id", "doc_id", "relevance", "split")
        },
        heldout={"doc_id": list(heldout), "split": list(heldout.values())},
        counts=_counts(source, len(original_of), split, heldout),
    )


def _counts(source: RawCorpus, duplicates: int, split: dict[str, str], heldout: dict[str, str]) -> dict[str, int]:
    topics, passages = Counter(split.values()), Counter(heldout.values())
    return {
        "documents": len(source.documents),
        "duplicates": duplicates,
        **{f"{name} topics": topics[name] for name in ("train", "dev", "test")},
        "topics without judgements": len(source.topics) - len(split),
        "held-out passages": passages["heldout"],
        "held-out passages for dev": passages["dev"],
    }


def check_template(template: str) -> None:
    """Raise UserError unless the template contains {text} and no other field than {title}."""
    try:
        fields = {name for _, name, _, _ in string.Formatter().parse(template) if name is not None}
    except ValueError as error:
        raise UserError(f"template '{template}': {error}; write it like '{{title}} {{text}}'") from None
    if unknown := sorted(fields - {"title", "text"}):
        raise UserError(f"template '{template}': unknown field {{{unknown[0]}}}: use only {{title}} and {{text}}")
    if "text" not in fields:
        raise UserError(f"template '{template}': {{text}} is missing: add it, or documents would have no text")


def check_documents(source: RawCorpus, empty_text: str) -> None:
    """Raise UserError for an empty corpus, a duplicate doc_id, and a document without text (and title)."""
    if not source.documents:
        raise UserError(f"{source.origin}: empty corpus: it contains no documents; check that this is the right source")
    seen: set[str] = set()
    for doc_id, title, text in source.documents:
        if doc_id in seen:
            raise UserError(f"{source.origin}: duplicate document id '{doc_id}': ids must be unique")
        seen.add(doc_id)
        if empty_text == "keep" or text.strip() or (empty_text == "title" and title and title.strip()):
            continue
        remedy = "`empty_text: keep`" if empty_text == "title" or not title else "`empty_text: title`"
        problem = "neither text nor title" if empty_text == "title" else "no text"
        raise UserError(f"{source.origin}: the document '{doc_id}' has {problem}: remove it, or set {remedy}")


def check_qrels(source: RawCorpus) -> list[Judgement]:
    """Return the judgements without duplicates, sorted by their ids.

    Raises UserError for judgements of unknown documents or queries and for contradictory judgements.
    """
    known_documents = {document.doc_id for document in source.documents}
    judgements: dict[tuple[str, str, str], Judgement] = {}
    for judgement in source.qrels:
        query_id, doc_id, relevance, split, place = judgement
        where = place or source.origin
        if doc_id not in known_documents:
            raise UserError(
                f"{where}: the document '{doc_id}', judged for query '{query_id}', is not in the corpus: "
                "add the document or remove the judgement"
            )
        if query_id not in source.topics:
            raise UserError(f"{where}: the query '{query_id}' is not among the topics: add its text or remove the line")
        first = judgements.setdefault((query_id, doc_id, split), judgement)
        if first.relevance != relevance:
            raise UserError(
                f"{where}: query '{query_id}' and document '{doc_id}' are judged both {first.relevance} and "
                f"{relevance}: remove one of the two judgements"
            )
    split_of(list(judgements.values()))
    return [judgements[key] for key in sorted(judgements)]


def split_of(qrels: Sequence[Judgement]) -> dict[str, str]:
    """Return the split of each query; UserError if a query is in two splits."""
    split_by_query: dict[str, str] = {}
    for judgement in qrels:
        split = split_by_query.setdefault(judgement.query_id, judgement.split)
        if split != judgement.split:
            raise UserError(
                f"{judgement.place or 'qrels'}: the query '{judgement.query_id}' is judged in both {split} and "
                f"{judgement.split}: keep it in one split"
            )
    return split_by_query
