"""The first documents of a corpus as a student will see them."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

from listill.corpus.build import build
from listill.corpus.collection import render
from listill.corpus.source import read_unchanged
from listill.settings.config import Settings

if TYPE_CHECKING:
    from listill.retrieval.encoder import Encoder

# How many documents are shown.
SHOWN = 10


class Seen(NamedTuple):
    """A document: its id, what is read of its rendered text, and the numbers of tokens that are read and that it has."""

    doc_id: str
    text: str
    read: int
    tokens: int


def first_documents(settings: Settings, corpus: str, count: int = SHOWN) -> tuple[list[str], list[str], dict[str, int]]:
    """Read a corpus; return the ids and rendered texts of its first documents, and the counts of the whole.

    All checks of the stage ``corpus`` are made: UserError says what is wrong with the documents, topics or judgements.
    """
    chosen = settings.corpora[corpus]
    tables = build(read_unchanged(chosen.source), chosen, settings.seed)
    columns = [tables.corpus[name][:count].to_pylist() for name in ("doc_id", "title", "text")]
    texts = [render(chosen.template, title, text) for _, title, text in zip(*columns, strict=True)]
    return columns[0], texts, tables.counts


def seen(encoder: "Encoder", doc_ids: Sequence[str], texts: Sequence[str]) -> Iterator[Seen]:
    """Yield the documents as a model sees them: with the prompt, and cut at ``max_length`` tokens."""
    tokens = encoder.tokenise(list(texts), "document")
    whole = encoder.whole_lengths(list(texts), "document")
    for i, doc_id in enumerate(doc_ids):
        text = encoder.model.tokenizer.decode(tokens[i], skip_special_tokens=True)
        yield Seen(doc_id, " ".join(text.split()), len(tokens[i]), int(whole[i]))


def lines(shown: Seen, width: int = 100) -> Iterator[str]:
    """Yield a document as lines of text."""
    import textwrap

    cut = f", of which {shown.read} are read" if shown.read < shown.tokens else ""
    yield f"{shown.doc_id}: {shown.tokens} tokens{cut}"
    yield from textwrap.wrap(shown.text, width, initial_indent="  ", subsequent_indent="  ")
