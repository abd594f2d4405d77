"""What was found on a corpus, and what follows from it."""

from dataclasses import dataclass
from typing import Literal, NamedTuple

# The limits of the reasons. They are rules of thumb, but for the first one.
FEW_QUERIES = 30  # a difference of the size that training brings is not told from chance (settings/corpora.py)
FEW_LISTS = 200  # training on fewer lists is unreliable (training/loop.py)
NEAR_PERFECT = 0.95  # nDCG@10 of a student that has nothing to gain
RARELY_FOUND, ALWAYS_FOUND = 0.5, 0.98  # share of the synthetic queries that find their passage
CUT = 0.5  # share of the tokens of all documents that are not read
COPIES = 0.1  # share of the documents with an earlier near duplicate
ALIKE = 0.9  # median cosine of a document and its nearest neighbour

Level = Literal["for", "against", "first", "note"]


@dataclass(frozen=True)
class Gate:
    """Teacher and best student on some queries: nDCG@10 of both, their difference with its interval, and the queries."""

    teacher: float
    student: float
    best: str
    low: float
    high: float
    queries: int
    described: str

    @property
    def delta(self) -> float:
        """The difference."""
        return self.teacher - self.student


@dataclass(frozen=True)
class Findings:
    """What was measured on a sample of ``sampled`` of ``documents`` documents.

    ``topics`` counts the human topics by split. ``gate`` is None if nothing could be measured;
    ``left_out`` says which teachers it lacks, and why. ``found`` are the shares of
    the synthetic queries whose passage is among the first ``top``, and the first, of any retriever. ``nearest`` is the
    median cosine of a document and its nearest neighbour. ``duplicates`` documents are
    exactly like an earlier one. ``copies`` of ``compared`` documents that are none have an earlier near duplicate, such as
    ``example``. ``cut`` and ``tokens_cut`` are the shares of documents and tokens that students do not
    read, by student. ``lists`` is an estimate of the training lists.
    """

    documents: int
    sampled: int
    topics: dict[str, int]
    gate: Gate | None
    left_out: str
    synthetic: int
    top: int
    found: float
    first: float
    nearest: float
    duplicates: int
    compared: int
    copies: int
    example: str
    cut: dict[str, float]
    tokens_cut: dict[str, float]
    lists: float


class Reason(NamedTuple):
    """A reason for or against training, something to do first, or a note."""

    level: Level
    text: str


def reasons(found: Findings) -> list[Reason]:
    """Return what follows from the findings, the most important first."""
    return [*_gate(found.gate, found.left_out), *_training(found), *_corpus(found)]


def verdict(given: list[Reason]) -> str:
    """Return the verdict in one sentence."""
    levels = {reason.level for reason in given}
    if "against" in levels:
        return "NO: training is unlikely to help with this config"
    if "first" in levels:
        return "NOT YET: something should be changed before training"
    return "YES: a run is worth its time" if "for" in levels else "UNCLEAR: a run will tell; this check cannot"


def _gate(gate: Gate | None, left_out: str) -> list[Reason]:
    without = [Reason("note", f"teachers left out of the comparison: {left_out}")] if left_out else []
    if gate is None and left_out:
        return [Reason("note", "teacher and student were not compared: no other teacher is left"), *without]
    if gate is None:
        return [
            Reason("note", "teacher and student were not compared: there are no dev topics, and no passages held out")
        ]
    return [_compared(gate), *without]


def _compared(gate: Gate) -> Reason:
    measured = (
        f"nDCG@10 {gate.teacher:.3f} against {gate.student:.3f} of {gate.best}, difference {gate.delta:+.3f} "
        f"({gate.low:+.3f} to {gate.high:+.3f}), {gate.described}"
    )
    if gate.student >= NEAR_PERFECT:
        return Reason("against", f"the student answers nearly every query already: {measured}")
    if gate.high <= 0 or (gate.delta <= 0 and gate.queries >= FEW_QUERIES):
        return Reason("against", f"the teacher is no better than the student: {measured}; choose a stronger teacher")
    if gate.low > 0 and gate.queries >= FEW_QUERIES:
        return Reason("for", f"the teacher is better than the student: {measured}")
    return Reason("note", f"too few queries tell teacher from student: {measured}; more dev topics would")


def _training(found: Findings) -> list[Reason]:
    given = []
    if found.lists < FEW_LISTS:
        text = f"about {found.lists:.0f} training lists are too few: add train topics, or raise generation.passages"
        given.append(Reason("first", text))
    if found.synthetic:
        measured = (
            f"of {found.synthetic} synthetic queries, {found.found:.0%} find their passage among the first {found.top}, and "
            f"{found.first:.0%} as the first"
        )
        if found.found < RARELY_FOUND:
            text = f"{measured}: they are about something else, or the passages are too alike; see docs/queries.md"
            given.append(Reason("first", text))
        elif found.first > ALWAYS_FOUND:
            given.append(Reason("note", f"{measured}: they are too easy to teach much; human topics would teach more"))
        else:
            given.append(Reason("note", measured))
    if not found.topics.get("test"):
        text = "there are no human test topics: a run can only show how well synthetic queries find their passages"
        given.append(Reason("note", text))
    elif found.topics["test"] < FEW_QUERIES:
        text = (
            f"{found.topics['test']} human test topics show large differences only; two hundred show most that matter"
        )
        given.append(Reason("note", text))
    return given


def _corpus(found: Findings) -> list[Reason]:
    given = []
    for student, share in found.tokens_cut.items():
        text = f"{student} reads {1 - share:.0%} of all tokens; {found.cut[student]:.0%} of the documents are cut"
        if share > CUT:
            text += (
                ": split them into passages (`chunk`), or raise max_length if their beginnings do not say what they are"
            )
            text += " about"
        given.append(Reason("note", text))
    if found.compared:
        text = f"{found.copies} of {found.compared} documents nearly repeat an earlier one"
        if found.compared < found.documents - found.duplicates:
            text += " of them (a sample, which has only a part of all copies)"
        if found.copies > COPIES * found.compared:
            text += (
                f", such as {found.example}: a query then has several right answers, of which one counts; remove them"
            )
            given.append(Reason("first" if found.copies > 3 * COPIES * found.compared else "note", text))
        else:
            given.append(Reason("note", text))
    text = f"the nearest neighbour of a document has a cosine of {found.nearest:.2f} (median)"
    if found.nearest > ALIKE:
        text += ": the documents are so alike that a single relevant one is hard to tell"
    given.append(Reason("note", text))
    return given
