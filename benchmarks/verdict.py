"""How far the verdict on a finished run can be trusted: simulations with the differences of its queries.

python benchmarks/verdict.py results/python_api --system minilm.listwise

The differences are those of a trained system and its base model in nDCG@10, query by query. Printed are

- how much queries of the same documents resemble each other: the intraclass correlation of the differences;
- the level: how often a test with p < 0.05 finds a difference where there is none, if signs are flipped for queries and
  for clusters of queries;
- the power: how often n test topics find a true difference of a given size;
- how often the base model is kept though training helped, if n dev topics decide: alone, and together with the
  synthetic dev queries that join them (represented by the held-out queries);
- how much a part of the corpus favours other systems over the base model: their difference from it on the whole corpus,
  on a part with the base model's hard documents only, and on a part with those of BM25, too.
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT / "workflow"))

from listill import tables  # noqa: E402
from listill.corpus import collection  # noqa: E402
from listill.evaluation.measures import per_query  # noqa: E402
from listill.evaluation.significance import Sample, sign_flip  # noqa: E402
from listill.evaluation.topics import EvaluationQueries, dev_weights, evaluation_queries  # noqa: E402
from listill.measure_names import SELECTION  # noqa: E402
from listill.retrieval import embeddings, stored_tokens  # noqa: E402
from listill.retrieval.bm25 import Bm25Retriever  # noqa: E402
from listill.retrieval.encoder import Encoder  # noqa: E402
from listill.retrieval.runs import with_ids  # noqa: E402
from listill.settings.bm25 import Bm25  # noqa: E402
from listill.settings.students import Student  # noqa: E402
from listill.settings.training import Selection  # noqa: E402
from listill.system_names import without_seed  # noqa: E402
from listill.training.selection import selector, whole_corpus  # noqa: E402

DRAWS, RESAMPLES, LEVEL = 1000, 500, 0.05
SIZES = (1, 2, 4, 10, 20, 30, 50, 100, 200)


def differences(folder: Path, system: str) -> dict[str, "pd.Series[float]"]:
    """Return the differences of a system (the mean of its seeds) and its base model by query_id, for each split."""
    values = tables.read(folder / "per_query.parquet", "per_query")
    values = values[values["measure"] == SELECTION].assign(system=values["system"].map(without_seed))
    wide = values.pivot_table(index=["split", "query_id"], columns="system", values="value")
    difference = wide[system] - wide[system.partition(".")[0]]
    return {str(split): difference.loc[split] for split in wide.index.unique("split")}


def intraclass(difference: np.ndarray, cluster: np.ndarray) -> float:
    """Return the intraclass correlation (one-way analysis of variance, for clusters of different sizes)."""
    frame = pd.DataFrame({"value": difference, "cluster": cluster})
    groups = frame.groupby("cluster")["value"]
    sizes, means = groups.size().to_numpy(), groups.mean().to_numpy()
    n, k = len(frame), len(sizes)
    between = (sizes * (means - difference.mean()) ** 2).sum() / (k - 1)
    within = ((difference - groups.transform("mean")) ** 2).sum() / (n - k)
    size = (n - (sizes**2).sum() / n) / (k - 1)
    return float((between - within) / (between + (size - 1) * within))


def levels(difference: np.ndarray, sample: Sample, rng: np.random.Generator) -> tuple[float, float]:
    """Return how often queries and clusters as units reject a true null hypothesis.

    A draw has as many clusters as the run. The mean difference is subtracted, and each cluster gets a random sign.
    """
    members = [np.flatnonzero(sample.cluster == c) for c in range(sample.clusters)]
    centred = difference - difference.mean()
    rejected = np.zeros(2)
    for draw in range(DRAWS):
        chosen = rng.integers(0, len(members), len(members))
        signs = rng.choice([-1.0, 1.0], len(members))
        parts = [sign * centred[members[c]] for c, sign in zip(chosen, signs, strict=True)]
        sums = np.array([part.sum() for part in parts])
        rejected += [sign_flip(units, RESAMPLES, draw) < LEVEL for units in (np.concatenate(parts), sums)]
    return float(rejected[0] / DRAWS), float(rejected[1] / DRAWS)


def power(difference: np.ndarray, effect: float, count: int, rng: np.random.Generator) -> float:
    """Return how often ``count`` independent topics find a true difference of ``effect``."""
    shifted = difference - difference.mean() + effect
    found = [sign_flip(rng.choice(shifted, count), RESAMPLES, draw) < LEVEL for draw in range(DRAWS)]
    return float(np.mean(found))


def base_kept(topics: np.ndarray, synthetic: np.ndarray, count: int, rng: np.random.Generator) -> tuple[float, float]:
    """Return how often the base is kept by ``count`` dev topics alone, and by them and synthetic queries together."""
    weight = dev_weights(np.repeat([True, False], [count, len(synthetic)]), min_topics=30)
    kept = np.zeros(2)
    for _ in range(DRAWS):
        drawn, joined = rng.choice(topics, count), rng.choice(synthetic, len(synthetic))
        kept += [drawn.mean() <= 0, np.average(np.concatenate([drawn, joined]), weights=weight) <= 0]
    return float(kept[0] / DRAWS), float(kept[1] / DRAWS)


def on_parts(folder: Path, system: str, queries: int, documents: int) -> None:
    """Print the differences from the base model on dev topics, on the whole corpus and on parts, for eight draws."""
    about = json.loads((folder / "models" / system.replace(".", "/") / "listill.json").read_text())
    student = Student.model_validate(about["details"]["settings"]["student"])
    documents_of_corpus = collection.load(folder / "corpus.parquet")
    base_name = system.partition(".")[0]
    tokens = stored_tokens.load(folder / "tokens" / f"{base_name}.parquet", documents_of_corpus)
    encoders = {base_name: Encoder(student), system: Encoder(student, folder / "models" / system.replace(".", "/"))}
    matrices = {
        name: embeddings.load(folder / "embeddings" / f"{name}.parquet", documents_of_corpus) for name in encoders
    }
    whole = whole_corpus(documents_of_corpus, evaluated(folder), encoders[base_name], tokens)
    bm25 = Bm25Retriever("bm25", documents_of_corpus, Bm25()).run(whole.query_ids, whole.queries, len(tokens))
    bm25 = with_ids(bm25, whole.query_ids, documents_of_corpus)
    candidates = tables.read(folder / "dev_candidates.parquet", "candidates")
    rows: dict[str, list[list[float]]] = {system: [], "bm25": []}
    for seed in range(8):
        selection = Selection(queries=queries, documents=documents)
        arguments = (whole, evaluated(folder), encoders[base_name], matrices[base_name])
        everything = selector(*arguments, Selection(queries=queries, documents=len(tokens)), seed)[0]
        parts = [everything, *(selector(*arguments, selection, seed, found)[0] for found in (None, candidates))]
        values: dict[str, list[float]] = {name: [] for name in (base_name, system, "bm25")}
        for part in parts:
            chosen = documents_of_corpus.positions(part.collection.doc_ids, "part")
            for name, encoder in encoders.items():
                values[name].append(part.measure(encoder, matrices[name][chosen]))
            run = bm25[bm25["doc_id"].isin(part.collection.doc_ids) & bm25["query_id"].isin(part.query_ids)]
            values["bm25"].append(float(per_query(run, part.qrels, [SELECTION])["value"].mean()))
        for name in rows:
            rows[name].append([value - base for value, base in zip(values[name], values[base_name], strict=True)])
    for name, draws in rows.items():
        on_whole, base_only, several = np.array(draws).T
        print(
            f"{name} minus {base_name} on dev, 8 draws of {queries} queries: whole corpus {on_whole.mean():+.4f}; part of "
            f"{documents} documents {base_only.mean():+.4f} (better than the base in {(base_only > 0).sum()} draws); with "
            f"hard documents of several systems {several.mean():+.4f} (better in {(several > 0).sum()})"
        )


def evaluated(folder: Path) -> EvaluationQueries:
    """Return the evaluation queries of a run."""
    return evaluation_queries(*(folder / f"{name}.parquet" for name in ("topics", "qrels", "queries", "corpus")))


def main() -> None:
    """Print the simulations for one run."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, metavar="results/CORPUS")
    parser.add_argument("--system", required=True, help="a trained system, such as minilm.listwise")
    parser.add_argument("--effects", type=float, nargs="+", default=[0.07], help="true differences for the power")
    parser.add_argument("--queries", type=int, default=150, help="dev queries of the parts")
    parser.add_argument("--documents", type=int, default=700, help="documents of the parts")
    arguments = parser.parse_args()
    queries, rng = evaluated(arguments.folder), np.random.default_rng(0)
    by_split = differences(arguments.folder, arguments.system)
    for split, series in by_split.items():
        sample = queries.sample(series.index.tolist())
        values = series.to_numpy()
        by_query, by_cluster = levels(values, sample, rng)
        correlation = intraclass(values, sample.cluster) if sample.clusters < len(values) else float("nan")
        print(
            f"{split}: {len(values)} queries, {sample.clusters} clusters, mean {values.mean():+.3f}, standard deviation "
            f"{values.std():.3f}, intraclass correlation {correlation:.3f}; level of 0.05 in fact {by_query:.3f} by "
            f"queries, {by_cluster:.3f} by clusters"
        )
    topics, synthetic = by_split["test"].to_numpy(), by_split["heldout"].to_numpy()
    for effect in arguments.effects:
        found = [f"{count} topics {power(topics, effect, count, rng):.2f}" for count in SIZES if count >= 10]
        print(f"power for a true difference of {effect:+.2f}: {', '.join(found)}")
    for count in (size for size in SIZES if size <= 30):
        alone, joined = base_kept(topics, synthetic, count, rng)
        print(f"{count} dev topics: base kept {alone:.2f} by them alone, {joined:.2f} with synthetic queries")
    on_parts(arguments.folder, arguments.system, arguments.queries, arguments.documents)


if __name__ == "__main__":
    main()
