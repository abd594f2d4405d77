"""Measure a sample of a corpus: the gate, synthetic queries, near duplicates, likeness and length of the documents."""

import tempfile
from pathlib import Path

import numpy as np

from listill.errors import UserError
from listill.estimate.counts import counts
from listill.estimate.statistics import Contents, statistics
from listill.headroom.findings import Findings, Gate
from listill.headroom.near_duplicates import near_duplicates
from listill.headroom.sample import Sample, draw
from listill.progress import Progress
from listill.retrieval.encoder import Encoder
from listill.retrieval.search import search
from listill.retrieval.truncation import Truncation, of_documents
from listill.settings.config import Settings
from listill.teachers.gate import measure
from listill.teachers.kinds.file import ScoreFile
from listill.teachers.resources import Resources
from listill.teachers.store import open_stores
from listill.teachers.teacher import Teacher, identities, resolved

# Documents whose near duplicates are looked for.
COMPARED = 20_000


def findings(settings: Settings, corpus: str, contents: Contents, documents: int, queries: int) -> Findings:
    """Return the findings on a corpus, on a sample of at most ``documents`` documents and ``queries`` queries of a kind."""
    own, generator = settings.corpora[corpus], settings.generation.generator
    sample = draw(contents, own, generator, documents, queries, settings.seed)
    encoders = {name: Encoder(student) for name, student in settings.students.items()}
    cut: dict[str, Truncation] = {}
    embeddings = {name: _encoded(name, encoder, sample, cut) for name, encoder in encoders.items()}
    first = next(iter(encoders.values()))
    known = statistics(contents, lambda texts: first.whole_lengths(texts, "document"))
    resources = Resources(sample.collection, settings.students, settings.mining_on(corpus).bm25, embeddings)
    ranks = _ranks(sample, resources, settings.mining.consistency.top)
    copies, compared = _copies(contents)
    gate, left_out = _gate(settings, sample, resources)
    return Findings(
        documents=len(contents.collection),
        sampled=len(sample.collection),
        topics=known.topics,
        gate=gate,
        left_out=left_out,
        synthetic=len(sample.synthetic),
        top=settings.mining.consistency.top,
        found=float(np.isfinite(ranks).mean()) if len(ranks) else 0.0,
        first=float((ranks == 1).mean()) if len(ranks) else 0.0,
        nearest=_nearest(sample, next(iter(embeddings.values()))),
        duplicates=int((contents.collection.group != np.arange(len(contents.collection))).sum()),
        compared=compared,
        copies=len(copies),
        example=f"{copies[0][0]} of {copies[0][1]}" if copies else "",
        cut={name: one.documents / max(1, one.of) for name, one in cut.items()},
        tokens_cut={name: one.tokens_cut for name, one in cut.items()},
        lists=counts(settings, corpus, known).lists,
    )


def _encoded(name: str, encoder: Encoder, sample: Sample, cut: dict[str, Truncation]) -> np.ndarray:
    """Return the embeddings of the sample by a student, and add how much of the documents it does not read to ``cut``."""
    texts = [sample.collection.rendered(i) for i in range(len(sample.collection))]
    tokens = encoder.tokenise(texts, "document")
    cut[name] = of_documents(encoder, texts, tokens)
    return encoder.encode(tokens, "document", f"encode {name}")


def _gate(settings: Settings, sample: Sample, resources: Resources) -> tuple[Gate | None, str]:
    """Return teacher and best student on the queries of the sample, and which teachers were left out and why.

    The gate is None if the sample has no queries, or if no teacher is left. Files of scores are left out if they lack scores
    of the sample's pairs.
    """
    members = resolved(settings.teacher.members, settings.students)
    if sample.evaluated.judged.empty:
        return None, ""
    try:
        return _measured(settings, members, sample, resources), ""
    except UserError as error:
        rest = {
            name: one for name, one in members.items() if not (isinstance(one, ScoreFile) and one.missing == "error")
        }
        if len(rest) == len(members):
            raise
        left_out = f"{', '.join(sorted(members.keys() - rest.keys()))} ({error})"
    return (_measured(settings, rest, sample, resources) if rest else None), left_out


def _measured(settings: Settings, members: dict[str, Teacher], sample: Sample, resources: Resources) -> Gate:
    """Return an ensemble of ``members`` and the best student on the queries of the sample."""
    teacher = settings.teacher.model_copy(update={"members": members})
    with tempfile.TemporaryDirectory() as folder:
        stores = open_stores(Path(folder), teacher.members, identities(teacher.members, resources), resources)
        results = measure(sample.evaluated, teacher, resources, settings.mining.depth, stores)
    means = results.means
    best = str(means[list(settings.students)].idxmax())
    difference = results.difference("teacher", best)
    return Gate(
        float(means["teacher"]),
        float(means[best]),
        best,
        difference.low,
        difference.high,
        len(results.values),
        results.described,
    )


def _ranks(sample: Sample, resources: Resources, depth: int) -> np.ndarray:
    """Return the best rank of the passage of each synthetic query among the first ``depth`` of any retriever, else infinity.

    A duplicate of the passage counts as the passage.
    """
    collection, synthetic = sample.collection, sample.synthetic
    source = collection.group[collection.positions(synthetic["doc_id"].tolist(), "queries")]
    ranks = np.full(len(synthetic), np.inf)
    for retriever in resources.retrievers() if len(synthetic) else []:
        found, _ = retriever.search(synthetic["text"].tolist(), depth)
        for number, positions in enumerate(found):
            at = np.flatnonzero(collection.group[positions] == source[number])
            if len(at):
                ranks[number] = min(ranks[number], at[0] + 1)
    return ranks


def _nearest(sample: Sample, embeddings: np.ndarray) -> float:
    """Return the median cosine of a document and its nearest neighbour that is not a duplicate of it."""
    collection = sample.collection
    unit = embeddings / np.maximum(np.linalg.norm(embeddings, axis=1, keepdims=True), 1e-9)
    firsts = np.flatnonzero(collection.group == np.arange(len(collection)))
    if len(firsts) < 2:
        return 0.0
    _, scores = search(unit[firsts], unit[firsts], 2, np.arange(len(firsts)))
    return float(np.median([row[-1] for row in scores]))


def _copies(contents: Contents) -> tuple[list[tuple[str, str]], int]:
    """Return the (document, earlier document) that are nearly the same, and the number of documents that were compared."""
    collection = contents.collection
    # Exact duplicates are known as such: only the first of them is compared.
    chosen = [i for i in contents.sample(COMPARED).tolist() if collection.group[i] == i]
    texts = [collection.rendered(i) for i in chosen]
    with Progress(len(texts), "near duplicates", "documents") as progress:
        pairs = near_duplicates(texts)
        progress.add(len(texts))
    return [(collection.doc_ids[chosen[one]], collection.doc_ids[chosen[other]]) for one, other in pairs], len(texts)
