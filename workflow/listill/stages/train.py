"""Train one variant of a student on its lists; keep the step that is best on dev queries."""

import logging
import os
import shutil

from listill.settings import Recipe, Settings, Student
from listill.stages.command import In, Job, Out, StageSettings, main

VERSION = 1
# Lists on which the temperature is matched.
SAMPLE = 512
log = logging.getLogger("listill")


class TrainStage(StageSettings):
    """What a trained student depends on."""

    name: str = "student"
    variant: str = "variant"
    student: Student
    recipe: Recipe = Recipe()
    seed: int = 42


def settings(config: Settings, corpus: str, student: str, variant: str) -> TrainStage:
    """Return the settings of this stage for one variant of one student."""
    return TrainStage(
        version=VERSION,
        name=student,
        variant=variant,
        student=config.students[student],
        recipe=config.training.recipe(variant),
        seed=config.seed,
    )


def run(
    settings: TrainStage,
    job: Job,
    corpus: In,
    topics: In,
    qrels: In,
    queries: In,
    lists: In,
    embeddings: In,
    out: Out,
) -> None:
    """Write the model folder ``out`` with history.parquet in it; ``embeddings`` are the base student's."""
    import numpy as np
    import pandas as pd

    from listill import tables
    from listill.corpus import collection
    from listill.errors import UserError
    from listill.evaluation.topics import evaluation_queries
    from listill.retrieval import embeddings as vectors
    from listill.retrieval.encoder import Encoder
    from listill.training import examples as training_set
    from listill.training.loop import train
    from listill.training.save import save
    from listill.training.selection import selector

    if out.exists():  # what Snakemake left of an earlier version
        shutil.rmtree(out)
    recipe = settings.recipe
    documents = collection.load(corpus)
    chosen = tables.read(lists, "lists").sort_values("query_id", ignore_index=True)
    if recipe.types is not None:
        if unknown := set(recipe.types) - set(chosen["type"]):
            there = ", ".join(sorted(set(chosen["type"])))
            raise UserError(f"variant {settings.variant}: no list is of type '{min(unknown)}'; there are {there}")
        chosen = chosen[chosen["type"].isin(recipe.types)].reset_index(drop=True)
    if recipe.max_lists is not None and recipe.max_lists < len(chosen):
        keep = np.random.default_rng(settings.seed).permutation(len(chosen))[: recipe.max_lists]
        chosen = chosen.iloc[np.sort(keep)].reset_index(drop=True)
    judged = tables.read(qrels, "qrels").query("split == 'train'")
    examples = training_set.load(documents, chosen, tables.read(queries, "queries"), judged)
    encoder = Encoder(settings.student, trainable=True)
    matrix = vectors.load(embeddings, documents)
    if recipe.temperatures.teacher == "auto" and "listwise" in recipe.losses:
        value = match_temperature(encoder, examples, matrix, recipe, settings.seed)
        log.info("train: teacher temperature %.4f", value)
        recipe = recipe.model_copy(update={"temperatures": recipe.temperatures.model_copy(update={"teacher": value})})
        job.details["teacher_temperature"] = value
    asked = evaluation_queries(topics, qrels, queries, corpus)
    dev, base = selector(documents, asked, encoder, matrix, recipe.selection, settings.seed)
    with job.work(out):  # for its lock: nothing else may train this very model now
        result = train(encoder, examples, recipe, dev, base, settings.seed)
    if result.best_step == 0:
        log.warning("train: no step was better than the base model on dev queries: the base model is kept")
    log.info("train: kept step %d, dev nDCG@10 %.4f (base %.4f)", result.best_step, result.best, base)
    counts = chosen["type"].value_counts().sort_index()
    job.details |= {
        "trained": {kind: int(count) for kind, count in counts.items()},
        "base_model": settings.student.model,
        "best_step": result.best_step,
    }
    about = job.provenance(f"models/{settings.name}/{settings.variant}")
    columns = tables.SCHEMAS["history"].names
    history = pd.DataFrame(result.history).reindex(columns=columns)
    history = history.astype(dict.fromkeys(("step", "queries", "passages"), "Int64"))
    temporary = out.with_name(f".{out.name}.{os.getpid()}.tmp")
    save(encoder, temporary, about, base, result)
    tables.write(temporary / "history.parquet", "history", history, about)
    shutil.rmtree(out, ignore_errors=True)
    os.replace(temporary, out)


def match_temperature(encoder, examples, matrix, recipe: Recipe, seed: int) -> float:  # type: ignore[no-untyped-def]
    """Return the teacher temperature that matches the untrained student's entropy on a sample of the lists."""
    import numpy as np
    import torch

    from listill.training.batches import collate
    from listill.training.temperature import matched

    drawn = np.sort(np.random.default_rng([seed, SAMPLE]).permutation(len(examples))[:SAMPLE])
    step = collate(examples, drawn, recipe.denoise)
    known = examples.document[step.texts]
    texts = np.empty((len(known), matrix.shape[1]), dtype=np.float32)
    texts[known >= 0] = matrix[known[known >= 0]]
    texts[known < 0] = encoder.encode([examples.texts[t] for t in step.texts[known < 0]], "document")
    asked = encoder.encode([examples.queries[q] for q in drawn], "query")
    similarity = torch.from_numpy(asked @ texts.T).gather(1, step.lists)
    return matched(similarity, step.scores, step.mask, recipe.temperatures.student, recipe.temperatures.offset)


if __name__ == "__main__":
    main(run, TrainStage, "train")
