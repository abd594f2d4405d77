"""Write a corpus, its queries and judgements, and the runs of all systems in the formats of other tools."""

from listill.settings.config import Settings
from listill.stages.command import In, Ins, Out, main
from listill.stages.job import Job, StageSettings

VERSION = 1


class ExportCorpusStage(StageSettings):
    """The settings of the export: the formats."""

    formats: list[str] = []


def settings(config: Settings, corpus: str) -> ExportCorpusStage:
    """Return the settings of this stage, which are the same for every corpus."""
    return ExportCorpusStage(version=VERSION, formats=config.export.chosen_formats)


def run(
    settings: ExportCorpusStage, job: Job, corpus: In, topics: In, qrels: In, queries: In, out: Out, runs: Ins = []
) -> None:
    """Write a folder with one folder per format, and a README.md that says how to load each."""
    from listill.export import folders, measured_corpus

    material = measured_corpus.load(job.corpus or "corpus", corpus, topics, qrels, queries, runs)
    folders.write_corpus(out, material, settings.formats)


if __name__ == "__main__":
    main(run, ExportCorpusStage, "export_corpus")
