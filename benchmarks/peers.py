"""Compare students of listill with students of sentence-transformers' trainer, on the same lists of a finished run.

python benchmarks/peers.py results/quality/python_api/shared [--quick] [--seeds 3] [--rates 1e-4 ...] [--losses NAME
...]

The folder is the one in which the Snakefile ran, with its config.yaml (such as a folder of benchmarks/quality.py). Each
loss of sentence-transformers is trained with the queries, lists, epochs, batch size, lengths and precision of the
config's recipe, and with its temperatures if the loss has any. All other settings are the trainer's defaults (dropout
on, the last step is kept). There is one training per learning rate and seed; the learning rate is chosen on dev.
listill's students are those of the run (variants `listwise-s*`, or `listwise`). All students are measured on the test
topics with the same search. The output ends with a Markdown table (p: paired sign-flip test of the means over seeds),
and with lines `listill-NAME ratio VALUE`.
"""

import argparse
import logging
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import torch
import yaml
from datasets import Dataset
from quality import MEASURE, compared
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import (
    DistillKLDivLoss,
    MarginMSELoss,
    MultipleNegativesRankingLoss,
)
from sentence_transformers.util import pairwise_cos_sim

from listill import tables
from listill.corpus import collection
from listill.evaluation.measures import per_query
from listill.evaluation.topics import evaluation_queries
from listill.models.device import device, wants_bf16
from listill.models.locate import resolve
from listill.retrieval import embeddings
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.runs import with_ids
from listill.settings.config import Settings
from listill.settings.training import Recipe
from listill.stages import train as train_stage
from listill.training import examples as training_set
from listill.training.examples import Examples
from listill.training.temperature import with_teacher_temperature

# The losses, and whether they use the teacher's scores.
LOSSES: dict[str, tuple[Callable[[SentenceTransformer, Recipe], torch.nn.Module], bool]] = {
    "sentence-transformers-kl": (
        lambda model, recipe: DistillKLDivLoss(
            model,
            similarity_fct=pairwise_cos_sim,
            student_temperature=recipe.temperatures.student,
            teacher_temperature=recipe.temperatures.teacher,  # type: ignore[arg-type]
        ),
        True,
    ),
    "sentence-transformers-mnrl": (lambda model, _: MultipleNegativesRankingLoss(model), False),
    "sentence-transformers-margin-mse": (lambda model, _: MarginMSELoss(model, similarity_fct=pairwise_cos_sim), True),
}


class Run:
    """A finished run of the Snakefile: its config, its training set, and its topics."""

    def __init__(self, folder: Path) -> None:
        self.config = Settings(**yaml.safe_load((folder / "config.yaml").read_text()))
        (corpus,), ((self.name, self.student),) = self.config.corpora, self.config.students.items()
        self.results = folder / "results" / corpus
        variants = sorted(self.config.training.variants)
        self.variants = [name for name in variants if name == "listwise" or name.startswith("listwise-s")]
        if not self.variants:
            sys.exit(
                f"{folder}: there is no variant `listwise` to compare with; the variants are {', '.join(variants)}"
            )
        self.documents = collection.load(self.results / "corpus.parquet")
        files = [self.results / f"{name}.parquet" for name in ("topics", "qrels", "queries", "corpus")]
        self.topics = evaluation_queries(*files)
        stage = train_stage.settings(self.config, corpus, self.name, self.variants[0])
        lists = tables.read(self.results / "lists" / f"{self.name}.parquet", "lists")
        queries = tables.read(self.results / "queries.parquet", "queries")
        qrels = tables.read(self.results / "qrels.parquet", "qrels")
        self.examples = training_set.prepare(
            self.documents, lists, queries, qrels, stage.recipe, stage.variant, stage.training_seed
        )
        base = embeddings.load(self.results / "embeddings" / f"{self.name}.parquet", self.documents)
        # The teacher temperature `auto` is replaced by a number.
        self.recipe = with_teacher_temperature(
            stage.recipe, Encoder(self.student), self.examples, base, stage.training_seed
        )


def full_lists(examples: Examples) -> list[int]:
    """Return the positions of the lists that are as long as the longest list."""
    length = max(len(row) for row in examples.lists)
    return [q for q, row in enumerate(examples.lists) if len(row) == length]


def dataset(examples: Examples, with_scores: bool) -> Dataset:
    """Return columns query, positive, negative 1 to n, and the teacher's scores.

    The trainer needs lists of equal length. Lists that are shorter than the longest are left out.
    """
    full = full_lists(examples)
    length = len(examples.lists[full[0]])
    columns: dict[str, Any] = {"query": [examples.queries[q] for q in full]}
    for i in range(length):
        columns[f"passage_{i}"] = [examples.texts[examples.lists[q][i]] for q in full]
    if with_scores:
        columns["label"] = [examples.scores[q].tolist() for q in full]
    return Dataset.from_dict(columns)


def train(run: Run, name: str, rate: float, seed: int, out: Path) -> None:
    """Train the base student with a loss of sentence-transformers, and save it."""
    make_loss, with_scores = LOSSES[name]
    torch.manual_seed(seed)
    model = SentenceTransformer(
        str(resolve(run.student.model, run.student.revision, None)),
        model_kwargs={"attn_implementation": "eager"} if device().type == "cpu" else {},  # faster on a CPU
    )
    model.max_seq_length = run.recipe.max_length or run.student.max_length or model.max_seq_length
    with tempfile.TemporaryDirectory() as scratch:
        arguments = SentenceTransformerTrainingArguments(
            output_dir=scratch,
            num_train_epochs=run.recipe.epochs,
            per_device_train_batch_size=run.recipe.batch,
            learning_rate=rate,
            warmup_steps=run.recipe.warmup,
            weight_decay=run.recipe.weight_decay,
            bf16=wants_bf16(run.student.precision, device()),
            use_cpu=device().type == "cpu",
            seed=seed,
            save_strategy="no",
            report_to=[],
            disable_tqdm=True,
        )
        data = dataset(run.examples, with_scores)
        SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=make_loss(model, run.recipe)).train()
    model.save_pretrained(str(out))


def measure(run: Run, folder: Path) -> pd.DataFrame:
    """Return query_id, split and nDCG@10 of a trained model on human dev and test topics, over the whole corpus."""
    encoder, documents = Encoder(run.student, folder), run.documents
    topics = run.topics.queries.query("type == 'human'")
    texts = [documents.rendered(i) for i in range(len(documents))]
    retriever = DenseRetriever("", documents, encoder, encoder.encode(texts, "document"))
    query_ids = topics["query_id"].tolist()
    ranking = retriever.run(query_ids, topics["text"].tolist(), run.config.evaluation.depth)
    qrels = run.topics.qrels.merge(topics[["query_id", "split"]])
    values = per_query(with_ids(ranking, query_ids, documents), qrels, [MEASURE])
    return values.merge(topics[["query_id", "split"]], on="query_id")


def on_dev(values: pd.DataFrame) -> float:
    """Return the mean over dev topics and seeds."""
    return float(values.query("split == 'dev'")["value"].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="folder in which the Snakefile ran, with config.yaml and results/")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one seed, one learning rate, one loss: under 10 minutes for the demo's run",
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--rates",
        type=float,
        nargs="+",
        help="learning rates; default: half of the recipe's, the recipe's, and twice that",
    )
    parser.add_argument(
        "--losses", nargs="+", metavar="NAME", choices=LOSSES, help=f"losses; default: all of {', '.join(LOSSES)}"
    )
    options = parser.parse_args()
    run = Run(options.folder)
    rate = run.recipe.learning_rate
    rates = options.rates or ([rate] if options.quick else [rate / 2, rate, 2 * rate])
    seeds = range(1 if options.quick else options.seeds)
    losses = options.losses or (list(LOSSES)[:1] if options.quick else list(LOSSES))
    full, lists = len(full_lists(run.examples)), len(run.examples)
    print(
        f"# sentence-transformers trains on the {full} of {lists} lists with equal length, listill on all of them",
        flush=True,
    )
    measured = pd.read_parquet(run.results / "per_query.parquet").query("measure == @MEASURE")
    wide = measured.pivot_table(index=["split", "query_id"], columns="system", values="value")
    ours = wide[[f"{run.name}.{variant}" for variant in run.variants]].mean(axis=1)
    rows = [("base", "", wide.loc["dev", run.name].mean(), wide.loc["test", run.name])]
    rows.append(("listill", f"{rate:g}", ours["dev"].mean(), ours["test"]))
    with tempfile.TemporaryDirectory() as scratch:
        for name in losses:
            by_rate: dict[float, pd.DataFrame] = {}
            for rate in rates:
                folders = [Path(scratch) / f"{name}-{rate:g}-{seed}" for seed in seeds]
                for seed, folder in zip(seeds, folders, strict=True):
                    train(run, name, rate, seed, folder)
                by_rate[rate] = pd.concat([measure(run, folder) for folder in folders])
                print(f"# {name} {rate:g}: dev {on_dev(by_rate[rate]):.4f}", flush=True)
            best = max(by_rate, key=lambda rate: on_dev(by_rate[rate]))
            test = by_rate[best].query("split == 'test'").groupby("query_id")["value"].mean()
            rows.append((name, f"{best:g}", on_dev(by_rate[best]), test))
    print("| system | learning rate | dev | test | lead of listill | p |\n|---|---|---|---|---|---|")
    for name, shown_rate, dev, test in rows:
        difference = ("", "") if name == "listill" else compared(ours["test"], test, run.topics)
        print("| " + " | ".join([name, shown_rate, f"{dev:.4f}", f"{test.mean():.4f}", *difference]) + " |")
    ratios = [
        f"listill-{name} ratio {ours['test'].mean() / test.mean():.4f}"
        for name, _, _, test in rows
        if name != "listill"
    ]
    print("\n" + "\n".join(ratios))


if __name__ == "__main__":
    logging.getLogger("listill").setLevel(logging.WARNING)
    main()
