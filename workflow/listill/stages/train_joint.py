"""Train one student on the lists of several corpora; keep the weights whose mean over the corpora's dev measures is best."""

import contextlib
import logging

from listill.errors import UserError
from listill.settings.config import Settings
from listill.settings.joint import ALTERNATE, Turns
from listill.stages.command import Corpora, Others, Out, main
from listill.stages.job import Job
from listill.stages.train import TrainStage
from listill.stages.train import settings as of_variant
from listill.system_names import without_seed

VERSION = 1
log = logging.getLogger("listill")


class TrainJointStage(TrainStage):
    """The settings that a joint training depends on; ``variant`` is its name, with the suffix of its seed."""

    corpora: list[str]
    turns: Turns = ALTERNATE


def settings(config: Settings, corpus: str, name: str) -> TrainJointStage:
    """Return the settings of this stage for one joint training; ``corpus`` has no meaning here."""
    joint = config.joint[without_seed(name)]
    turns = Turns(**joint.model_dump(include=set(Turns.model_fields)))
    own = {"version": VERSION, "variant": name, "corpora": joint.corpora, "turns": turns}
    shared = of_variant(config, corpus, joint.student, joint.variant)
    return TrainJointStage(**dict(shared) | own)


def run(
    settings: TrainJointStage,
    job: Job,
    corpus: Corpora,
    topics: Corpora,
    qrels: Corpora,
    queries: Corpora,
    lists: Corpora,
    tokens: Corpora,
    embeddings: Corpora,
    out: Out,
    guide: Corpora = [],
    dev_candidates: Corpora = [],
    anchor_texts: Others = [],
    retention: Others = [],
) -> None:
    """Write the model folder ``out`` with history.parquet and corpora.parquet in it.

    Each option has one file per corpus, in the order of the corpora in the settings; the options are those of the stage
    train.
    """
    from listill.retrieval.encoder import Encoder
    from listill.training import elsewhere, parts, session
    from listill.training.save import write

    processes, recipe, seed = session.begin(), settings.recipe, settings.training_seed
    encoder = Encoder(settings.student, trainable=True)
    given = {"corpus": corpus, "topics": topics, "qrels": qrels, "queries": queries, "lists": lists, "tokens": tokens}
    given |= {"embeddings": embeddings, "guide": guide, "dev_candidates": dev_candidates}
    loaded = []
    for number, name in enumerate(settings.corpora):
        files = parts.Files(
            **{option: paths[number] for option, paths in given.items() if paths}, anchor_texts=anchor_texts
        )
        log.info("train: corpus %s", name)
        try:
            one = parts.load(files, encoder, recipe, settings.variant, settings.guide, seed, settings.seed, name)
        except UserError as error:
            raise UserError(f"corpus {name}: {error}") from None
        loaded.append(one)
    with job.work(out) if processes.first else contextlib.nullcontext() as work:
        others = elsewhere.load(retention, encoder, recipe, settings.seed, settings.corpora)
        decision = session.train(encoder, loaded, recipe, seed, work, out, processes, settings.turns, others)
        if decision:
            job.details |= decision.summary() | {"base_model": settings.student.model}
            job.details |= parts.summary([one.part for one in loaded], recipe)
            about = job.provenance(f"joint/{settings.name}/{settings.variant}")
            write(encoder, decision.result, decision.base, about, out)


if __name__ == "__main__":
    main(run, TrainJointStage, "train_joint")
