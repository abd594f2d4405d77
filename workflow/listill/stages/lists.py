"""Build the training lists of a student: normalise and weigh the teachers' scores, filter queries, choose candidates."""

import logging
from typing import TYPE_CHECKING, Any

from listill.settings import Lists, Name, Settings, TeacherEnsemble
from listill.stages.command import In, Job, MaybeIn, Out, StageSettings, main

if TYPE_CHECKING:
    import pandas as pd

    from listill.corpus.collection import Collection

VERSION = 3
log = logging.getLogger("listill")


class ListsStage(StageSettings):
    """What the lists depend on."""

    student: str = "student"
    own: str | None = None  # the retriever whose candidates are the student's; default: its base model
    found_within: int | None = None
    lists: Lists = Lists()
    weights: dict[Name, float] = {name: m.weight for name, m in TeacherEnsemble().members.items()}
    normalise: Any = "minmax"
    seed: int = 42


def settings(config: Settings, corpus: str, student: str) -> ListsStage:
    """Return the settings of this stage for one student; in the second round it is named ``student.variant``."""
    consistency = config.mining.consistency
    return ListsStage(
        version=VERSION,
        student=student,
        own=config.training.lists.own.get(student),
        found_within=consistency.top if consistency.require == "own" else None,
        lists=config.training.lists.model_copy(update={"own": {}}),
        weights={name: member.weight for name, member in config.teacher.members.items()},
        normalise=config.teacher.normalise,
        seed=config.seed,
    )


def own_candidates(
    found: "pd.DataFrame",
    positives: "pd.DataFrame",
    asked: "pd.DataFrame",
    documents: "Collection",
    settings: ListsStage,
) -> tuple["pd.DataFrame", set[str]]:
    """Return the candidates that the student's lists are made of, and the synthetic queries that lost their passage.

    ``found``: query_id, doc_id, retriever, rank of the queries ``asked``. A positive is in the list whoever found it.
    """
    import pandas as pd

    from listill.candidates.pool import POSITIVE, found_again
    from listill.queries.passages import HUMAN

    own = settings.own or settings.student
    lost: set[str] = set()
    if settings.found_within is not None:
        again = found_again(found, asked["doc_id"], documents, own, settings.found_within)
        lost = set(asked.index[asked["type"] != HUMAN]) & set(found["query_id"]) - again
    if settings.lists.retrievers == "own":
        ids = ["query_id", "doc_id"]
        positive = pd.MultiIndex.from_frame(found[ids]).isin(pd.MultiIndex.from_frame(positives[ids]))
        found = found[found["retriever"].isin(["bm25", own, POSITIVE]) | positive]
    return found[~found["query_id"].isin(lost)].drop_duplicates(["query_id", "doc_id"]), lost


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
    """Write lists/<student>.parquet and its funnel."""
    import numpy as np
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.queries.cleaning import funnel as count
    from listill.queries.passages import HUMAN
    from listill.teachers.ensemble import combine
    from listill.training.lists import Pool, choose, quality, teacher_agrees, trusting

    documents = collection.load(corpus)
    asked = tables.read(queries, "queries").query("split == 'train'").set_index("query_id", drop=False)
    judged = tables.read(qrels, "qrels").query("split == 'train' and relevance > 0")
    positives = pd.concat([asked[["query_id", "doc_id"]].reset_index(drop=True), judged[["query_id", "doc_id"]]])
    found = tables.read(candidates, "candidates", ["query_id", "doc_id", "retriever", "rank"])
    found, lost = own_candidates(found[found["query_id"].isin(asked.index)], positives, asked, documents, settings)
    raw = tables.read(scores, "scores").merge(found[["query_id", "doc_id"]], on=["query_id", "doc_id"])
    try:
        pool = combine(raw, settings.weights, settings.normalise)
    except ValueError as error:
        raise UserError(f"{scores}: {error}; score the candidates again") from None

    pool = pool.merge(positives.drop_duplicates().assign(positive=True), on=["query_id", "doc_id"], how="left")
    pool["positive"] = pool["positive"].notna()
    pool["document"] = documents.positions(pool["doc_id"].tolist(), str(scores))
    banned = np.zeros(len(documents), dtype=bool)
    if heldout is not None:
        banned[documents.positions(tables.read(heldout, "heldout")["doc_id"].tolist(), str(heldout))] = True

    verdict, rows = dict.fromkeys(sorted(lost), "inconsistent"), []
    for query_id, own in pool.sort_values(["query_id", "document"]).groupby("query_id"):
        one = Pool(own["document"].to_numpy(), own["score"].to_numpy(), own["positive"].to_numpy())
        synthetic = asked.at[query_id, "type"] != HUMAN
        if synthetic and settings.lists.top1 and not teacher_agrees(one, documents.group):
            verdict[query_id] = "teacher disagrees"
            continue
        if one.scores.max() == one.scores.min():
            verdict[query_id] = "teacher undecided"
            continue
        if not synthetic and settings.lists.judgement_margin is not None:
            one = trusting(one, settings.lists.judgement_margin)
        chosen, values = choose(one, documents.group, banned, settings.lists, f"{settings.seed}:{query_id}")
        if len(chosen) < 2:
            verdict[query_id] = "no negatives"
            continue
        verdict[query_id] = "kept"
        rows.append((query_id, [documents.doc_ids[i] for i in chosen], values.astype(np.float32)))
    lists = pd.DataFrame(rows, columns=["query_id", "doc_ids", "scores"]).set_index("query_id", drop=False)
    if settings.lists.quality_percentile and len(lists):
        first = pd.DataFrame({"query_id": lists["query_id"], "doc_id": lists["doc_ids"].str[0]}).reset_index(drop=True)
        wide = raw.pivot(index=["query_id", "doc_id"], columns="teacher", values="score")
        best = wide.loc[pd.MultiIndex.from_frame(first)]
        teachers = list(settings.weights)
        good = quality(
            {t: best[t].to_numpy() for t in teachers}, settings.weights, {t: wide[t].to_numpy() for t in teachers}
        )
        synthetic = asked.loc[lists.index, "type"] != HUMAN
        if synthetic.any():
            among = good[synthetic]
            if settings.lists.quality_of == "all":
                kept = wide[wide.index.get_level_values("query_id").isin(lists.index[synthetic])]
                among = quality(
                    {t: kept[t].to_numpy() for t in teachers},
                    settings.weights,
                    {t: wide[t].to_numpy() for t in teachers},
                )
            low = good < np.percentile(among, settings.lists.quality_percentile)
            for query_id in lists.index[low & synthetic]:
                verdict[query_id] = "low quality"
            lists = lists[~(low & synthetic)]
    reached = asked.loc[list(verdict)]
    counts = count("lists", reached, pd.Series(verdict)[reached.index])
    for reason, number in counts.groupby("reason")["queries"].sum().items():
        log.info("lists: %d %s", number, reason)
    if lists.empty:
        raise UserError("no list is left to train on: the teacher ranks no source passage first; see the counts above")
    lists = lists.assign(type=asked.loc[lists.index, "type"], split="train").sort_index()
    job.write(funnel, "funnel", counts, f"funnel/lists/{settings.student}")
    job.write(out, "lists", lists, f"lists/{settings.student}")


if __name__ == "__main__":
    main(run, ListsStage, "lists")
