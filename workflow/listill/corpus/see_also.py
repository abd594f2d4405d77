"""Topics from See Also sections: the description is the query, the function that it describes is relevant."""

import re
from collections import defaultdict

from listill.corpus.docstrings import fold, see_also
from listill.corpus.source import UNSPLIT, Document, Judgement

MIN_WORDS = 4
MAX_TARGETS = 3  # what is said of more functions says nothing of any
# Descriptions that mean something only beside the function in whose docstring they stand: "Similar function in SciPy."
CONTEXTUAL = re.compile(
    r"^(a |an |the )?(analogous|corresponding|equivalent|identical|related|same|see|similar)\b"
    r"|\bthis (class|function|method|routine)\b",
    re.IGNORECASE,
)


def find_topics(
    documents: dict[str, Document], docs: dict[str, str], canonical: dict[str, str]
) -> tuple[dict[str, str], list[Judgement]]:
    """Return topics and judgements from the See Also sections of ``docs`` (docstrings by document).

    ``canonical`` maps any name of a function to its document. Equal descriptions of several functions are one topic.
    One that stands in the text of a function that it describes is dropped, since any search would find it. Ids are the
    first relevant function and a number: ``numpy.sort:1``.
    """
    resolve = Resolver(canonical)
    relevant: dict[str, set[str]] = defaultdict(set)
    wording: dict[str, str] = {}
    for owner in sorted(docs):
        for names, description in see_also(docs[owner]):
            if len(description.split()) < MIN_WORDS or CONTEXTUAL.search(description):
                continue
            targets = {target for name in names if (target := resolve(name, owner)) and target != owner}
            if targets:
                wording.setdefault(fold(description), " ".join(description.split()))
                relevant[fold(description)] |= targets
    texts = {name: fold(document.text) for name, document in documents.items()}
    topics: dict[str, str] = {}
    qrels: list[Judgement] = []
    numbers: dict[str, int] = defaultdict(int)
    for description, found in sorted(relevant.items()):
        ranked = sorted(found, key=_shortness)
        if len(ranked) > MAX_TARGETS or any(description in texts[target] for target in ranked):
            continue
        numbers[ranked[0]] += 1
        query_id = f"{ranked[0]}:{numbers[ranked[0]]}"
        topics[query_id] = wording[description]
        qrels += [Judgement(query_id, target, 1, UNSPLIT) for target in ranked]
    return topics, qrels


def _shortness(name: str) -> tuple[int, int, str]:
    return name.count("."), len(name), name


class Resolver:
    """Finds the function that a See Also entry means."""

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
        """Return the document that ``name`` means in the docstring of ``owner``, or None.

        Tried in turn: the full name; a member of the same class, module or package (of the owner under any of its
        names); the only name that ends so.
        """
        if name in self.canonical:
            return self.canonical[name]
        for alias in sorted(self.aliases[owner], key=_shortness):
            parts = alias.split(".")
            for i in range(len(parts) - 1, 0, -1):
                if found := self.canonical.get(".".join([*parts[:i], name])):
                    return found
        ends = self.suffixes.get(name, set())
        return next(iter(ends)) if len(ends) == 1 else None
