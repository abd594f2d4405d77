"""Training lists and a measured corpus made by hand, for the tests of the export."""

from pathlib import Path

import numpy as np
import pandas as pd

from listill import tables
from listill.corpus.collection import Collection
from listill.evaluation.topics import EvaluationQueries
from listill.export.measured_corpus import MeasuredCorpus
from listill.export.training_lists import Passage, TrainingList, TrainingLists

LAVA, ASH, TIDE = (
    Passage("d1", "Lava: it flows", 1.0),
    Passage("d2#q1", "Ash «falls»", 0.75),
    Passage("d3", "The tide", 0.25),
)


def lists() -> TrainingLists:
    """Return three lists: one with two positives, one with one, and one without a negative."""
    return TrainingLists(
        "small",
        [
            TrainingList("q1", "human", "what flows", [LAVA, ASH], [TIDE]),
            TrainingList("q2", "lead", "tide", [TIDE], [LAVA, Passage("d2", "Ash", 0.5)]),
            TrainingList("q3", "lead", "ash", [ASH], []),
        ],
    )


def corpus(folder: Path) -> MeasuredCorpus:
    """Return a corpus of three documents, one without a title, with a topic of each split and one synthetic query."""
    documents = Collection(["d1", "d2", "d3"], ["Lava", None, "Tide"], ["it\nflows", "ash", "comes «in»"], np.arange(3))
    topics = pd.DataFrame(
        {"query_id": ["t1", "t2", "t3"], "text": ["lava?", "dev\tash", "tide"], "split": ["train", "dev", "test"]}
    )
    qrels = pd.DataFrame(
        {
            "query_id": ["t1", "t2", "t3", "t3"],
            "doc_id": ["d1", "d2", "d3", "d1"],
            "relevance": [1, 2, 1, 0],
            "split": ["train", "dev", "test", "test"],
        }
    )
    queries = pd.concat(
        [
            topics[topics["split"] != "train"].assign(type="human"),
            pd.DataFrame({"query_id": ["s1"], "text": ["comes"], "split": ["heldout"], "type": ["lead"]}),
        ]
    )
    judged = pd.concat(
        [
            qrels[qrels["split"] != "train"],
            pd.DataFrame({"query_id": ["s1"], "doc_id": ["d3"], "relevance": [1], "split": ["heldout"]}),
        ]
    )
    run = {"query_id": ["t3", "t3", "s1"], "doc_id": ["d3", "d1", "d3"], "rank": [1, 2, 1], "score": [0.5, 0.25, 0.75]}
    tables.write(folder / "run.parquet", "runs", run, tables.Provenance("runs/small", "f", corpus="tiny"))
    return MeasuredCorpus(
        "tiny", documents, topics, qrels, EvaluationQueries(queries, judged), {"small": folder / "run.parquet"}
    )
