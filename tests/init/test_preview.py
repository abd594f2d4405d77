from pathlib import Path

import pytest

from listill.errors import UserError
from listill.frozen import parse
from listill.init.preview import Seen, first_documents, lines, seen
from listill.retrieval.encoder import Encoder
from listill.settings.config import Settings


def config(path: Path, model: Path) -> Settings:
    source = {"kind": "files", "path": str(path), "doc_id": "id", "title": "title", "text": "text"}
    corpora = {"c": {"source": source, "template": "{title} : {text}", "heldout": 0}}
    return parse(Settings, {"corpora": corpora, "students": {"s": {"model": str(model), "max_length": 8}}}, "config")


def test_documents_as_the_model_sees_them(tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "d.tsv"
    rows = [f"{n:02}\tLava\tcrater eruption\n" for n in range(11)] + ["11\tIce\tmoraine crevasse valley snow drift\n"]
    file.write_text("id\ttitle\ttext\n" + "".join(rows))
    settings = config(file, tiny_model)
    doc_ids, texts, counts = first_documents(settings, "c")
    assert doc_ids == [f"{n:02}" for n in range(10)]
    assert texts[0] == "Lava : crater eruption"
    assert counts["documents"] == 12
    # The prompt "passage: " is two tokens, and two tokens are special.
    encoder = Encoder(settings.students["s"])
    short, long = seen(encoder, ["a", "b"], [texts[0], "Ice : moraine crevasse valley snow drift"])
    assert short == Seen("a", "passage : lava : crater eruption", 8, 8)
    assert long == Seen("b", "passage : ice : moraine crevasse", 8, 11)
    assert list(lines(short)) == ["a: 8 tokens", "  passage : lava : crater eruption"]
    assert next(lines(long)) == "b: 11 tokens, of which 8 are read"


def test_the_checks_of_the_corpus_are_made(tiny_model: Path, tmp_path: Path) -> None:
    file = tmp_path / "d.csv"
    file.write_text("id,title,text\n1,a,b\n1,a,c\n")
    with pytest.raises(UserError, match="duplicate document id '1'"):
        first_documents(config(file, tiny_model), "c")
