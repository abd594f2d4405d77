"""What the options of the stages' commands are: the help texts, of which those of tables come from ``schemas``."""

# The table behind an option; one that is not here is the table of its own name.
TABLE = {
    "dev_candidates": "candidates",
    "embeddings_out": "embeddings",
    "funnels": "funnel",
    "generated": "queries",
    "guide": "embeddings",
    "histories": "history",
    "learning_curves": "learning_curve",
    "retention": "summary",
    "run": "runs",
    "tokens_out": "tokens",
}
# The table that a stage writes as ``--out``.
WRITTEN = {
    "ask": "queries",
    "check": "checks",
    "encode": "embeddings",
    "fuse": "runs",
    "gate": "gate",
    "learning_curve": "learning_curve",
    "generate": "queries",
    "lists": "lists",
    "mine": "candidates",
    "mteb": "mteb",
    "rerank": "runs",
    "score": "scores",
    "search": "runs",
}
# What is no table.
OTHER = {
    ("check", "models"): "the folders of the trained models, in the order of the systems in the settings",
    ("export_corpus", "out"): "the folder with the corpus and the runs in the formats of other tools",
    ("export_lists", "out"): "the folder with the training lists in the format of another tool",
    ("export_model", "model"): "the folder of the trained model",
    ("export_model", "out"): "the folder of the exported model, with ONNX files and a card",
    ("mteb", "model"): "the folder of a trained model; default: the base model of the settings",
    **{
        (stage, option): text
        for stage in ("train", "train_joint", "learning_curve")
        for option, text in {
            "anchor_texts": "three files of the corpus in training.anchor_texts: corpus.parquet, tokens and embeddings",
            "retention": "of each corpus in training.selection.retention: corpus.parquet, topics.parquet, qrels.parquet, "
            "tokens and embeddings of the base student, and queries.parquet if it has one",
        }.items()
    },
    ("encode_share", "out"): "an empty file, <number>-of-<shares>.done: its name says which share is encoded",
    ("score_share", "out"): "an empty file, <number>-of-<shares>.done: its name says which share is scored",
    ("train", "out"): "the folder of the trained model",
    ("train_joint", "out"): "the folder of the trained model",
    ("report", "out"): "the page, report.html",
    ("trec", "out"): "the run in TREC format, <system>.trec",
    ("report", "benchmarks"): "time and memory of the jobs, benchmarks/*.tsv, as Snakemake writes them",
    ("encode", "model"): "the folder of a trained model; default: the base model of the settings",
    ("mine", "model"): "the folder of a trained model, which mines in place of its base model",
    (
        "search",
        "model",
    ): "the folder of a trained model, which encodes the queries; default: the base model of the settings",
}
# What distinguishes an option from others with the same table.
NOTE = {
    "dev_candidates": "dev_candidates.parquet: the candidates of the dev queries",
    "generated": "generated/*.parquet: what a language model has answered",
    "guide": "the embeddings of the guide (training.negatives.guide)",
    "retention": "retention/<other>/summary.parquet: the measures on other corpora",
}


def help_text(stage: str, option: str, role: str, several: bool) -> str:
    """Return the help of the option ``option`` (with underscores) of a stage.

    ``role`` is that of its annotation in ``command``. Raises KeyError if nothing above describes the option.
    """
    direction = "written" if role == "output" else "read"
    if other := OTHER.get((stage, option)):
        return f"{direction}: {other}"
    from listill.schemas import TABLES

    name = WRITTEN.get(stage, "") if option == "out" else TABLE.get(option, option)
    if name not in TABLES:
        raise KeyError(f"listill.stages.options: no text for the option {option} of the stage {stage}: add it to OTHER")
    table = TABLES[name]
    files = NOTE.get(option, f"{table.files.split(', ')[0]}: {table.about.partition('. ')[0].rstrip('.')}")
    each = "; one of each corpus" if role == "corpora" else "; one or more files" if several else ""
    return f"{direction}: {files}{each}. Columns: {', '.join(table.columns)}"
