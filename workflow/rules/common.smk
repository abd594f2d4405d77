from pathlib import Path

from snakemake.io import IOFile

# Heavy stages use as many cores as they get; light ones use one.
THREADS = 8

# The histories of all trainings that are evaluated on a corpus.
HISTORIES = lambda corpus: [
    *(f"results/{corpus}/models/{system.replace('.', '/')}/history.parquet" for system in PLAN.trained_on(corpus)),
    *(f"results/joint/{name}/history.parquet" for name in PLAN.joint),
]


def memory(base, **per_mb):
    """
    Return the resource `mem_mb` of a rule: `base` and, of each named input, its size on disk times a number; twice as much from the
    second attempt on. docs/scale.md has the measurements. It is only known when the inputs have been made.
    """
    size = lambda files: sum(Path(file).stat().st_size for file in ([files] if isinstance(files, str) else files)) / 1e6
    return lambda wildcards, input, attempt: min(attempt, 2) * int(
        base + sum(factor * size(getattr(input, name)) for name, factor in per_mb.items())
    )


def written_again_unless(path, settings):
    """
    Have a file of frozen settings written again if its content is not `settings()`. Snakemake only compares with what it
    remembers in .snakemake: it misses a changed key if that folder is gone or `results` was copied or renamed, and a file
    that was edited by hand. A job on a cluster reads the config anew, but keeps the settings that it was submitted with.
    """
    if workflow.is_main_process and PLAN.differs(path, settings):
        workflow.dag.forcefiles.add(path)
    return []


def forgotten(path, inputs):
    """
    Return the inputs of a temporary file, and have Snakemake forget those that it was made from the last time. It would
    make the file again if there are now others, and then everything downstream, although nobody needs the file any more.
    """
    if workflow.is_main_process:
        workflow.persistence.cleanup_metadata(IOFile(path))
    return inputs
