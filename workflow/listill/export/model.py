"""Export a trained model: the folder as sentence-transformers reads it, ONNX files, and a card with its results."""

import shutil
from pathlib import Path
from typing import Any

from sentence_transformers import SentenceTransformer
from sentence_transformers.sentence_transformer.modules import Pooling

from listill import checksums, tables
from listill.corpus.collection import Collection
from listill.evaluation.topics import EvaluationQueries
from listill.export import card, int8, onnx
from listill.export.results import Figures
from listill.models import published
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.tables import Provenance
from listill.training.loop import Result
from listill.training.save import CARD_FILE, kept, temperatures, trained_weights

# What only this program reads: the provenance has paths of the machine, and the curves are in the report.
LEFT_OUT = shutil.ignore_patterns(CARD_FILE, checksums.SUMS, "listill.json", "*.parquet")
# Texts of the corpus whose embeddings by the ONNX file are compared with torch's.
COMPARED = 32


def write(
    out: Path,
    model: Path,
    student: Student,
    collection: Collection,
    evaluated: EvaluationQueries,
    facts: dict[str, Any],
    figures: Figures,
    seed: int,
    *,
    with_onnx: bool,
) -> None:
    """Write the folder ``out``, which is replaced; ``facts`` are the fields of the card that the config and tables say."""
    with tables.atomic(out) as temporary:
        shutil.copytree(model, temporary, ignore=LEFT_OUT)
        said = ""
        if with_onnx:
            trust = student.trust_remote_code
            texts = [collection.rendered(i) for i in range(min(COMPARED, len(collection)))]
            onnx.write(temporary, texts, trust_remote_code=trust)
            said = _int8_loss(temporary, student, collection, evaluated, seed, query_only=facts["query_only"])
        about = tables.provenance(model)
        page = card.Card(
            **facts,
            **_of_model(temporary, student),
            **_of_training(about),
            template=collection.template,
            documents=len(collection),
            onnx=with_onnx,
            int8=said,
            figures=figures,
        )
        (temporary / CARD_FILE).write_text(card.text(page), encoding="utf-8")
        checksums.write_sums(temporary, [path for path in checksums.files_of(temporary) if path.name != CARD_FILE])


def _int8_loss(
    folder: Path,
    student: Student,
    collection: Collection,
    evaluated: EvaluationQueries,
    seed: int,
    *,
    query_only: bool,
) -> str:
    trust, exact = student.trust_remote_code, {"precision": "fp32"}
    original = Encoder(Student(model=str(folder), precision="fp32", trust_remote_code=trust), folder)
    quantised = Encoder(onnx.in_onnxruntime(folder, onnx.INT8, trust_remote_code=trust), folder)
    base = Encoder(student.model_copy(update=exact)) if query_only else None
    loss = int8.measure(collection, evaluated, original, quantised, seed, base)
    return loss.sentence if loss else "Its loss was not measured, since the corpus has no judged queries."


def _of_model(folder: Path, student: Student) -> dict[str, Any]:
    """Return the fields of the card that the model's folder says."""
    model = SentenceTransformer(str(folder), device="cpu", trust_remote_code=student.trust_remote_code)
    prompts = [model.prompts.get(name) for name in ("query", "document")]
    pooling = next((module.pooling_mode for module in model if isinstance(module, Pooling)), "of its own")
    return {
        "query_prompt": _code(prompts[0]),
        "document_prompt": _code(prompts[1]),
        "max_length": model.max_seq_length,
        "dimension": model.get_embedding_dimension(),
        "similarity": model.similarity_fn_name,
        "pooling": pooling,
    }


def _of_training(about: Provenance) -> dict[str, Any]:
    """Return the fields of the card that the provenance of the trained model says."""
    details = about.details
    recipe, base = details["settings"]["recipe"], details["base_model"]
    result = Result([], best_step=details["best_step"], best=float("nan"), kept=details["kept"])
    return {
        "trained_on": list(details.get("corpora", {})) or [about.corpus or "unknown"],
        "base": published.shown(base),
        "hub_base": published.hub_name(base),
        "trained": ", ".join(f"{count} {kind}" for kind, count in details["trained"].items()),
        "losses": ", ".join(f"{name} {weight:g}" for name, weight in recipe["losses"].items()),
        "temperatures": ", ".join(f"{name} {value:.3g}" for name, value in temperatures(details).items()),
        "weights": trained_weights(recipe),
        "kept": kept(result),
        "versions": ", ".join(f"{name} {version}" for name, version in details["versions"].items()),
        "fingerprint": about.fingerprint,
    }


def licence_text(licence: str | None, base: str, teachers: list[str]) -> str:
    """Return the section on licences: what was chosen, and what is known of the base model and the teachers."""
    chosen = f"This model is published under `{licence}`." if licence else "No licence was chosen for this model."
    known = [
        f"{published.shown(name)}: `{published.licence(name)}`" for name in [base, *teachers] if published.licence(name)
    ]
    unknown = [published.shown(name) for name in [base, *teachers] if not published.licence(name)]
    parts = [chosen]
    if known:
        parts.append(f"Licences of the models that it was made with: {', '.join(dict.fromkeys(known))}.")
    if unknown:
        parts.append(f"See the cards of {', '.join(dict.fromkeys(unknown))}.")
    return " ".join([*parts, "The texts of the corpus have licences of their own."])


def _code(prompt: str | None) -> str:
    return f'`"{prompt}"`' if prompt else "none"
