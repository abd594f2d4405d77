"""Build the tables corpus, topics, qrels and heldout from a source: checks, duplicates and splits."""

import dataclasses
import logging
from collections import Counter
from collections.abc import Sequence, Set
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from listill.corpus import splits
from listill.corpus.collection import render
from listill.corpus.documents import Documents
from listill.corpus.duplicates import first_with_same_text
from listill.corpus.rows import shown
from listill.corpus.source import UNSPLIT, Judgement, RawCorpus
from listill.errors import UserError
from listill.settings.corpora import Corpus
from listill.text import CONTROL

log = logging.getLogger("listill")

MAX_RELEVANCE = 2**31 - 1

Columns = dict[str, list[Any]]


@dataclass(frozen=True)
class CorpusTables:
    """The four tables, and the counts that are logged."""

    corpus: pa.Table
    topics: Columns
    qrels: Columns
    heldout: Columns
    counts: dict[str, int]

    def judged_documents(self) -> Columns:
        """Return the documents that are judged, as columns of the table ``corpus``."""
        judged = pc.is_in(self.corpus["doc_id"], value_set=pa.array(self.qrels["doc_id"], pa.large_string()))
        return self.corpus.filter(judged).to_pydict()


def build(source: RawCorpus, settings: Corpus, seed: int) -> CorpusTables:
    """Check the source and build the tables.

    Raises UserError for an empty corpus, duplicate ids, empty texts, judgements of unknown documents or queries,
    contradictory judgements, and topics that are in two splits.
    """
    source = with_whole_characters(source)
    documents = Documents.of(source.documents)
    check_ids(source)
    check_documents(documents, settings.empty_text, source.origin)
    qrels = check_qrels(source)
    judged = sorted({judgement.doc_id for judgement in qrels})
    place = {doc_id: int(i) for doc_id, i in zip(judged, documents.doc_ids.positions(judged), strict=True) if i >= 0}
    missing = judged_but_missing(qrels, place.keys(), source.origin)
    first = first_with_same_text(documents)
    copies = first != np.arange(len(documents))
    if any(judgement.split == UNSPLIT for judgement in qrels):
        original_of = {doc_id: documents.doc_ids[first[i]] for doc_id, i in place.items() if copies[i]}
        qrels = splits.split_unsplit(qrels, *settings.source.split_shares(), seed, original_of)
    qrels = splits.dev_from_train(qrels, settings.dev_share, seed)
    if missing:  # in training they are of no use
        qrels = [judgement for judgement in qrels if judgement.split != "train" or judgement.doc_id in place]
    split = split_of(qrels)
    rendered = (render(settings.template, title, text) for _, title, text in documents)
    blank = np.fromiter((not text for text in rendered), bool, len(documents))
    heldout = splits.hold_out(documents.doc_ids, first, qrels, settings.heldout, settings.min_dev_topics, seed, blank)
    return CorpusTables(
        corpus=_corpus(documents, first, copies),
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
        counts=_counts(source, int(copies.sum()), split, heldout) | _odd_counts(qrels, missing),
    )


def _corpus(documents: Documents, first: np.ndarray, copies: np.ndarray) -> pa.Table:
    """Return the table of documents; an empty title is null."""
    titles, doc_ids = documents.titles, documents.doc_ids.column
    none = pa.scalar(None, pa.large_string())
    return pa.table(
        {
            "doc_id": doc_ids,
            "title": pc.if_else(pc.equal(titles, ""), none, titles),
            "text": documents.texts.column,
            "duplicate_of": doc_ids.take(pa.array(first, mask=~copies)),
        }
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
    """Return the source with half characters (lone surrogates, as of an emoji that was cut) replaced by U+FFFD.

    Its documents are ``Documents``, in which they are replaced already.
    """
    documents = Documents.of(source.documents)
    whole = dataclasses.replace(documents.whole)
    topics = {whole(query_id): whole(text) for query_id, text in source.topics.items()}
    qrels = [one._replace(query_id=whole(one.query_id), doc_id=whole(one.doc_id)) for one in source.qrels]
    if whole.count:
        log.warning(
            "%s: %d texts or ids contain half a character (a lone surrogate), such as %s: it is replaced by U+FFFD",
            source.origin,
            whole.count,
            shown(whole.example),
        )
    return dataclasses.replace(source, documents=documents, topics=topics, qrels=qrels)


def check_ids(source: RawCorpus) -> None:
    """Raise UserError for ids with control characters, which tables in text form and trec_eval cannot hold."""
    for kind, ids in (("document", Documents.of(source.documents).doc_ids), ("query", source.topics)):
        for name in ids:
            if CONTROL.search(name):
                raise UserError(f"{source.origin}: the {kind} id {shown(name)} has a control character: rename it")


def check_documents(documents: Documents, empty_text: str, origin: str) -> None:
    """Raise UserError for an empty corpus, a duplicate doc_id, and a document without text (and title)."""
    if not documents:
        raise UserError(f"{origin}: empty corpus: it contains no documents; check that this is the right source")
    repeated = documents.doc_ids.repeated()
    first_repeated = int(repeated.argmax()) if repeated.any() else None
    for i, text in enumerate(documents.texts):
        if i != first_repeated and (empty_text == "keep" or text.strip()):
            continue
        doc_id, title, _ = documents[i]
        if i == first_repeated:
            raise UserError(f"{origin}: duplicate document id '{doc_id}': ids must be unique")
        if empty_text == "title" and title and title.strip():
            continue
        remedy = "`empty_text: keep`" if empty_text == "title" or not title else "`empty_text: title`"
        problem = "neither text nor title" if empty_text == "title" else "no text"
        raise UserError(f"{origin}: the document '{doc_id}' has {problem}: remove it, or set {remedy}")


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
