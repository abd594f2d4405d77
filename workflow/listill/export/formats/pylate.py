"""Training lists for PyLate: queries.parquet, documents.parquet and train.parquet, as for knowledge distillation.

Read by ``KDProcessing`` in https://github.com/lightonai/pylate, pylate/utils/processing.py (commit 347718e), which joins the
three by query_id and document_id and takes the first ``n_ways`` documents of each list. The columns are those of
https://huggingface.co/datasets/lightonai/ms-marco-en-bge.
"""

from pathlib import Path

import pyarrow as pa

from listill.export.files import write_parquet
from listill.export.training_lists import TrainingLists

OF = "lists"
LOAD = """```python
from datasets import Dataset
from pylate.utils import KDProcessing

train, queries, documents = (Dataset.from_parquet(f"pylate/{name}.parquet") for name in ("train", "queries", "documents"))
train.set_transform(KDProcessing(queries=queries, documents=documents, n_ways=4).transform)
```

`n_ways` must not be larger than the shortest list."""


def write(material: TrainingLists, folder: Path) -> None:
    """Write queries.parquet (query_id, text), documents.parquet (document_id, text) and train.parquet."""
    lists = material.lists
    queries = {"query_id": [one.query_id for one in lists], "text": [one.query for one in lists]}
    texts = {passage.doc_id: passage.text for one in lists for passage in one.passages}
    documents = {"document_id": list(texts), "text": list(texts.values())}
    train = {
        "query_id": queries["query_id"],
        "document_ids": [[passage.doc_id for passage in one.passages] for one in lists],
        "scores": pa.array([[passage.score for passage in one.passages] for one in lists], type=pa.list_(pa.float32())),
    }
    for name, columns in (("queries", queries), ("documents", documents), ("train", train)):
        write_parquet(folder / f"{name}.parquet", pa.table(columns))
