"""The trained student on disk: a SentenceTransformers folder with pooling, prompts, a model card and its provenance."""

import os
import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from listill import tables
from listill.measure_names import SELECTION
from listill.retrieval.encoder import Encoder
from listill.schemas import SCHEMAS
from listill.tables import Provenance
from listill.training.loop import Result

CARD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags: [sentence-transformers, dense-retrieval, distillation, listill]
base_model: "{base_model}"
---

# {name}

A dense retriever that listill taught one corpus by distillation from an ensemble of teachers.

| | |
|---|---|
| base model | `{base_model}` |
| lists it was trained on | {trained} |
| losses | {losses} |
| temperatures | {temperatures} |
| weights kept | {kept} |
| {measure} on dev queries | {best:.4f} (base: {base:.4f}) |
| fingerprint | `{fingerprint}` |

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
queries = model.encode_query(["..."])
documents = model.encode_document(["title and text, joined as in the corpus' template"])
scores = model.similarity(queries, documents)
```

`history.parquet` holds the training curve, `listill.json` the settings and the fingerprints of everything it was made from.
"""


def kept(result: Result) -> str:
    """Return which weights were kept, in words."""
    if result.best_step == 0:
        return "the base model's: nothing was better"
    what = {"step": "as they stood", "average": "the mean of the last measured ones"}
    return f"step {result.best_step}, {what.get(result.kept, result.kept + ' (that share of them, else the base)')}"


def temperatures(details: dict[str, Any]) -> dict[str, float]:
    """Return the temperatures of the training; the teacher's, where it was matched, or none if no loss asked for it."""
    chosen = details["settings"]["recipe"]["temperatures"]
    found = {name: chosen[name] for name in ("student", "teacher", "infonce")}
    found["teacher"] = details.get("teacher_temperature", found["teacher"])
    return {name: value for name, value in found.items() if value != "auto"}


def save(encoder: Encoder, folder: Path, about: Provenance, base: float, result: Result) -> None:
    """Write the model to ``folder``, which must not be in use; ``base`` is the dev measure of the untrained student."""
    shutil.rmtree(folder, ignore_errors=True)
    encoder.model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
    details = about.details
    recipe = details["settings"]["recipe"]
    card = CARD.format(
        name=about.key,
        fingerprint=about.fingerprint,
        base_model=details["base_model"],
        trained=", ".join(f"{count} {kind}" for kind, count in details["trained"].items()),
        losses=", ".join(f"{name} {weight:g}" for name, weight in recipe["losses"].items()),
        temperatures=", ".join(f"{name} {value:.3g}" for name, value in temperatures(details).items()),
        kept=kept(result),
        measure=SELECTION,
        best=result.best,
        base=base,
    )
    (folder / "README.md").write_text(card)
    (folder / "listill.json").write_text(about.to_json())


def history_table(result: Result) -> pd.DataFrame:
    """Return the table ``history``; the column of the loss infonce has its old name."""
    history = pd.DataFrame(result.history).rename(columns={"infonce": "contrastive"})
    history = history.reindex(columns=SCHEMAS["history"].names)
    return history.astype(dict.fromkeys(("step", "queries", "passages"), "Int64"))


def losses_table(result: Result, losses: list[str]) -> pd.DataFrame:
    """Return the table ``losses``: the value of each loss at each step."""
    rows = [(row["step"], name, row[name]) for row in result.history if row["split"] == "train" for name in losses]
    return pd.DataFrame(rows, columns=SCHEMAS["losses"].names)


def write(encoder: Encoder, result: Result, losses: list[str], base: float, about: Provenance, out: Path) -> None:
    """Write the model with its tables history and losses; the folder appears whole or not at all."""
    tables.clear(out)
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    save(encoder, temporary, about, base, result)
    tables.write(temporary / "history.parquet", "history", history_table(result), about)
    tables.write(temporary / "losses.parquet", "losses", losses_table(result, losses), about)
    shutil.rmtree(out, ignore_errors=True)
    os.replace(temporary, out)
