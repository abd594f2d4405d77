"""Write the training lists of a student with their texts in the formats of other trainers."""

from listill.settings.config import Settings
from listill.stages.command import In, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1


class ExportListsStage(StageSettings):
    """The settings of the export: ``name`` of the lists, and the formats."""

    name: str = "student"
    formats: list[str] = []


def settings(config: Settings, corpus: str, name: str) -> ExportListsStage:
    """Return the settings of this stage for one table of lists."""
    return ExportListsStage(version=VERSION, name=name, formats=config.export.chosen_formats)


def run(settings: ExportListsStage, job: Job, corpus: In, queries: In, qrels: In, lists: In, out: Out) -> None:
    """Write a folder with one folder per format, and a README.md that says how to load each."""
    from listill import tables
    from listill.corpus import collection
    from listill.export import folders
    from listill.export.read_lists import training_lists

    judgements = (tables.read(queries, "queries"), tables.read(qrels, "qrels"))
    documents = collection.load(corpus)
    material = training_lists(settings.name, documents, tables.read(lists, "lists"), *judgements)
    folders.write_lists(out, material, settings.formats, documents.template, job.corpus or "the corpus")


if __name__ == "__main__":
    main(run, ExportListsStage, "export_lists")
