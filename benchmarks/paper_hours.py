"""Hours and memory of config/paper.yaml on its ten corpora, by arithmetic: the table of docs/scale.md.

    python benchmarks/paper_hours.py [--config config/paper.yaml]

Nothing is downloaded or run. The work of each job is that of ``listill.estimate``; the rates are those of the machine
``h200`` there, but all models compute at the rate that BERT-base reached in training on that GPU. The sizes of the corpora
are those of BEIR (Thakur et al. 2021, arXiv 2104.08663, table 1), with 1.35 tokens per word.
"""

import argparse
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import yaml

from listill.estimate.jobs import Job
from listill.estimate.models import Size
from listill.estimate.rates import machines, rates_of
from listill.estimate.run import CHARACTERS, Estimate
from listill.estimate.statistics import Statistics
from listill.plan import Plan

# Documents, words per document, words per query, test topics.
CORPORA = {
    "trec-covid": (171_332, 160.77, 10.60, 50),
    "nfcorpus": (3_633, 232.26, 3.30, 323),
    "fiqa": (57_638, 132.32, 10.77, 648),
    "arguana": (8_674, 166.80, 192.98, 1_406),
    "touche": (382_545, 292.37, 6.55, 49),
    "dbpedia-entity": (4_635_922, 49.68, 5.39, 400),
    "scidocs": (25_657, 176.19, 9.38, 1_000),
    "climate-fever": (5_416_593, 84.76, 20.13, 1_535),
    "scifact": (5_183, 213.63, 12.37, 300),
    "msmarco": (8_841_823, 55.98, 5.96, 6_980),
}
# Passages of MS MARCO that are relevant to a train topic.
RELEVANT = {"msmarco": 516_000}
TOKENS_PER_WORD = 1.35
BERT = Size(weights=109_000_000, computed=86_000_000, layers=12, hidden=768, limit=512)
MODELS = {
    "rankt5": Size(weights=2_850_000_000, computed=2_800_000_000, layers=48, hidden=1024, limit=512),
    "generate": Size(weights=8_030_000_000, computed=6_980_000_000, layers=32, hidden=4096, limit=8192),
}
# TFLOP/s: benchmarks/README.md#on-a-gpu (22 % of the matrix rate of an H200).
RATE = 171
GPU = ("ask", "encode", "candidates", "gate", "scores", "rerank", "train", "search", "check")
MANY = 8


def statistics(name: str) -> Statistics:
    """Return a corpus in numbers; lengths are lognormal with a standard deviation of 0.6 (of the logarithm)."""
    documents, words, query_words, topics = CORPORA[name]
    spread = np.random.default_rng(0).lognormal(-0.18, 0.6, 1000)
    lengths = np.maximum(8, words * TOKENS_PER_WORD * spread)
    return Statistics(
        documents=documents,
        characters=round(documents * words * TOKENS_PER_WORD * CHARACTERS),
        trainable=documents - 200,
        relevant=RELEVANT.get(name, 0),
        heldout={"heldout": 100, "dev": 100},
        topics={"test": topics},
        lengths=lengths,
        query_lengths=np.full(100, query_words * TOKENS_PER_WORD + 2),
    )


def jobs(plan: Plan) -> Iterator[tuple[str, Job, float]]:
    """Yield (corpus, job, hours) of all jobs."""
    sizes = {**MODELS, **dict.fromkeys(plan.students, BERT)}
    machine = machines()["h200"] | dict.fromkeys(("encode", "train", "score", "generate"), RATE)
    for name in plan.corpora:
        estimate = Estimate(plan, {}, {name: statistics(name)}, sizes, 1.0)
        of_corpus = estimate.jobs()
        rates = rates_of(machine, sizes, estimate.flop, of_corpus)
        for job in of_corpus:
            seconds = rates.seconds(job)
            assert seconds is not None, job.stage
            yield name, job, seconds / 3600


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--config", type=Path, default=Path(__file__).parents[1] / "config" / "paper.yaml")
    plan = Plan(yaml.safe_load(parser.parse_args().config.read_text()))
    hours: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    memory: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    longest: dict[str, float] = defaultdict(float)
    for name, job, duration in jobs(plan):
        hours[name][job.family] += duration
        memory[name][job.family] = max(memory[name][job.family], job.memory / 1e9)
        if job.family in GPU:
            longest[name] = max(longest[name], duration)
    names = sorted(hours, key=lambda name: -sum(hours[name].values()))
    stages = sorted(
        {stage for one in hours.values() for stage in one}, key=lambda s: -sum(h[s] for h in hours.values())
    )
    total = {name: sum(hours[name].values()) for name in names}
    print(f"| hours | {' | '.join(stages)} | all, one GPU | all, {MANY} GPUs | longest job |")
    print("|---" * (len(stages) + 4) + "|")
    for name in names:
        cells = [f"{hours[name][stage]:.1f}" for stage in stages]
        gpus = max(total[name] / MANY, longest[name])
        print(f"| {name} | {' | '.join(cells)} | {total[name]:.0f} | {gpus:.0f} | {longest[name]:.1f} |")
    every = sum(total.values())
    print(f"all corpora: {every:.0f} hours on one GPU, {max(every / MANY, max(longest.values())):.0f} on {MANY}\n")
    print(f"| GB of memory | {' | '.join(stages)} |\n{'|---' * (len(stages) + 1)}|")
    for name in names:
        print(f"| {name} | {' | '.join(f'{memory[name][stage]:.1f}' for stage in stages)} |")


if __name__ == "__main__":
    main()
