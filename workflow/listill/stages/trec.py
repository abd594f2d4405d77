"""Convert a run to the TREC format: query_id Q0 doc_id rank score system. trec_eval ranks it as listill does."""

from listill.stages.command import In, Out, main
from listill.stages.job import Job, StageSettings


def run(settings: StageSettings, job: Job, run: In, out: Out) -> None:
    """Write the run in TREC format."""
    from listill import tables
    from listill.errors import UserError
    from listill.evaluation.trec import trec_lines

    system = tables.provenance(run).key.removeprefix("runs/")
    ranked = tables.read(run, "runs")
    try:
        with tables.atomic(out) as temporary, open(temporary, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(trec_lines(ranked, system))
    except UserError as error:
        raise UserError(f"{out}: {error}") from None


if __name__ == "__main__":
    main(run, StageSettings, "trec")
