"""Quality: one corpus; every loss, temperature, choice of lists, round and merge, with several seeds.

python benchmarks/quality.py config/config.yaml results/quality/python_api [--quick] [--seeds 3] [--cells NAME ...]

Every cell is a variant of an ordinary run of the Snakefile in the folder that is given; what was interrupted goes on when
the command is repeated. Seeds change the training alone: splits, queries and lists stay, so that cells are comparable. At
the end stands a Markdown table: for each cell the mean over the seeds of nDCG@10 on dev and test, the spread (largest
minus smallest), the mean differences on test from the base and from the cell `listwise`, and paired randomisation tests of
these over the topics (mean of the seeds); below it the same for dev, by which the default recipe is chosen. The last lines
are `NAME ratio VALUE`: nDCG@10 on test as a multiple of the base's and of the cell `listwise`'s.

On a CPU, two trainings at a time with a thread each take a little less time than one after the other with two:
--snakemake "--resources gpu=2 --set-threads train_student=1 train_again=1 encode_with_trained=1"
"""

import argparse
import copy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))
MEASURE = "nDCG@10"
SECOND = "-round2"

# What each cell changes: of the variant, or of the whole training block (then it is a run of its own). Those that are about
# a temperature say all that they depend on, so that they are the same with and without --first.
CELLS: dict[str, dict[str, Any]] = {
    "listwise": {"losses": {"listwise": 1}},
    "listwise-fixed": {"losses": {"listwise": 1}, "temperatures": {"student": 0.03, "teacher": 0.1}},
    "listwise-auto": {"losses": {"listwise": 1}, "temperatures": {"student": 0.03, "teacher": "auto"}},
    "listwise-t05": {"losses": {"listwise": 1}, "temperatures": {"student": 0.05, "teacher": "auto"}},
    "listwise-t10": {"losses": {"listwise": 1}, "temperatures": {"student": 0.1, "teacher": "auto"}},
    "infonce": {"losses": {"infonce": 1}},
    "infonce-t02": {"losses": {"infonce": 1}, "temperatures": {"infonce": 0.02}},
    "infonce-t05": {"losses": {"infonce": 1}, "temperatures": {"infonce": 0.05}},
    "infonce-t10": {"losses": {"infonce": 1}, "temperatures": {"infonce": 0.1}},
    "combined": {"losses": {"listwise": 1, "infonce": 0.1}},
    "equal-t05": {
        "losses": {"listwise": 1, "infonce": 1},
        "temperatures": {"student": 0.05, "teacher": "auto", "infonce": 0.05},
    },
    "equal-fixed": {
        "losses": {"listwise": 1, "infonce": 1},
        "temperatures": {"student": 0.03, "teacher": 0.1, "infonce": 0.05},
    },
    "margin-mse": {"losses": {"margin_mse": 100}, "temperatures": {"student": 0.03, "teacher": 0.1}},
    "margin-mse-auto": {"losses": {"margin_mse": 100}, "temperatures": {"student": 0.03, "teacher": "auto"}},
    "listwise-margin": {
        "losses": {"listwise": 1, "margin_mse": 50},
        "temperatures": {"student": 0.03, "teacher": 0.1},
    },
    "ranknet": {"losses": {"ranknet": 1}},
    "own-list": {"losses": {"listwise": 1}, "negatives": {"listwise": False}},
    "own-list-t05": {
        "losses": {"listwise": 1},
        "negatives": {"listwise": False},
        "temperatures": {"student": 0.05, "teacher": "auto"},
    },
    "merged": {"losses": {"listwise": 1}, "selection": {"merge": "use"}},
    "human-only": {"losses": {"listwise": 1}, "types": ["human"]},
    "lead-and-cloze": {"losses": {"listwise": 1}, "types": ["lead", "cloze"]},
}
RUNS: dict[str, dict[str, Any]] = {
    "top": {"lists": {"choose": "top"}},
    "tie": {"lists": {"judgement_margin": 0.0}},
    "round2": {"rounds": 2},
}
# The shipped recipe of 20 November 2026: most cells of docs/results.md are of it.
FIRST = {"student": 0.03, "teacher": 0.1, "infonce": 0.02}
QUICK = ["listwise", "infonce"]


def config(
    base: dict[str, Any], cells: dict[str, dict[str, Any]], training: dict[str, Any], seeds: int
) -> dict[str, Any]:
    """Return the config with a variant for each cell and seed."""
    new = copy.deepcopy(base)
    block = new["training"]
    for key, value in training.items():
        block[key] = {**block.get(key, {}), **value} if isinstance(value, dict) else value
    block["variants"] = {
        f"{name}-s{seed}": {**cell, "seed": seed} for name, cell in cells.items() for seed in range(seeds)
    }
    return new


def run(folder: Path, settings: dict[str, Any], more: list[str], start: Path | None = None) -> Path:
    """Run the Snakefile in ``folder``; return the results folder of its corpus.

    What another run (``start``) has made already is taken from there: Snakemake makes again what the settings change.
    """
    folder = folder.resolve()  # Snakemake changes to it
    if start is not None and not folder.exists():
        copy_of = folder.with_suffix(".part")
        shutil.rmtree(copy_of, ignore_errors=True)
        shutil.copytree(start, copy_of)
        copy_of.rename(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "all"]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--directory", str(folder)]
    if subprocess.run([*command, "--configfile", str(file), *more]).returncode:
        sys.exit(f"{folder}: the run did not end well; mend it and repeat the command, what is done stays")
    (corpus,) = settings["corpora"]
    return folder / "results" / corpus


class Cell:
    """What a cell's students reach, by topic: [topics] means over the seeds, and the means of each seed."""

    def __init__(self, name: str, per_query: pd.DataFrame, systems: list[str]) -> None:
        self.name = name
        found = per_query[per_query["measure"] == MEASURE]
        wide = found.pivot_table(index=["split", "query_id"], columns="system", values="value")
        self.dev = wide.loc["dev", systems].mean(axis=1)
        test, student = wide.loc["test"], systems[0].partition(".")[0]
        self.by_seed, self.by_topic, self.base = test[systems].mean(), test[systems].mean(axis=1), test[student]

    def row(self, reference: "Cell | None") -> list[str]:
        """Return the cell's row of the table; ``reference``: the cell that it is compared with, beside the base."""
        spread = self.by_seed.max() - self.by_seed.min()
        figures = [
            f"{self.dev.mean():.4f}",
            f"{self.by_seed.mean():.4f}",
            f"{spread:.4f}",
            *compared(self.by_topic, self.base),
        ]
        if reference is None or reference is self:
            return [self.name, *figures, "", ""]
        return [self.name, *figures, *compared(self.by_topic, reference.by_topic)]

    def ratios(self, reference: "Cell | None") -> list[str]:
        """Return a line for each comparison."""
        others = {"base": self.base}
        if reference is not None and reference is not self:
            others[reference.name] = reference.by_topic
        mean = self.by_topic.mean()
        return [f"{self.name}-{name} ratio {mean / other.mean():.4f}" for name, other in others.items()]


def compared(one: "pd.Series[float]", other: "pd.Series[float]") -> tuple[str, str]:
    """Return the mean difference over topics, and its p-value."""
    from listill.evaluation.significance import sign_flip

    difference = (one - other).to_numpy()
    return f"{np.mean(difference):+.4f}", f"{sign_flip(difference, resamples=10_000, seed=0):.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "config", type=Path, help="config with one corpus and one student; its recipe is what cells change"
    )
    parser.add_argument("folder", type=Path, help="where to run")
    parser.add_argument(
        "--quick", action="store_true", help="one seed of two cells: under 10 minutes for the demo's config"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cells", nargs="*", metavar="NAME", choices=[*CELLS, *RUNS], help="only these; default: all")
    parser.add_argument("--first", action="store_true", help=f"from the first recipe's temperatures: {FIRST}")
    parser.add_argument(
        "--snakemake", type=shlex.split, default=[], metavar="OPTIONS", help="more options of Snakemake"
    )
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.cells = 1, options.cells or QUICK
    base = yaml.safe_load(options.config.read_text())
    if options.first:
        base["training"]["temperatures"] = FIRST
    (student,) = base["students"]
    wanted = set(options.cells) if options.cells else {*CELLS, *RUNS}
    shared, made = options.folder / "shared", []
    seeds = range(options.seeds)
    if cells := {name: cell for name, cell in CELLS.items() if name in wanted}:
        results = run(shared, config(base, cells, {}, options.seeds), options.snakemake)
        found = pd.read_parquet(results / "per_query.parquet")
        made += [Cell(name, found, [f"{student}.{name}-s{seed}" for seed in seeds]) for name in cells]
    for name in [name for name in RUNS if name in wanted]:
        # Named as in the first run, so that a second round goes on from students that are there.
        settings = config(base, {"listwise": CELLS["listwise"]}, RUNS[name], options.seeds)
        results = run(options.folder / name, settings, options.snakemake, shared if shared.exists() else None)
        suffix = SECOND if RUNS[name].get("rounds") == 2 else ""
        systems = [f"{student}.listwise-s{seed}{suffix}" for seed in seeds]
        made.append(Cell(name, pd.read_parquet(results / "per_query.parquet"), systems))
    reference = next((cell for cell in made if cell.name == "listwise"), None)
    print("| cell | dev | test | spread | - base | p | - listwise | p |\n|---|---|---|---|---|---|---|---|")
    for cell in made:
        print("| " + " | ".join(cell.row(reference)) + " |")
    print()
    for cell in made:
        if reference is not None and cell is not reference:
            difference, p = compared(cell.dev, reference.dev)
            print(f"# {cell.name} on dev: {difference} to {reference.name}, p {p}")
    print("\n" + "\n".join(line for cell in made for line in cell.ratios(reference)))


if __name__ == "__main__":
    main()
