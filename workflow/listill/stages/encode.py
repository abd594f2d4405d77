"""Encode all documents of a corpus with the base model of a student, a trained student or a dense retriever."""

from listill.settings.config import Settings
from listill.settings.students import FrozenEncoder, Student
from listill.stages.command import In, MaybeIn, MaybeModel, MaybeOut, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 3

# What to do if most documents are truncated.
FIX = "raise max_length of the student if its model reads more, or split the documents into passages"


class EncodeStage(StageSettings):
    """The settings that the embeddings depend on."""

    system: str = "model"
    student: Student | FrozenEncoder


def settings(config: Settings, corpus: str, system: str) -> EncodeStage:
    """Return the settings of this stage for a student, a trained student (``student.variant``) or a dense retriever."""
    student = config.bi_encoder(system.partition(".")[0])
    return EncodeStage(version=VERSION, system=system, student=student)


def run(
    settings: EncodeStage,
    job: Job,
    corpus: In,
    out: Out,
    model: MaybeModel = None,
    tokens: MaybeIn = None,
    tokens_out: MaybeOut = None,
) -> None:
    """Write embeddings/<system>.parquet. Finished parts survive an interruption.

    A base model writes the tokens of the corpus to ``tokens_out``. A trained student reads them as ``tokens``, so that
    the corpus is tokenised only once.
    """
    from dataclasses import asdict

    from listill import tables
    from listill.corpus import collection
    from listill.retrieval import embeddings, stored_tokens, truncation
    from listill.retrieval.encoder import Encoder

    label = f"encode {settings.system}"
    documents = collection.load(corpus)
    encoder = Encoder(settings.student, model)
    if tokens is not None:
        document_tokens = stored_tokens.load(tokens, documents)
        truncated = tables.provenance(tokens).details.get("truncated")
    else:
        document_tokens, result = truncation.tokens_of(encoder, documents)
        result.report(label, "documents", f"max_length ({encoder.max_length})", FIX)
        truncated = asdict(result)
    if truncated is not None:
        job.details["truncated"] = truncated
    job.details["model"] = str(settings.student.model if model is None else settings.system)
    provenance = job.provenance(f"embeddings/{settings.system}")
    with job.work(out) as work:  # its parts are needed until all files are written
        with tables.writer(out, "embeddings", provenance) as table:
            parts = embeddings.encode_parts(encoder, document_tokens, work, label)
            for part in embeddings.in_parts(parts, documents):
                table.write_table(part)
        if tokens_out is not None:
            job.details["suffix"] = document_tokens.suffix
            with tables.writer(tokens_out, "tokens", job.provenance(f"tokens/{settings.system}")) as table:
                for part in stored_tokens.in_parts(document_tokens, documents):
                    table.write_table(part)


if __name__ == "__main__":
    main(run, EncodeStage, "encode")
