"""Training lists for Tevatron: train.jsonl with positive and negative passages and the teacher's scores.

Read by ``TrainDataset`` (contrastive) and ``DistilTrainDataset`` (which needs ``score``) in
https://github.com/texttron/tevatron, src/tevatron/retriever/dataset.py (commit 0a9626f). Both join ``title`` and ``text``
by a blank if a passage has a title; the text here is already rendered with the template of the corpus, so that there is none.
"""

from pathlib import Path

from listill.export.files import write_jsonl
from listill.export.training_lists import Passage, TrainingLists

OF = "lists"
LOAD = """`python -m tevatron.retriever.driver.train --dataset_name json --dataset_path tevatron/train.jsonl ...`

The distillation trainer reads the key `score` of the passages."""


def write(material: TrainingLists, folder: Path) -> None:
    """Write train.jsonl: query_id, query, positive_passages and negative_passages (docid, text, score)."""
    rows = (
        {
            "query_id": one.query_id,
            "query": one.query,
            "positive_passages": [_passage(passage) for passage in one.positives],
            "negative_passages": [_passage(passage) for passage in one.negatives],
        }
        for one in material.contrastive
    )
    write_jsonl(folder / "train.jsonl", rows)


def _passage(passage: Passage) -> dict[str, str | float]:
    return {"docid": passage.doc_id, "text": passage.text, "score": passage.score}
