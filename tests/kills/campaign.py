"""Kill all stages, and whole runs, at random moments, and check what they leave and what they make in the end.

python tests/kills --kills 1000 --seed 0 --workers 2

Each worker makes a tiny finished run in a temporary folder. It then takes one stage after the other: it removes the
outputs, starts the stage and kills it (SIGKILL, SIGTERM, SIGINT) some times: at any moment, while it writes a file, or after
its next finished part. Then it lets the stage finish. After each kill, what stands
under a declared name is that of the finished run, and finished parts are there; after the next run, they are the same
files. A fault ends the visit to the stage, and is printed with the moment of the kill. The exit status is 1 if there is one.

With --slurm, the jobs of runs on a running SLURM are killed: --kills 20 --slurm PROFILE.
"""

import argparse
import copy
import random
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from pathlib import Path

from stage_commands import name, remove

from kills import finished_parts, material
from kills.killed_jobs import Jobs, check_jobs
from kills.killed_run import Runs, check_runs, results
from kills.killed_stage import Stage, check_stage
from kills.report import Report

VISIT = 4  # kills before a stage is left to finish
RUNS = "whole runs"
MOST_FAULTS = 5


def work(arguments: argparse.Namespace, folder: Path) -> Report:
    """Do the kills of one worker in ``folder``."""
    report, draw = Report(), random.Random(f"{arguments.seed}:{arguments.worker}")
    with material.prepared(folder) as run:
        runs = Runs(folder / "runs", run.settings, results(run.folder), *material.TARGETS)
        subjects = chosen(run, runs, arguments.stage)
        kills_a_visit = max(1, min(VISIT, arguments.kills // len(subjects)))
        begin = time.monotonic()
        for cycle in range(arguments.kills):
            for title, those in subjects.items():
                kills = min(kills_a_visit, arguments.kills - report.kills)
                if kills and len(report.faults) < MOST_FAULTS:
                    number, subject = those[(cycle * arguments.workers + arguments.worker) % len(those)]
                    if isinstance(subject, Stage):
                        finished_parts.restore(run.folder, run.scores[number])
                    where = f"{title}: seed {arguments.seed}, worker {arguments.worker}, cycle {cycle}"
                    visit(subject, kills, draw, title, where, report)
                    print(f"{where}: {report.kills} of {arguments.kills} kills", file=sys.stderr, flush=True)
        if runs.folder.exists():
            try:
                runs.finish()
            except Exception as error:
                report.faults.append(f"{RUNS}: the last run to the end: {error}")
    report.seconds = time.monotonic() - begin
    return report


def chosen(run: material.Material, runs: Runs, stage: str | None) -> dict[str, list[tuple[int, Stage | Runs]]]:
    """Return the commands of each stage, and the whole runs, or only those of one ``stage``."""
    found: dict[str, list[tuple[int, Stage | Runs]]] = defaultdict(list)
    for number, one in enumerate(run.stages):
        found[name(one.line)].append((number, one))
    found[RUNS].append((0, runs))
    if stage is not None and stage not in found:
        sys.exit(f"--stage {stage}: there is no such stage; choose one of {', '.join(found)}")
    return {title: those for title, those in found.items() if stage in (None, title)}


def visit(subject: Stage | Runs, kills: int, draw: random.Random, title: str, where: str, report: Report) -> None:
    """Kill a stage or whole runs some times; a fault is added to the report, also one that keeps a file from being read."""
    before = copy.copy(subject.tally)
    try:
        if isinstance(subject, Runs):
            check_runs(subject, kills, draw)
        else:
            check_stage(subject, kills, draw)
    except Exception as error:
        what = " ".join(subject.line) if isinstance(subject, Stage) else str(subject.folder)
        report.faults.append(f"{where}, {subject.moment}: {type(error).__name__}: {error}\n  {what}")
        print(f"FAULT {report.faults[-1]}", file=sys.stderr, flush=True)
        _repair(subject)
    report.count(title, subject.tally - before)


def on_slurm(arguments: argparse.Namespace, folder: Path) -> Report:
    """Kill jobs of runs on SLURM; ``folder`` must be one that the nodes see."""
    report, begin = Report(), time.monotonic()
    with material.small(folder) as (settings, quiet):
        jobs = Jobs(folder / "runs", settings, results(quiet), arguments.slurm.absolute())
        try:
            check_jobs(jobs, arguments.kills, random.Random(arguments.seed))
        except Exception as error:
            report.faults.append(f"seed {arguments.seed}, the last kill was {jobs.moment}: {error}")
        report.tallies |= jobs.tallies
    report.seconds = time.monotonic() - begin
    return report


def _repair(subject: Runs | Stage) -> None:
    """After a fault, go on with a new run, or have the outputs made again that later stages read."""
    if isinstance(subject, Runs):
        subject.number += 1
    else:
        remove([*subject.made, *subject.folder.glob("results/*/.work")])
        subject.quiet()


def main() -> None:
    """Read the arguments, do the kills in one or several processes, and print what they showed."""
    parser = argparse.ArgumentParser(prog="python tests/kills", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.add_argument("--kills", type=int, default=1000, help="number of kills of all workers together")
    parser.add_argument("--seed", type=int, default=0, help="another seed chooses other moments")
    parser.add_argument("--workers", type=int, default=2, help="processes, each with one thread")
    parser.add_argument("--stage", help="kill this stage only, such as encode, or 'whole runs'")
    parser.add_argument("--out", type=Path, help="also write the counts to this JSON file")
    parser.add_argument("--slurm", type=Path, metavar="PROFILE", help="folder of a profile, such as profiles/slurm")
    parser.add_argument("--worker", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        if arguments.worker is not None:
            work(arguments, Path(temporary)).write(arguments.out)
            return
        report, workers = Report(), []
        if arguments.slurm:
            report = on_slurm(arguments, Path(temporary))
        for worker in range(0 if arguments.slurm else arguments.workers):
            kills = arguments.kills * (worker + 1) // arguments.workers - arguments.kills * worker // arguments.workers
            own = {"kills": kills, "seed": arguments.seed, "workers": arguments.workers, "worker": worker}
            own |= {"stage": arguments.stage} if arguments.stage else {}
            out = Path(temporary) / f"{worker}.json"
            options = [f"--{option}={value}" for option, value in (own | {"out": out}).items()]
            workers.append((out, subprocess.Popen([sys.executable, sys.argv[0], *options])))
        for out, process in workers:
            if process.wait():
                sys.exit(f"a worker ended with exit status {process.returncode}")
            report.add(Report.read(out))
    print(report)
    print(*(f"not killed: {stage}: {why}" for stage, why in material.LEFT_OUT.items()), sep="\n")
    if arguments.out:
        report.write(arguments.out)
    sys.exit(1 if report.faults else 0)
