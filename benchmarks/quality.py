"""Quality: one corpus; every loss, temperature, choice of lists, round and merge, with several seeds.

python benchmarks/quality.py config/config.yaml results/quality/python_api [--seeds 3] [--cells NAME ...]

Every cell is a variant of an ordinary run of the Snakefile in the folder that is given; what was interrupted goes on when
the command is repeated. Seeds change the training alone: splits, queries and lists stay, so that cells are comparable. At
the end stands a Markdown table: for each cell the mean over the seeds of nDCG@10 on dev and test, the spread (largest
minus smallest), the mean difference from the base, and the paired randomisation test of the seeds' mean per topic.

On a CPU, two trainings at a time with a thread each take less time than one after the other with two:
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

# What each cell changes: of the variant, or of the whole training block (then it is a run of its own).
CELLS: dict[str, dict[str, Any]] = {
    "listwise": {"losses": {"listwise": 1}},
    "listwise-auto": {"losses": {"listwise": 1}, "temperatures": {"teacher": "auto"}},
    "infonce": {"losses": {"contrastive": 1}},
    "combined": {"losses": {"listwise": 1, "contrastive": 0.1}},
    "margin-mse": {"losses": {"margin_mse": 100}},
    "ranknet": {"losses": {"ranknet": 1}},
    "own-list": {"losses": {"listwise": 1}, "negatives": {"listwise": False}},
    "own-list-auto": {
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
    subprocess.run([*command, "--configfile", str(file), *more], check=True)
    (corpus,) = settings["corpora"]
    return folder / "results" / corpus


def row(name: str, per_query: pd.DataFrame, student: str, seeds: int, suffix: str = "") -> list[str]:
    """Return one row of the table."""
    from listill.evaluation.significance import sign_flip

    wide = per_query.pivot_table(index=["split", "query_id"], columns="system", values="value")
    systems = [f"{student}.{name}-s{seed}{suffix}" for seed in range(seeds)]
    dev, test = (wide.loc[split] for split in ("dev", "test"))
    means = test[systems].mean()
    difference = (test[systems].mean(axis=1) - test[student]).to_numpy()
    p = sign_flip(difference, resamples=10_000, seed=0)
    return [
        f"{name}{suffix}",
        f"{dev[systems].mean().mean():.4f}",
        f"{means.mean():.4f}",
        f"{means.max() - means.min():.4f}",
        f"{np.mean(difference):+.4f}",
        f"{p:.4f}",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "config", type=Path, help="config with one corpus and one student; its recipe is what cells change"
    )
    parser.add_argument("folder", type=Path, help="where to run")
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--cells", nargs="*", help="only these; default: all")
    parser.add_argument(
        "--snakemake", type=shlex.split, default=[], metavar="OPTIONS", help="more options of Snakemake"
    )
    options = parser.parse_args()
    base = yaml.safe_load(options.config.read_text())
    (student,) = base["students"]
    wanted = set(options.cells) if options.cells else {*CELLS, *RUNS}
    rows = []
    shared = options.folder / "shared"
    if cells := {name: cell for name, cell in CELLS.items() if name in wanted}:
        results = run(shared, config(base, cells, {}, options.seeds), options.snakemake)
        found = pd.read_parquet(results / "per_query.parquet").query("measure == @MEASURE")
        rows += [row(name, found, student, options.seeds) for name in cells]
    for name in [name for name in RUNS if name in wanted]:
        cell = {name: CELLS["listwise"]}
        results = run(
            options.folder / name,
            config(base, cell, RUNS[name], options.seeds),
            options.snakemake,
            start=shared if shared.exists() else None,
        )
        found = pd.read_parquet(results / "per_query.parquet").query("measure == @MEASURE")
        rows += [
            row(name, found, student, options.seeds, suffix)
            for suffix in (["", "-round2"] if name == "round2" else [""])
        ]
    print("| cell | dev | test | spread | difference | p |\n|---|---|---|---|---|---|")
    for cells in rows:
        print("| " + " | ".join(cells) + " |")


if __name__ == "__main__":
    main()
