"""Training lists for sentence-transformers: Parquet with a query, a positive, negatives, and the teacher's scores as label.

The columns are those of ``DistillKLDivLoss`` (query, positive, negative_1, ..., label) in
https://github.com/huggingface/sentence-transformers, sentence_transformer/losses/distill_kl_div.py (6.2.0); all columns but
``label`` are texts, in this order (base/data_collator.py). A batch needs lists of one length, so that there is one file for
each number of passages. A list with several positives has one row for each of them, with the same negatives.
"""

from collections import defaultdict
from pathlib import Path
from typing import Any

import pyarrow as pa

from listill.export.files import write_parquet
from listill.export.training_lists import TrainingList, TrainingLists

OF = "lists"
LOAD = """```python
from pathlib import Path

from datasets import Dataset

files = Path("sentence_transformers").glob("*.parquet")
train_dataset = {path.stem: Dataset.from_parquet(str(path)) for path in files}
```

This is one data set for each number of passages; `SentenceTransformerTrainer` takes them together. The label has the scores
for `DistillKLDivLoss`; remove this column for `MultipleNegativesRankingLoss`."""


def write(material: TrainingLists, folder: Path) -> None:
    """Write passages-<n>.parquet for each number n of passages: query, positive, negative_1 ..., label [n]."""
    by_length: dict[int, list[TrainingList]] = defaultdict(list)
    for one in material.one_positive_each():
        by_length[len(one.passages)].append(one)
    for length, lists in sorted(by_length.items()):
        columns: dict[str, Any] = {"query": [one.query for one in lists]}
        for place in range(length):
            name = f"negative_{place}" if place else "positive"
            columns[name] = [one.passages[place].text for one in lists]
        scores = [[passage.score for passage in one.passages] for one in lists]
        columns["label"] = pa.array(scores, type=pa.list_(pa.float32()))
        write_parquet(folder / f"passages-{length}.parquet", pa.table(columns))
