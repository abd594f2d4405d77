"""Measure a student, untrained or trained, on tasks of MTEB."""

from listill.settings.config import Settings
from listill.settings.students import Student
from listill.stages.command import MaybeModel, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1


class MtebStage(StageSettings):
    """The settings that the results depend on."""

    system: str = "student"
    student: Student
    tasks: list[str] = []


def settings(config: Settings, corpus: str, system: str) -> MtebStage:
    """Return the settings of this stage for a student, or for a trained student ``student.variant``."""
    student = config.students[system.partition(".")[0]]
    return MtebStage(version=VERSION, system=system, student=student, tasks=config.evaluation.mteb)


def run(settings: MtebStage, job: Job, out: Out, model: MaybeModel = None) -> None:
    """Write mteb/<system>.parquet. A trained student needs ``model``, its folder."""
    from listill.evaluation.mteb_tasks import measure
    from listill.retrieval.encoder import Encoder

    encoder = Encoder(settings.student, model)
    if encoder.unpadded:
        encoder.pad()  # MTEB passes padded batches
    job.write(out, "mteb", measure(encoder.model, settings.tasks), f"mteb/{settings.system}")


if __name__ == "__main__":
    main(run, MtebStage, "mteb")
