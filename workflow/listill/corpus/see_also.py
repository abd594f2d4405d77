"""Topics from See Also sections: a description is the query, and the functions that it describes are relevant."""

import re
from collections import defaultdict

from listill.corpus.docstrings import comparable_text, see_also
from listill.corpus.source import UNSPLIT, Document, Judgement

MIN_WORDS = 4
MAX_TARGETS = 3  # a description of more functions than this is too general
# Descriptions that only make sense within the docstring that contains them: "Similar function in SciPy."
CONTEXTUAL = re.compile(
    r"^(a |an |the )?(analogous|corresponding|equivalent|identical|related|same|see|similar)\b"
    r"|\bthis (class|function|method|routine)\b",
    re.IGNORECASE,
)


def find_topics(
    documents: dict[str, Document], docs: dict[str, str], canonical: dict[str, str]
) -> tuple[dict[str, str], list[Judgement]]:
    """Return topics and judgements from the See Also sections of ``docs`` (docstrings by document).

    ``canonical`` maps any name of a function to its document. Equal descriptions of several functions are one topic. A
    description that occurs in the text of a function that it describes is dropped, because it would be too easy to
    find. An id is the name of the first relevant function and a number: ``numpy.sort:1``.
    """
    resolve = Resolver(canonical)
    relevant: dict[str, set[str]] = defaultdict(set)
    original_texts: dict[str, str] = {}  # by folded description
    for owner in sorted(docs):
        for names, description in see_also(docs[owner]):
            if len(description.split()) < MIN_WORDS or CONTEXTUAL.search(description):
                continue
            targets = {target for name in names if (target := resolve(name, owner)) and target != owner}
            if targets:
                original_texts.setdefault(comparable_text(description), " ".join(description.split()))
                relevant[comparable_text(description)] |= targets
    texts = {name: comparable_text(document.text) for name, document in documents.items()}
    topics: dict[str, str] = {}
    qrels: list[Judgement] = []
    numbers: dict[str, int] = defaultdict(int)
    for description, described in sorted(relevant.items()):
        targets_by_length = sorted(described, key=_shortness)
        if len(targets_by_length) > MAX_TARGETS or any(description in texts[target] for target in targets_by_length):
            continue
        first = targets_by_length[0]
        numbers[first] += 1
        query_id = f"{first}:{numbers[first]}"
        topics[query_id] = original_texts[description]
        qrels += [Judgement(query_id, target, 1, UNSPLIT) for target in targets_by_length]
    return topics, qrels


def _shortness(name: str) -> tuple[int, int, str]:
    return name.count("."), len(name), name


class Resolver:
    """Resolves the names in See Also entries to documents."""

    def __init__(self, canonical: dict[str, str]) -> None:
        self.canonical = canonical
        self.suffixes: dict[str, set[str]] = defaultdict(set)
        self.aliases: dict[str, list[str]] = defaultdict(list)
        for name, first in canonical.items():
            self.aliases[first].append(name)
            parts = name.split(".")
            for i in range(1, len(parts)):
                self.suffixes[".".join(parts[i:])].add(first)

    def __call__(self, name: str, owner: str) -> str | None:
        """Return the document that ``name`` refers to in the docstring of ``owner``, or None.

        The name is looked up, in this order, as a full name, as a member of the same class, module or package (for any
        name of the owner), and as the ending of exactly one known name.
        """
        if name in self.canonical:
            return self.canonical[name]
        for alias in sorted(self.aliases[owner], key=_shortness):
            parts = alias.split(".")
            for i in range(len(parts) - 1, 0, -1):
                if document := self.canonical.get(".".join([*parts[:i], name])):
                    return document
        candidates = self.suffixes.get(name, set())
        return next(iter(candidates)) if len(candidates) == 1 else None
