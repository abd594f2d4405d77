"""Encode all documents of a corpus with a student: its base model, or a trained one."""

from listill.settings import Settings, Student
from listill.stages.command import In, Job, MaybeIn, MaybeOut, Out, StageSettings, main

VERSION = 2
PART = 8192


class EncodeStage(StageSettings):
    """What the embeddings depend on."""

    system: str = "model"
    student: Student


def settings(config: Settings, corpus: str, system: str) -> EncodeStage:
    """Return the settings of this stage for a student, a trained student (``student.variant``) or a dense retriever."""
    name = system.partition(".")[0]
    student = config.students[name] if name in config.students else config.mining.dense[name]
    return EncodeStage(version=VERSION, system=system, student=student)


def run(
    settings: EncodeStage,
    job: Job,
    corpus: In,
    out: Out,
    model: MaybeIn = None,
    tokens: MaybeIn = None,
    tokens_out: MaybeOut = None,
) -> None:
    """Write embeddings/<system>.parquet, in parts that outlive an interruption.

    ``tokens`` spare a trained student the work that its base has had; ``tokens_out`` is where a base leaves them.
    """
    import numpy as np

    from listill import tables
    from listill.corpus import collection
    from listill.retrieval import embeddings, stored_tokens
    from listill.retrieval.encoder import Encoder

    documents = collection.load(corpus)
    encoder = Encoder(settings.student, model)
    if tokens is not None:
        read = stored_tokens.load(tokens, documents)
    else:
        read = encoder.tokenise([documents.rendered(i) for i in range(len(documents))], "document")
    job.details["model"] = str(settings.student.model if model is None else settings.system)
    with (
        job.work(out) as work,
        tables.writer(out, "embeddings", job.provenance(f"embeddings/{settings.system}")) as table,
    ):
        for start in range(0, len(documents), PART):
            chosen = np.arange(start, min(start + PART, len(documents)))
            part = work / f"{start}.npy"
            if not part.exists():
                found = encoder.encode(read.take(chosen), "document", f"encode {settings.system}")
                tables.write_array(part, found)
            ids = documents.doc_ids[start : start + PART]
            table.write_table(embeddings.as_table(ids, np.load(part)))
    if tokens_out is not None:
        job.details["suffix"] = read.suffix
        with tables.writer(tokens_out, "tokens", job.provenance(f"tokens/{settings.system}")) as table:
            for start in range(0, len(documents), PART):
                chosen = np.arange(start, min(start + PART, len(documents)))
                ids = documents.doc_ids[start : start + PART]
                table.write_table(stored_tokens.as_table(ids, read.take(chosen)))


if __name__ == "__main__":
    main(run, EncodeStage, "encode")
