"""Save the trained student: a SentenceTransformers folder with pooling, prompts, a model card and its provenance."""

import shutil
from pathlib import Path
from typing import Any

import pandas as pd

from listill import checksums, tables
from listill.measure_names import SELECTION
from listill.retrieval.encoder import Encoder
from listill.schemas import SCHEMAS
from listill.tables import Provenance
from listill.training.loop import Result

# The losses that have a column in the table history; the loss infonce has the column of its old name.
LOSS_COLUMNS = {"listwise": "listwise", "infonce": "contrastive", "margin_mse": "margin_mse", "ranknet": "ranknet"}

CARD_FILE = "README.md"
CARD = """---
library_name: sentence-transformers
pipeline_tag: sentence-similarity
tags: [sentence-transformers, dense-retrieval, distillation, listill]
base_model: "{base_model}"
---

# {name}

A dense retriever for {corpora}, trained with listill by distillation from an ensemble of teachers.

| | |
|---|---|
| base model | `{base_model}` |
| training lists | {trained} |
| losses | {losses} |
| trained weights | {weights} |
| temperatures | {temperatures} |
| selected weights | {kept} |
| passages | {passages} |
| {measure} on dev queries | {best:.4f} (base: {base:.4f}) |
| fingerprint | `{fingerprint}` |

```python
from sentence_transformers import SentenceTransformer

model = SentenceTransformer("path/to/this/folder")
queries = model.encode_query(["..."])
documents = {documents}.encode_document(["title and text, joined by the template of the corpus"])
scores = model.similarity(queries, documents)
```

`history.parquet` and `losses.parquet` contain the training curves. `listill.json` contains the settings and the
fingerprints of all inputs.
"""


def kept(result: Result) -> str:
    """Describe which weights were kept."""
    if result.best_step == 0:
        return "those of the base model: no step was better"
    if result.kept == "step":
        return f"those of step {result.best_step}"
    if result.kept == "average":
        return f"the mean of the last measurements, up to step {result.best_step}"
    share = float(result.kept.removeprefix("merge "))
    return f"mixture: {share:.0%} of the best weights (step {result.best_step}), {1 - share:.0%} of the base model's"


def trained_weights(recipe: dict[str, Any]) -> str:
    """Describe which weights were trained."""
    lora = recipe["lora"]
    return f"LoRA adapters of rank {lora['rank']}, merged into the weights" if lora else "all"


def temperatures(details: dict[str, Any]) -> dict[str, float]:
    """Return the temperatures of the training, with the matched value for ``auto`` (left out if no loss used it).

    A joint training has a matched value for each corpus.
    """
    settings = details["settings"]["recipe"]["temperatures"]
    values = {name: settings[name] for name in ("student", "teacher", "infonce")}
    values["teacher"] = details.get("teacher_temperature", values["teacher"])
    for corpus, about in details.get("corpora", {}).items():
        values[f"teacher on {corpus}"] = about.get("teacher_temperature", "auto")
    return {name: value for name, value in values.items() if value != "auto"}


def save(encoder: Encoder, folder: Path, about: Provenance, base: float, result: Result) -> None:
    """Write the model to ``folder``, which is replaced; ``base`` is the dev measure of the untrained student."""
    shutil.rmtree(folder, ignore_errors=True)
    encoder.model.save_pretrained(str(folder), create_model_card=False, safe_serialization=True)
    details = about.details
    recipe = details["settings"]["recipe"]
    query_only = recipe["tower"] == "query"
    jointly = list(details.get("corpora", {}))
    card = CARD.format(
        corpora="one corpus" if len(jointly) < 2 else f"{len(jointly)} corpora ({', '.join(jointly)})",
        name=about.key,
        fingerprint=about.fingerprint,
        base_model=details["base_model"],
        trained=", ".join(f"{count} {kind}" for kind, count in details["trained"].items()),
        losses=", ".join(f"{name} {weight:g}" for name, weight in recipe["losses"].items()),
        temperatures=", ".join(f"{name} {value:.3g}" for name, value in temperatures(details).items()),
        weights=trained_weights(recipe),
        kept=kept(result),
        passages="encoded by the base model: only queries were trained" if query_only else "encoded by this model",
        documents='SentenceTransformer("path/to/the/base/model")' if query_only else "model",
        measure=SELECTION,
        best=result.best,
        base=base,
    )
    (folder / CARD_FILE).write_text(card)
    (folder / "listill.json").write_text(about.to_json())


def history_table(result: Result) -> pd.DataFrame:
    """Return the table ``history``. The values of losses without a column are in the table ``losses`` only."""
    rows = []
    for row in result.history:
        losses = row.get("losses", {})
        rows.append(row | {LOSS_COLUMNS[name]: losses[name] for name in LOSS_COLUMNS if name in losses})
    history = pd.DataFrame(rows).reindex(columns=SCHEMAS["history"].names)
    return history.astype(dict.fromkeys(("step", "queries", "passages"), "Int64"))


def losses_table(result: Result) -> pd.DataFrame:
    """Return the table ``losses``: the value of each loss at each step."""
    rows = [(row["step"], name, value) for row in result.history for name, value in row.get("losses", {}).items()]
    return pd.DataFrame(rows, columns=SCHEMAS["losses"].names)


def corpora_table(result: Result) -> pd.DataFrame:
    """Return the table ``corpora`` of a joint training."""
    keys = ("step", "split", "weights")
    rows = [
        (*(row.get(key) for key in keys), corpus, value)
        for row in result.history
        for corpus, value in row.get("corpora", {}).items()
    ]
    return pd.DataFrame(rows, columns=SCHEMAS["corpora"].names)


def write(encoder: Encoder, result: Result, base: float, about: Provenance, out: Path) -> None:
    """Write the model with its tables and a list of checksums; the folder is replaced atomically."""
    with tables.atomic(out) as temporary:
        save(encoder, temporary, about, base, result)
        tables.write(temporary / "history.parquet", "history", history_table(result), about)
        tables.write(temporary / "losses.parquet", "losses", losses_table(result), about)
        if "corpora" in about.details:
            tables.write(temporary / "corpora.parquet", "corpora", corpora_table(result), about)
        # The model card is for the user to edit.
        checksums.write_sums(temporary, [path for path in checksums.files_of(temporary) if path.name != CARD_FILE])
