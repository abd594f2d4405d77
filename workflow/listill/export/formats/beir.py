"""The corpus as a BEIR folder: corpus.jsonl, queries.jsonl and qrels/<split>.tsv.

The format is that of ``GenericDataLoader`` in https://github.com/beir-cellar/beir, beir/datasets/data_loader.py, which the
source ``beir`` reads, too. The queries are the human topics; synthetic queries are in the format ``trec``.
"""

from pathlib import Path

from listill.export.files import write_jsonl
from listill.export.measured_corpus import MeasuredCorpus

OF = "corpus"
LOAD = """`GenericDataLoader("beir").load(split="test")` of `beir`, or `source: {kind: beir, path: beir}` in a config.

The topics are those of people, with the splits of the run. A corpus without topics has corpus.jsonl only."""


def write(material: MeasuredCorpus, folder: Path) -> None:
    """Write corpus.jsonl (_id, title if there is one, text), and the human topics with their judgements by split."""
    documents = material.collection
    write_jsonl(
        folder / "corpus.jsonl",
        (
            {"_id": doc_id, **({"title": title} if title else {}), "text": text}
            for doc_id, title, text in zip(documents.doc_ids, documents.titles, documents.texts, strict=True)
        ),
    )
    if material.topics.empty:
        return
    topics = zip(material.topics["query_id"], material.topics["text"], strict=True)
    write_jsonl(folder / "queries.jsonl", ({"_id": query_id, "text": text} for query_id, text in topics))
    (folder / "qrels").mkdir()
    for split, of_split in material.qrels.groupby("split"):
        rows = zip(*(of_split[name].tolist() for name in ("query_id", "doc_id", "relevance")), strict=True)
        with open(folder / "qrels" / f"{split}.tsv", "w", encoding="utf-8", newline="\n") as file:
            file.write("query-id\tcorpus-id\tscore\n")
            file.writelines(f"{query_id}\t{doc_id}\t{relevance}\n" for query_id, doc_id, relevance in rows)
