"""Students of sentence-transformers' trainer beside listill's, from the same lists of a run that is done.

python benchmarks/peers.py results/quality/python_api/shared [--quick] [--seeds 3] [--rates 1e-4 ...] [--losses NAME ...]

The folder is where the Snakefile ran, with its config.yaml (benchmarks/quality.py leaves one). Each loss of the peer is
trained with the queries, lists, epochs, batch, lengths and precision of the config's recipe, and its temperatures where the
loss has such, as its trainer comes (dropout on, the last step kept), once for each learning rate and seed; the rate that is
best on dev counts. listill's students are those of the run (variants `listwise-s*`, or `listwise`). All are measured by the
same search on the test topics. At the end stands a Markdown table (p: paired sign-flip test of the means over seeds), and
lines `listill-NAME ratio VALUE`.
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

# The losses, and what of the lists they want: the teacher's scores, or not.
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
    """What a run of the Snakefile left: its config, its training set, and its topics."""

    def __init__(self, folder: Path) -> None:
        self.config = Settings(**yaml.safe_load((folder / "config.yaml").read_text()))
        (corpus,), ((self.name, self.student),) = self.config.corpora, self.config.students.items()
        self.results = folder / "results" / corpus
        variants = sorted(self.config.training.variants)
        self.own = [name for name in variants if name == "listwise" or name.startswith("listwise-s")]
        if not self.own:
            sys.exit(f"{folder}: no variant listwise to compare with; there are {', '.join(variants)}")
        self.documents = collection.load(self.results / "corpus.parquet")
        files = [self.results / f"{name}.parquet" for name in ("topics", "qrels", "queries", "corpus")]
        self.topics = evaluation_queries(*files)
        stage = train_stage.settings(self.config, corpus, self.name, self.own[0])
        lists = tables.read(self.results / "lists" / f"{self.name}.parquet", "lists")
        chosen = training_set.choose_lists(lists, stage.recipe, stage.variant, stage.training_seed)
        judged = tables.read(self.results / "qrels.parquet", "qrels").query("split == 'train'")
        queries = tables.read(self.results / "queries.parquet", "queries")
        self.examples = training_set.load(self.documents, chosen, queries, judged)
        base = embeddings.load(self.results / "embeddings" / f"{self.name}.parquet", self.documents)
        # With a number where the config says `auto`.
        self.recipe = with_teacher_temperature(
            stage.recipe, Encoder(self.student), self.examples, base, stage.training_seed
        )


def of_one_length(examples: Examples) -> list[int]:
    """Return the positions of the lists that are as long as the longest."""
    length = max(len(row) for row in examples.lists)
    return [q for q, row in enumerate(examples.lists) if len(row) == length]


def dataset(examples: Examples, with_scores: bool) -> Dataset:
    """Return columns query, positive, negative 1 to n, and the teacher's scores.

    The trainer needs lists of one length: of the longest; shorter ones are left out.
    """
    whole = of_one_length(examples)
    length = len(examples.lists[whole[0]])
    columns: dict[str, Any] = {"query": [examples.queries[q] for q in whole]}
    for i in range(length):
        columns[f"passage_{i}"] = [examples.texts[examples.lists[q][i]] for q in whole]
    if with_scores:
        columns["label"] = [examples.scores[q].tolist() for q in whole]
    return Dataset.from_dict(columns)


def train(run: Run, name: str, rate: float, seed: int, out: Path) -> None:
    """Train the base student with a loss of sentence-transformers; save it."""
    kind, with_scores = LOSSES[name]
    torch.manual_seed(seed)
    model = SentenceTransformer(
        str(resolve(run.student.model, run.student.revision, None)),
        model_kwargs={"attn_implementation": "eager"} if device().type == "cpu" else {},  # the faster one there
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
        SentenceTransformerTrainer(model, arguments, train_dataset=data, loss=kind(model, run.recipe)).train()
    model.save_pretrained(str(out))


def measure(run: Run, folder: Path) -> pd.DataFrame:
    """Return query_id, split and nDCG@10 of a trained model on human dev and test topics, searched in the whole corpus."""
    encoder, documents = Encoder(run.student, folder), run.documents
    asked = run.topics.queries.query("type == 'human'")
    texts = [documents.rendered(i) for i in range(len(documents))]
    retriever = DenseRetriever("", documents, encoder, encoder.encode(texts, "document"))
    query_ids = asked["query_id"].tolist()
    found = retriever.run(query_ids, asked["text"].tolist(), run.config.evaluation.depth)
    qrels = run.topics.qrels.merge(asked[["query_id", "split"]])
    values = per_query(with_ids(found, query_ids, documents), qrels, [MEASURE])
    return values.merge(asked[["query_id", "split"]], on="query_id")


def on_dev(found: pd.DataFrame) -> float:
    """Return the mean over dev topics and seeds."""
    return float(found.query("split == 'dev'")["value"].mean())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="where the Snakefile ran: config.yaml and results/")
    parser.add_argument(
        "--quick",
        action="store_true",
        help="one seed, one learning rate, one loss: under 10 minutes for the demo's run",
    )
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument(
        "--rates", type=float, nargs="+", help="learning rates; default: half of the recipe's, it, its double"
    )
    parser.add_argument("--losses", nargs="+", metavar="NAME", choices=LOSSES, help=f"of {', '.join(LOSSES)}")
    options = parser.parse_args()
    run = Run(options.folder)
    own = run.recipe.learning_rate
    rates = options.rates or ([own] if options.quick else [own / 2, own, 2 * own])
    seeds = range(1 if options.quick else options.seeds)
    losses = options.losses or (list(LOSSES)[:1] if options.quick else list(LOSSES))
    whole, lists = len(of_one_length(run.examples)), len(run.examples)
    print(f"# {whole} of {lists} lists have the length that the peer needs; listill trained on all", flush=True)
    measured = pd.read_parquet(run.results / "per_query.parquet").query("measure == @MEASURE")
    wide = measured.pivot_table(index=["split", "query_id"], columns="system", values="value")
    ours = wide[[f"{run.name}.{variant}" for variant in run.own]].mean(axis=1)
    rows = [("base", "", wide.loc["dev", run.name].mean(), wide.loc["test", run.name])]
    rows.append(("listill", f"{own:g}", ours["dev"].mean(), ours["test"]))
    with tempfile.TemporaryDirectory() as scratch:
        for name in losses:
            found: dict[float, pd.DataFrame] = {}
            for rate in rates:
                folders = [Path(scratch) / f"{name}-{rate:g}-{seed}" for seed in seeds]
                for seed, folder in zip(seeds, folders, strict=True):
                    train(run, name, rate, seed, folder)
                found[rate] = pd.concat([measure(run, folder) for folder in folders])
                print(f"# {name} {rate:g}: dev {on_dev(found[rate]):.4f}", flush=True)
            best = max(found, key=lambda rate: on_dev(found[rate]))
            test = found[best].query("split == 'test'").groupby("query_id")["value"].mean()
            rows.append((name, f"{best:g}", on_dev(found[best]), test))
    print("| side | learning rate | dev | test | listill - it | p |\n|---|---|---|---|---|---|")
    for name, shown, dev, test in rows:
        difference = ("", "") if name == "listill" else compared(ours["test"], test)
        print("| " + " | ".join([name, shown, f"{dev:.4f}", f"{test.mean():.4f}", *difference]) + " |")
    ratios = [
        f"listill-{name} ratio {ours['test'].mean() / test.mean():.4f}"
        for name, _, _, test in rows
        if name != "listill"
    ]
    print("\n" + "\n".join(ratios))


if __name__ == "__main__":
    logging.getLogger("listill").setLevel(logging.WARNING)
    main()
