# The inputs of every training besides its settings and lists.
TRAINED_ON = {
    "corpus": "results/{corpus}/corpus.parquet",
    "topics": "results/{corpus}/topics.parquet",
    "qrels": "results/{corpus}/qrels.parquet",
    "queries": "results/{corpus}/queries.parquet",
    "tokens": "results/{corpus}/tokens/{student}.parquet",
    "embeddings": "results/{corpus}/embeddings/{student}.parquet",
    "dev_candidates": "results/{corpus}/dev_candidates.parquet",
    "guide": lambda wildcards: [
        f"results/{wildcards.corpus}/embeddings/{guide}.parquet" for guide in PLAN.guide(wildcards.variant)
    ],
    "anchor_texts": lambda wildcards: PLAN.anchor_texts(wildcards.student, wildcards.variant),
    "retention": lambda wildcards: PLAN.kept_elsewhere(wildcards.student, wildcards.variant, [wildcards.corpus]),
}
# With several GPUs (--set-resources train_student:gpu=4) one process per GPU. This is decided in the shell, because a changed
# parameter would cause a rerun.
LAUNCH = (
    "if [ {resources.gpu} -gt 1 ]; then run='accelerate launch --multi_gpu --num_machines 1 --num_processes"
    " {resources.gpu} --mixed_precision no --dynamo_backend no'; else run=python; fi"
)
FIRST_ROUND = "|".join(PLAN.first_round)
# The inputs of all lists besides their settings.
SCORED = {
    "corpus": "results/{corpus}/corpus.parquet",
    "queries": "results/{corpus}/queries.parquet",
    "qrels": "results/{corpus}/qrels.parquet",
    "heldout": "results/{corpus}/heldout.parquet",
    "candidates": "results/{corpus}/candidates.parquet",
    "scores": "results/{corpus}/scores.parquet",
    # Not read: lists are only built if the teacher has passed the gate.
    "gate": "results/{corpus}/gate.parquet",
}


rule build_lists:
    """
    Normalise and weigh the teachers' scores, filter queries, choose the documents of each list.
    INPUT: settings, corpus.parquet, queries.parquet, qrels.parquet, heldout.parquet, candidates.parquet, scores.parquet,
    gate.parquet
    OUTPUT: lists/<student>.parquet, funnel/lists.<student>.parquet
    """
    input:
        **SCORED,
        config="results/{corpus}/config/lists.{student}.json",
    output:
        lists="results/{corpus}/lists/{student}.parquet",
        funnel="results/{corpus}/funnel/lists.{student}.parquet",
    log:
        "results/{corpus}/logs/lists.{student}.log",
    benchmark:
        "results/{corpus}/benchmarks/lists.{student}.tsv"
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(2000, corpus=8, candidates=2, scores=2),
        runtime=120,
    shell:
        "python -m listill.stages.lists --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --qrels {input.qrels} --heldout {input.heldout}"
        " --candidates {input.candidates} --scores {input.scores} --out {output.lists} --funnel {output.funnel}"


use rule build_lists as build_own_lists with:
    # The lists of a variant that sets training.variants.<name>.lists or .teachers; all its seeds share them.
    input:
        **SCORED,
        config="results/{corpus}/config/lists.{student}.{variant}.json",
    output:
        lists="results/{corpus}/lists/{student}.{variant}.parquet",
        funnel="results/{corpus}/funnel/lists.{student}.{variant}.parquet",
    log:
        "results/{corpus}/logs/lists.{student}.{variant}.log",
    benchmark:
        "results/{corpus}/benchmarks/lists.{student}.{variant}.tsv"
    wildcard_constraints:
        variant=FIRST_ROUND,


rule train_student:
    """
    Train one variant of a student; keep the step that is best on dev queries, and encode the corpus with it.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, dev_candidates.parquet,
    lists/<student>.parquet (or the variant's own, lists/<student>.<variant>.parquet), tokens/<student>.parquet and
    embeddings/<student>.parquet of the base student, the guide's embeddings if there is one, tables of the corpora of
    anchor texts and of selection.retention if some are named
    OUTPUT: models/<student>/<variant>/, of which two files stand for the whole folder (it appears whole),
    embeddings/<student>.<variant>.parquet
    """
    input:
        **TRAINED_ON,
        config="results/{corpus}/config/train.{student}.{variant}.json",
        lists=lambda wildcards: "results/{corpus}/lists/{lists}.parquet".format(
            corpus=wildcards.corpus, lists=PLAN.lists(wildcards.student, wildcards.variant)
        ),
    output:
        modules="results/{corpus}/models/{student}/{variant}/modules.json",
        history="results/{corpus}/models/{student}/{variant}/history.parquet",
        embeddings="results/{corpus}/embeddings/{student}.{variant}.parquet",
    log:
        "results/{corpus}/logs/train.{student}.{variant}.log",
    benchmark:
        "results/{corpus}/benchmarks/train.{student}.{variant}.tsv"
    wildcard_constraints:
        variant=FIRST_ROUND,
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, tokens=6, embeddings=1.1, lists=20),
        runtime=1440,
    params:
        guide=lambda wildcards, input: f"--guide {input.guide}" if input.guide else "",
        folder="results/{corpus}/models/{student}/{variant}",
    shell:
        f"{LAUNCH}; "
        "$run -m listill.stages.train --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --lists {input.lists} --tokens {input.tokens} --embeddings {input.embeddings} {params.guide}"
        " --dev-candidates {input.dev_candidates} --anchor-texts {input.anchor_texts} --retention {input.retention}"
        " --out {params.folder} --embeddings-out {output.embeddings}"
