"""Build the training lists of a student: combine the teachers' scores, filter the queries, choose the documents."""

import logging
from typing import TYPE_CHECKING, Any

from listill.section import Name
from listill.settings.config import Settings
from listill.settings.lists import Lists
from listill.settings.teacher import TeacherEnsemble
from listill.stages.command import In, MaybeIn, Out, main
from listill.stages.job import Job, StageSettings
from listill.system_names import SECOND

if TYPE_CHECKING:
    from listill.lists.all_lists import AllLists

VERSION = 4
log = logging.getLogger("listill")


class ListsStage(StageSettings):
    """The settings that the lists depend on."""

    student: str = "student"  # the name of the lists, see ``settings``
    retriever: str | None = None  # the retriever whose candidates are used; default: the student's base model
    found_within: int | None = None
    lists: Lists = Lists()
    weights: dict[Name, float] = {name: member.weight for name, member in TeacherEnsemble().members.items()}
    normalise: Any = "minmax"
    seed: int = 42


def settings(config: Settings, corpus: str, student: str) -> ListsStage:
    """Return the settings of this stage for the lists of one student.

    The lists are named ``student``, ``student.variant`` if they are the variant's own, or ``student.variant-round2``.
    """
    consistency, training = config.mining.consistency, config.training
    base, _, variant = student.partition(".")
    lists = training.lists_of(variant) if variant else training.lists
    retriever = lists.candidates_from.get(base, base if variant else None)
    return ListsStage(
        version=VERSION,
        student=student,
        retriever=student.removesuffix(SECOND) if student.endswith(SECOND) else retriever,
        found_within=consistency.top if consistency.require == "student" else None,
        lists=lists.model_copy(update={"candidates_from": {}}),
        weights=config.teacher.weights(training.teachers_of(variant) if variant else None),
        normalise=config.teacher.normalise,
        seed=config.seed,
    )


def run(
    settings: ListsStage,
    job: Job,
    corpus: In,
    queries: In,
    qrels: In,
    candidates: In,
    scores: In,
    out: Out,
    funnel: Out,
    heldout: MaybeIn = None,
) -> None:
    """Write the lists and their funnel."""
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.funnel import count_reasons
    from listill.lists.all_lists import Pool, all_lists
    from listill.lists.build import Ensemble
    from listill.lists.by_query import ByQuery

    documents = collection.load(corpus)
    train_queries = tables.read(queries, "queries").query("split == 'train'")
    train_queries = train_queries.sort_values("query_id").set_index("query_id", drop=False)
    judged = tables.read(qrels, "qrels").query("split == 'train' and relevance > 0")
    ids = ["query_id", "doc_id"]
    positives = pd.concat([train_queries.assign(relevance=1), judged], ignore_index=True)[[*ids, "relevance"]]
    banned = documents.mask([] if heldout is None else tables.read(heldout, "heldout")["doc_id"].tolist(), str(heldout))
    query_ids = train_queries.index.tolist()
    pool = Pool(
        ByQuery(candidates, "candidates", query_ids, [*ids, "retriever", "rank"]),
        ByQuery(scores, "scores", query_ids, [*ids, "teacher", "score"]),
        retriever=settings.retriever or settings.student,
        all_retrievers=settings.lists.retrievers == "all",
        found_within=settings.found_within,
    )
    ensemble = Ensemble(settings.weights, settings.normalise)
    try:
        result = all_lists(train_queries, positives, documents, banned, pool, ensemble, settings.lists, settings.seed)
    except ValueError as error:
        raise UserError(f"{scores}: {error}") from None
    outcome = pd.Series(result.reasons, dtype=object)
    counts = count_reasons("lists", train_queries.loc[outcome.index], outcome)
    for reason, number in counts.groupby("reason")["queries"].sum().items():
        log.info("lists: %d %s", number, reason)
    if not len(result.lists):
        raise UserError("training.lists: no list is left to train on: see the counts above, and relax the filters")
    _report(job, result)
    job.write(funnel, "funnel", counts, f"funnel/lists/{settings.student}")
    job.write(out, "lists", result.lists, f"lists/{settings.student}")


def _report(job: Job, result: "AllLists") -> None:
    """Log the thresholds of min_score and the number of near positives, and add them to the provenance."""
    import pyarrow.compute as pc

    for teacher, one in result.thresholds.items():
        origin = f" (from {one['random_pairs']} random pairs)" if one["random_pairs"] else ""
        message = "lists: min_score of %s: %.4g%s; %d of %d synthetic queries are below"
        log.info(message, teacher, one["threshold"], origin, one["below"], one["queries"])
    near = pc.list_value_length(result.lists["near_positives"]).fill_null(0).to_numpy()
    if near.any():
        log.info("lists: %d near positives of %d queries", near.sum(), (near > 0).sum())
    job.details["min_score"] = result.thresholds
    job.details["near_positives"] = {"documents": int(near.sum()), "queries": int((near > 0).sum())}


if __name__ == "__main__":
    main(run, ListsStage, "lists")
