"""Encode all documents of a corpus with a student: its base model, or a trained one."""

from listill.settings import Settings, Student
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

VERSION = 1
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


def run(settings: EncodeStage, job: Job, corpus: In, out: Out, model: MaybeIn = None) -> None:
    """Write embeddings/<system>.parquet, in parts that outlive an interruption."""
    import numpy as np

    from listill import tables
    from listill.corpus import collection
    from listill.retrieval import embeddings
    from listill.retrieval.encoder import Encoder

    documents = collection.load(corpus)
    texts = [documents.rendered(i) for i in range(len(documents))]
    encoder = Encoder(settings.student, model)
    job.details["model"] = str(settings.student.model if model is None else settings.system)
    with (
        job.work(out) as work,
        tables.writer(out, "embeddings", job.provenance(f"embeddings/{settings.system}")) as table,
    ):
        for start in range(0, len(texts), PART):
            part = work / f"{start}.npy"
            if not part.exists():
                some = texts[start : start + PART]
                tables.write_array(part, encoder.encode(some, "document", f"encode {settings.system}"))
            table.write_table(embeddings.as_table(documents.doc_ids[start : start + PART], np.load(part)))


if __name__ == "__main__":
    main(run, EncodeStage, "encode")
