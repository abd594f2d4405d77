"""Is the teacher better than the students? If not, there is nothing to learn from it, and the workflow stops here.

The dev queries are searched and reranked here, not taken from the runs of the evaluation: training waits for the gate, and
must not be repeated because something else is to be measured.
"""

import logging
from typing import TYPE_CHECKING

from listill.settings import Mining, Name, Settings, Student, TeacherEnsemble
from listill.stages.command import In, Ins, Job, Out, StageSettings, main

if TYPE_CHECKING:
    import pandas as pd

VERSION = 2
MEASURE = "nDCG@10"
log = logging.getLogger("listill")


class GateStage(StageSettings):
    """What the gate depends on."""

    teacher: TeacherEnsemble = TeacherEnsemble()
    students: dict[Name, Student] = {}
    mining: Mining = Mining()


def settings(config: Settings, corpus: str) -> GateStage:
    """Return the settings of this stage: of mining, only what decides the candidates of the students."""
    mining = Mining(bm25=config.mining.bm25, depth=config.mining.depth, consistency={"require": "none"})
    return GateStage(version=VERSION, teacher=config.teacher, students=config.students, mining=mining)


def run(
    settings: GateStage, job: Job, corpus: In, topics: In, qrels: In, queries: In, embeddings: Ins, out: Out
) -> None:
    """Compare the teacher with the base students on dev queries; write gate.parquet, or stop."""
    import numpy as np
    import pandas as pd

    from listill.candidates.pool import as_frame
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.measures import per_query
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval.embeddings import load_named
    from listill.retrieval.search import search
    from listill.teachers.checkpoint import inspect
    from listill.teachers.pairs import Resources
    from listill.teachers.rerank import ensemble_run, member_runs, score_pool

    job.uses(inspect(settings.teacher.members))
    asked = evaluation_queries(topics, qrels, queries, corpus)
    split = "dev" if (asked.queries["split"] == "dev").any() else "heldout"
    dev = asked.queries[asked.queries["split"] == split].reset_index(drop=True)
    judged = asked.qrels[asked.qrels["split"] == split]
    if judged.empty:
        raise UserError("neither dev topics nor held-out synthetic queries: the teacher cannot be measured")
    documents = collection.load(corpus)
    resources = Resources(documents, settings.students, settings.mining.bm25, load_named(embeddings, documents))
    texts, depth = dev["text"].tolist(), settings.mining.depth
    runs = {"bm25": as_frame(*resources.index.search(texts, depth, documents.id_order), "bm25")}
    for name, matrix in resources.embeddings.items():
        encoded = resources.encoder(name).encode(texts, "query")
        runs[name] = as_frame(*search(encoded, matrix, depth, documents.id_order), name)
    ids = np.array(documents.doc_ids, dtype=object)
    for name, run in runs.items():
        run = run.assign(query_id=dev["query_id"].to_numpy()[run["query"]], doc_id=ids[run["document"]])
        runs[name] = documents.answers(run)
    pool, members = pd.concat(runs.values()), settings.teacher.members
    with job.work(out) as work:
        scores = score_pool(documents, dev, pool, settings.teacher, resources, work)
    runs["teacher"] = ensemble_run(scores, settings.teacher, len(documents))
    runs |= {f"teacher.{name}": run for name, run in member_runs(scores, len(documents)).items()}

    rows = []
    for name in ("teacher", *(f"teacher.{name}" for name in members), *settings.students):
        values = per_query(runs[name], judged, [MEASURE])["value"]
        rows.append((name, split, MEASURE, values.mean(), len(values)))
        log.info("gate: %s %s %.3f on %d %s queries", name, MEASURE, values.mean(), len(values), split)
    table = pd.DataFrame(rows, columns=["system", "split", "measure", "value", "queries"])
    fault = decide(table.set_index("system")["value"], list(settings.students), settings.teacher.gate.margin, split)
    if fault:
        text = f"{fault}; take a stronger teacher, or set teacher.gate.action to warn"
        if settings.teacher.gate.action == "stop":
            raise UserError(text)
        log.warning("gate: %s", text)
    job.details["decision"] = fault or "passed"
    job.write(out, "gate", table)


def decide(values: "pd.Series[float]", students: list[str], margin: float, split: str) -> str:
    """Return what is wrong with the teacher, or an empty text; ``values`` holds the measure of each system."""
    teacher, best = values["teacher"], values[students].idxmax()
    alone = values[[name for name in values.index if name.startswith("teacher.")]]
    if len(alone) > 1 and alone.max() > teacher:
        log.warning(
            "gate: %s alone reaches %.3f, the ensemble %.3f: give it more weight, or take it alone",
            alone.idxmax(),
            alone.max(),
            teacher,
        )
    if teacher >= values[best] + margin:
        log.info("gate: passed: the teacher is better than %s by %.3f", best, teacher - values[best])
        return ""
    return (
        f"the teacher's {MEASURE} on {split} queries is {teacher:.3f}, that of {best} {values[best]:.3f}: "
        "nothing to learn from it"
    )


if __name__ == "__main__":
    main(run, GateStage, "gate")
