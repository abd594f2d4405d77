"""Export a trained model: the folder that sentence-transformers loads, with ONNX files and a model card with its results."""

from pathlib import Path
from typing import Any

from pydantic import Field

from listill.languages import code
from listill.settings.config import Settings
from listill.settings.students import Student
from listill.stages.command import In, MaybeModel, Others, Out, main
from listill.stages.job import Job, StageSettings
from listill.system_names import without_seed

VERSION = 1


class ExportModelStage(StageSettings):
    """The settings of the export. The ``teachers`` and the ``generator`` are described for the card."""

    system: str = "student.variant"
    student: Student
    query_only: bool = False
    onnx: bool = True
    licence: str | None = None
    language: str = "english"
    source: str = ""
    generator: str = ""
    teachers: dict[str, str | None] = Field({}, description="the kind and name of each teacher, and its model")
    confidence: float = 0.95
    seed: int = 42


def settings(config: Settings, corpus: str, system: str) -> ExportModelStage:
    """Return the settings of this stage for one trained system, ``student.variant``."""
    variant = without_seed(system.partition(".")[2])
    teachers = config.teacher.weights(config.training.teachers_of(config.variant_of(variant)))
    members = {name: config.teacher.members[name] for name in teachers}
    generator = config.generation.generator
    model = getattr(generator, "model", None)
    return ExportModelStage(
        version=VERSION,
        system=system,
        student=config.students[system.partition(".")[0]],
        query_only=config.recipe_of(variant).tower == "query",
        onnx=config.export.onnx,
        licence=config.export.licence,
        language=config.corpora[corpus].language,
        source=config.corpora[corpus].source.kind,
        generator=f"{generator.kind} {model}" if model else generator.kind,
        teachers={f"{name} ({one.kind})": getattr(one, "model", None) for name, one in members.items()},
        confidence=config.evaluation.confidence,
        seed=config.seed,
    )


def run(
    settings: ExportModelStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    summary: In,
    checks: In,
    out: Out,
    model: MaybeModel = None,
    retention: Others = [],
) -> None:
    """Write the folder ``out``; ``retention`` are the tables summary of other corpora."""
    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.topics import evaluation_queries
    from listill.export import model as exported
    from listill.export.results import figures

    if model is None:
        raise UserError(f"{settings.system}: pass the folder of the trained model with --model")
    student = settings.system.partition(".")[0]
    others = {path.parent.name: tables.read(path, "summary") for path in retention}
    results = figures(tables.read(summary, "summary"), settings.system, student, settings.confidence, others)
    exported.write(
        out,
        model,
        settings.student,
        collection.load(corpus),
        evaluation_queries(topics, qrels, queries, corpus),
        _facts(settings, job.corpus or "corpus") | {"check": _check(checks, settings.system)},
        results,
        settings.seed,
        with_onnx=settings.onnx,
    )


def _check(checks: Path, system: str) -> str:
    """Return what the table ``checks`` says of one system."""
    from listill import tables
    from listill.errors import UserError
    from listill.evaluation import saved_model

    results = saved_model.by_system(tables.read(checks, "checks"))
    if system not in results:
        raise UserError(f"{checks}: has no rows of {system}: run the stage check again")
    return results[system].sentence


def _facts(settings: ExportModelStage, corpus: str) -> dict[str, Any]:
    """Return the fields of the card that the settings say."""
    from listill.export.model import licence_text
    from listill.models.published import shown

    teachers = [f"{name}: {shown(model)}" if model else name for name, model in settings.teachers.items()]
    models = [model for model in settings.teachers.values() if model]
    return {
        "name": settings.system,
        "corpus": corpus,
        "language": settings.language,
        "language_code": code(settings.language),
        "licence_id": settings.licence,
        "licence": licence_text(settings.licence, settings.student.model, models),
        "query_only": settings.query_only,
        "source": settings.source,
        "generator": settings.generator,
        "teachers": ", ".join(teachers),
    }


if __name__ == "__main__":
    main(run, ExportModelStage, "export_model")
