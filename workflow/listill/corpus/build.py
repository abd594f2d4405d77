"""Build the tables corpus, topics, qrels and heldout from a source: checks, duplicates and splits."""

import dataclasses
import logging
import re
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

from listill.corpus import duplicates, splits
from listill.corpus.collection import render
from listill.corpus.rows import shown
from listill.corpus.source import UNSPLIT, Document, Judgement, RawCorpus
from listill.errors import UserError
from listill.settings.corpora import Corpus
from listill.text import CONTROL

log = logging.getLogger("listill")

LONE = re.compile("[\ud800-\udfff]")
MAX_RELEVANCE = 2**31 - 1

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
    source = with_whole_characters(source)
    check_ids(source)
    check_documents(source, settings.empty_text)
    qrels = check_qrels(source)
    known = {document.doc_id for document in source.documents}
    missing = judged_but_missing(qrels, known, source.origin)
    originals = duplicates.duplicate_of(source.documents)
    doc_ids = [document.doc_id for document in source.documents]
    original_of = {
        doc_id: original for doc_id, original in zip(doc_ids, originals, strict=True) if original is not None
    }
    if any(judgement.split == UNSPLIT for judgement in qrels):
        qrels = splits.split_unsplit(qrels, *settings.source.split_shares(), seed, original_of)
    qrels = splits.dev_from_train(qrels, settings.dev_share, seed)
    if missing:  # in training they are of no use
        qrels = [judgement for judgement in qrels if judgement.split != "train" or judgement.doc_id in known]
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
        counts=_counts(source, len(original_of), split, heldout) | _odd_counts(qrels, missing),
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


def _odd_counts(qrels: Sequence[Judgement], missing: Sequence[Judgement]) -> dict[str, int]:
    """Return the counts of what is not in every corpus: only those above 0."""
    relevant = {judgement.query_id for judgement in qrels if judgement.relevance > 0}
    counts = {
        "judgements of missing documents": len(missing),
        "topics without relevant documents, which are not measured": len({one.query_id for one in qrels} - relevant),
    }
    return {name: count for name, count in counts.items() if count}


def with_whole_characters(source: RawCorpus) -> RawCorpus:
    """Return the source with half characters (lone surrogates, as of an emoji that was cut) replaced by U+FFFD."""
    replaced: list[str] = []

    def whole(text: str) -> str:
        try:
            text.encode()
        except UnicodeEncodeError:
            replaced.append(text)
            return LONE.sub("\N{REPLACEMENT CHARACTER}", text)
        return text

    documents = [
        Document(whole(doc_id), title if title is None else whole(title), whole(text))
        for doc_id, title, text in source.documents
    ]
    topics = {whole(query_id): whole(text) for query_id, text in source.topics.items()}
    qrels = [one._replace(query_id=whole(one.query_id), doc_id=whole(one.doc_id)) for one in source.qrels]
    if replaced:
        log.warning(
            "%s: %d texts or ids contain half a character (a lone surrogate), such as %s: it is replaced by U+FFFD",
            source.origin,
            len(replaced),
            shown(replaced[0]),
        )
        source = dataclasses.replace(source, documents=documents, topics=topics, qrels=qrels)
    return source


def check_ids(source: RawCorpus) -> None:
    """Raise UserError for ids with control characters, which tables in text form and trec_eval cannot hold."""
    for kind, ids in (("document", (one.doc_id for one in source.documents)), ("query", source.topics)):
        for name in ids:
            if CONTROL.search(name):
                raise UserError(f"{source.origin}: the {kind} id {shown(name)} has a control character: rename it")


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

    Raises UserError for judgements of unknown queries, for contradictory judgements, and for a relevance that is too large.
    """
    judgements: dict[tuple[str, str, str], Judgement] = {}
    for judgement in source.qrels:
        query_id, doc_id, relevance, split, place = judgement
        where = place or source.origin
        if abs(relevance) > MAX_RELEVANCE:
            raise UserError(f"{where}: the relevance {shown(relevance)} is too large: write relevance as 0, 1, 2, ...")
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


def judged_but_missing(qrels: Sequence[Judgement], known: Set[str], origin: str) -> list[Judgement]:
    """Return the judgements of documents that the corpus lacks, and log a warning if there are any.

    Some published data sets have a few (ArguAna of BEIR). In dev and test they remain, as in trec_eval: no system finds
    these documents. Raises UserError if most of the relevant documents are missing, since the ids do not match then.
    """
    missing = [judgement for judgement in qrels if judgement.doc_id not in known]
    if not missing:
        return []
    relevant = {judgement.doc_id for judgement in qrels if judgement.relevance > 0}
    query_id, doc_id, _, _, place = next((one for one in missing if one.relevance > 0), missing[0])
    problem = f"the document '{doc_id}', judged for query '{query_id}', is not in the corpus"
    if 2 * len(relevant - known) > len(relevant):
        raise UserError(
            f"{place or origin}: {problem}, nor are most of the relevant documents ({len(relevant - known)} of "
            f"{len(relevant)}): check that the judgements belong to this corpus and have the same ids"
        )
    log.warning(
        "%s: %s (judgements of missing documents: %d); in dev and test they count as documents that no system "
        "finds, in train they are left out",
        place or origin,
        problem,
        len(missing),
    )
    return missing


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
