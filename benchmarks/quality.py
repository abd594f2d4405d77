"""Quality on one corpus: losses, temperatures, lists, second rounds and merging, with several seeds.

python benchmarks/quality.py config/config.yaml results/quality/python_api [--quick] [--seeds 3] [--cells NAME ...]

Every cell is a variant in an ordinary run of the Snakefile in the given folder. An interrupted benchmark resumes if the
command is repeated. The seeds change only the training; splits, queries and lists stay the same, so that cells are
comparable.

The output ends with a Markdown table. For each cell it has the mean over the seeds of nDCG@10 on dev and test, the
spread (largest minus smallest), the mean differences on test to the base and to the cell `listwise`, and paired
randomisation tests of these differences over clusters of topics (mean of the seeds). Below it are the same differences
on dev, by which the default recipe is chosen. The last lines are `NAME ratio VALUE`: nDCG@10 on test as a multiple of
that of the base and of the cell `listwise`.

On a CPU, two trainings at a time with one thread each take slightly less time than two in sequence with two threads:
--snakemake "--resources gpu=2 --set-threads train_student=1 train_again=1"
"""

import argparse
import copy
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd
import yaml

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))
if TYPE_CHECKING:
    from listill.evaluation.topics import EvaluationQueries

MEASURE = "nDCG@10"
SECOND = "-round2"

# The settings that each cell changes: those of the variant (CELLS), or those of the whole training block (RUNS), which
# needs a separate run. Cells about a temperature set all temperatures that they depend on, so that they are the same
# with and without --first.
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
# The temperatures of the recipe that was shipped on 20 November 2026; most cells of docs/results.md use it.
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


def run(folder: Path, settings: dict[str, Any], options: list[str], start: Path | None = None) -> Path:
    """Run the Snakefile in ``folder``; return the results folder of its corpus.

    ``start`` is another run whose files are copied first. Snakemake reruns only the steps whose settings differ.
    """
    folder = folder.resolve()  # Snakemake changes to this folder
    if start is not None and not folder.exists():
        partial = folder.with_suffix(".part")
        shutil.rmtree(partial, ignore_errors=True)
        shutil.copytree(start, partial)
        partial.rename(folder)
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / "config.yaml"
    file.write_text(yaml.safe_dump(settings, sort_keys=False))
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(ROOT / "Snakefile"), "--cores", "all"]
    command += ["--workflow-profile", str(ROOT / "profiles" / "default"), "--directory", str(folder)]
    if subprocess.run([*command, "--configfile", str(file), *options]).returncode:
        sys.exit(f"{folder}: Snakemake failed: fix the error above and repeat the command; finished steps are kept")
    (corpus,) = settings["corpora"]
    return folder / "results" / corpus


class Cell:
    """The results of a cell's students: means over the seeds for each topic, and the mean of each seed."""

    def __init__(self, name: str, results: Path, systems: list[str]) -> None:
        self.name, self.topics = name, topics(results)
        per_query = pd.read_parquet(results / "per_query.parquet")
        values = per_query[per_query["measure"] == MEASURE]
        wide = values.pivot_table(index=["split", "query_id"], columns="system", values="value")
        self.dev = wide.loc["dev", systems].mean(axis=1)
        test, student = wide.loc["test"], systems[0].partition(".")[0]
        self.by_seed, self.by_topic, self.base = test[systems].mean(), test[systems].mean(axis=1), test[student]

    def row(self, reference: "Cell | None") -> list[str]:
        """Return the cell's row of the table. It is compared with the base and with the cell ``reference``."""
        spread = self.by_seed.max() - self.by_seed.min()
        figures = [
            f"{self.dev.mean():.4f}",
            f"{self.by_seed.mean():.4f}",
            f"{spread:.4f}",
            *compared(self.by_topic, self.base, self.topics),
        ]
        if reference is None or reference is self:
            return [self.name, *figures, "", ""]
        return [self.name, *figures, *compared(self.by_topic, reference.by_topic, self.topics)]

    def ratios(self, reference: "Cell | None") -> list[str]:
        """Return a line for each comparison."""
        others = {"base": self.base}
        if reference is not None and reference is not self:
            others[reference.name] = reference.by_topic
        mean = self.by_topic.mean()
        return [f"{self.name}-{name} ratio {mean / other.mean():.4f}" for name, other in others.items()]


def topics(results: Path) -> "EvaluationQueries":
    """Return the evaluation queries of a results folder, which tell which topics ask for the same documents."""
    from listill.evaluation.topics import evaluation_queries

    return evaluation_queries(*(results / f"{name}.parquet" for name in ("topics", "qrels", "queries", "corpus")))


def compared(one: "pd.Series[float]", other: "pd.Series[float]", evaluated: "EvaluationQueries") -> tuple[str, str]:
    """Return the mean difference over topics, and its p-value from the test over clusters of topics."""
    from listill.evaluation.significance import compare

    sample = evaluated.sample(one.index.tolist())
    (comparison,) = compare([(one - other).to_numpy()], sample, resamples=10_000, confidence=0.95, seed=0)
    return f"{comparison.delta:+.4f}", f"{comparison.p_value:.4f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("config", type=Path, help="config with one corpus and one student; the cells change its recipe")
    parser.add_argument("folder", type=Path, help="folder to run in")
    parser.add_argument(
        "--quick", action="store_true", help="one seed of two cells: under 10 minutes with the demo's config"
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--cells", nargs="*", metavar="NAME", choices=[*CELLS, *RUNS], help="cells to run; default: all"
    )
    parser.add_argument("--first", action="store_true", help=f"use the temperatures of the first recipe: {FIRST}")
    parser.add_argument("--snakemake", type=shlex.split, default=[], metavar="OPTIONS", help="options for Snakemake")
    options = parser.parse_args()
    if options.quick:
        options.seeds, options.cells = 1, options.cells or QUICK
    base = yaml.safe_load(options.config.read_text())
    if options.first:
        base["training"]["temperatures"] = FIRST
    (student,) = base["students"]
    selected = set(options.cells) if options.cells else {*CELLS, *RUNS}
    shared, finished = options.folder / "shared", []
    seeds = range(options.seeds)
    if cells := {name: cell for name, cell in CELLS.items() if name in selected}:
        results = run(shared, config(base, cells, {}, options.seeds), options.snakemake)
        finished += [Cell(name, results, [f"{student}.{name}-s{seed}" for seed in seeds]) for name in cells]
    for name in [name for name in RUNS if name in selected]:
        # The variants have the names of the first run, so that a second round reuses its students.
        settings = config(base, {"listwise": CELLS["listwise"]}, RUNS[name], options.seeds)
        results = run(options.folder / name, settings, options.snakemake, shared if shared.exists() else None)
        suffix = SECOND if RUNS[name].get("rounds") == 2 else ""
        systems = [f"{student}.listwise-s{seed}{suffix}" for seed in seeds]
        finished.append(Cell(name, results, systems))
    reference = next((cell for cell in finished if cell.name == "listwise"), None)
    print("| cell | dev | test | spread | minus base | p | minus listwise | p |\n|---|---|---|---|---|---|---|---|")
    for cell in finished:
        print("| " + " | ".join(cell.row(reference)) + " |")
    print()
    for cell in finished:
        if reference is not None and cell is not reference:
            difference, p = compared(cell.dev, reference.dev, cell.topics)
            print(f"# {cell.name} on dev: {difference} compared with {reference.name}, p {p}")
    print("\n" + "\n".join(line for cell in finished for line in cell.ratios(reference)))


if __name__ == "__main__":
    main()
