"""Is the teacher better than the students? If not, there is nothing to learn from it, and the workflow stops here."""

import logging

from listill.settings import Gate, Settings
from listill.stages.command import In, Ins, Job, Out, StageSettings, main

VERSION = 1
MEASURE = "nDCG@10"
log = logging.getLogger("listill")


class GateStage(StageSettings):
    """What the gate depends on."""

    gate: Gate = Gate()


def settings(config: Settings, corpus: str) -> GateStage:
    """Return the settings of this stage."""
    return GateStage(version=VERSION, gate=config.teacher.gate)


def run(
    settings: GateStage, job: Job, corpus: In, topics: In, qrels: In, queries: In, teacher: In, students: Ins, out: Out
) -> None:
    """Compare the teacher's run with the base students' on dev queries; write gate.parquet, or stop."""
    import pandas as pd

    from listill import tables
    from listill.errors import UserError
    from listill.evaluation.measures import per_query
    from listill.evaluation.topics import evaluation_queries

    judged = evaluation_queries(topics, qrels, queries, corpus).qrels
    split = "dev" if (judged["split"] == "dev").any() else "heldout"
    judged = judged[judged["split"] == split]
    if judged.empty:
        raise UserError("neither dev topics nor held-out synthetic queries: the teacher cannot be measured")
    rows = []
    for path in [teacher, *students]:
        values = per_query(tables.read(path, "runs"), judged, [MEASURE])["value"]
        system = tables.provenance(path).key.removeprefix("runs/")
        rows.append((system, split, MEASURE, values.mean(), len(values)))
        log.info("gate: %s %s %.3f on %d %s queries", system, MEASURE, values.mean(), len(values), split)
    table = pd.DataFrame(rows, columns=["system", "split", "measure", "value", "queries"])
    best = table.iloc[1:].sort_values("value").iloc[-1]
    if table["value"].iloc[0] < best["value"] + settings.gate.margin:
        text = (
            f"the teacher's {MEASURE} on {split} queries is {table['value'].iloc[0]:.3f}, that of {best['system']} "
            f"{best['value']:.3f}: nothing to learn from it; take a stronger teacher, or set teacher.gate.action to warn"
        )
        if settings.gate.action == "stop":
            raise UserError(text)
        log.warning("gate: %s", text)
    job.write(out, "gate", table)


if __name__ == "__main__":
    main(run, GateStage, "gate")
