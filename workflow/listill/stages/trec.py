"""Convert a run to the TREC format: query_id Q0 doc_id rank score system."""

from listill.stages.command import In, Out, main
from listill.stages.job import Job, StageSettings


def run(settings: StageSettings, job: Job, run: In, out: Out) -> None:
    """Write the run in TREC format."""
    from listill import tables

    system = tables.provenance(run).key.removeprefix("runs/")
    with tables.atomic(out) as temporary, open(temporary, "w") as file:
        for row in tables.read(run, "runs").itertuples():
            file.write(f"{row.query_id} Q0 {row.doc_id} {row.rank} {row.score:.6f} {system}\n")


if __name__ == "__main__":
    main(run, StageSettings, "trec")
