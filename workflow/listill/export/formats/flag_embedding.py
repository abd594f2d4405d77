"""Training lists for FlagEmbedding: train.jsonl with query, pos, neg, pos_scores, neg_scores.

Read by ``AbsEmbedderTrainDataset`` in https://github.com/FlagOpen/FlagEmbedding,
FlagEmbedding/abc/finetune/embedder/AbsDataset.py (commit 035bbf5). The scores are read with
``--knowledge_distillation True``.
"""

from pathlib import Path

from listill.export.files import write_jsonl
from listill.export.training_lists import TrainingLists

OF = "lists"
LOAD = """`python -m FlagEmbedding.finetune.embedder.encoder_only.base --train_data flag_embedding/train.jsonl ...`

With `--knowledge_distillation True` the scores are read."""


def write(material: TrainingLists, folder: Path) -> None:
    """Write train.jsonl: query, the texts pos and neg, and their scores."""
    rows = (
        {
            "query": one.query,
            "pos": [passage.text for passage in one.positives],
            "neg": [passage.text for passage in one.negatives],
            "pos_scores": [passage.score for passage in one.positives],
            "neg_scores": [passage.score for passage in one.negatives],
        }
        for one in material.contrastive
    )
    write_jsonl(folder / "train.jsonl", rows)
