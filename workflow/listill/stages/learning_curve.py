"""Train a variant on a share of its lists and measure it: one point of a learning curve. The model is not kept."""

from listill.settings.config import Settings
from listill.settings.evaluation import Evaluation
from listill.stages.command import In, MaybeIn, Others, Out, main
from listill.stages.job import Job
from listill.stages.train import TrainStage, trained
from listill.stages.train import settings as of_variant

VERSION = 1
DEFAULTS = Evaluation()


class LearningCurveStage(TrainStage):
    """The settings that a point of a learning curve depends on; ``share`` is that of the lists."""

    share: float = 1.0
    measures: list[str] = DEFAULTS.measures
    depth: int = DEFAULTS.depth


def settings(config: Settings, corpus: str, student: str, variant: str, percent: str) -> LearningCurveStage:
    """Return the settings of this stage for one variant of one student, on a share of its lists."""
    whole, evaluation = of_variant(config, corpus, student, variant), config.evaluation
    recipe = whole.recipe.model_copy(update={"tensorboard": False})  # which is for the whole training
    own = {"version": VERSION, "share": int(percent) / 100, "measures": evaluation.measures, "depth": evaluation.depth}
    return LearningCurveStage(**dict(whole) | own | {"recipe": recipe})


def run(
    settings: LearningCurveStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    lists: In,
    tokens: In,
    embeddings: In,
    out: Out,
    guide: MaybeIn = None,
    dev_candidates: MaybeIn = None,
    anchor_texts: Others = [],
    retention: Others = [],
) -> None:
    """Write learning_curve/<student>.<variant>.<percent>.parquet; the other options are those of the stage ``train``."""
    from listill.evaluation.measures import per_query
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval.dense import DenseRetriever
    from listill.retrieval.runs import with_ids
    from listill.training.parts import Files

    files = Files(corpus, topics, qrels, queries, lists, tokens, embeddings, guide, dev_candidates, anchor_texts)
    with trained(settings, job, files, retention, out, settings.share) as (encoder, loaded, decision):
        if decision:
            evaluated = evaluation_queries(topics, qrels, queries, corpus)
            asked = evaluated.judged[evaluated.judged["split"] != "dev"]
            documents = loaded.whole.selector.collection
            retriever = DenseRetriever("", documents, encoder, decision.embeddings[0])
            run = retriever.run(asked["query_id"].tolist(), asked["text"].tolist(), settings.depth)
            ranking = with_ids(run, asked["query_id"].tolist(), documents)
            relevant = evaluated.qrels[evaluated.qrels["query_id"].isin(asked["query_id"])]
            values = per_query(ranking, relevant, settings.measures).merge(asked[["query_id", "split"]], on="query_id")
            system = f"{settings.name}.{settings.variant}"
            values = values.assign(system=system, share=settings.share, lists=len(loaded.part.examples))
            job.write(out, "learning_curve", values, f"learning_curve/{system}.{round(100 * settings.share)}")


if __name__ == "__main__":
    main(run, LearningCurveStage, "learning_curve")
