# The second round (training.rounds: 2): each trained student mines candidates, the teachers score the new ones, and the base
# model is trained again on lists of these. The student of the first round remains a system of its own.
ROUND = "results/{corpus}/round2/{student}.{variant}"


rule mine_again:
    """
    Find candidates with BM25 and a trained student.
    INPUT: settings, corpus.parquet, queries.parquet, qrels.parquet, embeddings/<student>.<variant>.parquet, the model
    OUTPUT: round2/<student>.<variant>/candidates.parquet and its funnel
    """
    input:
        config="results/{corpus}/config/candidates.{student}.{variant}.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        qrels="results/{corpus}/qrels.parquet",
        embeddings="results/{corpus}/embeddings/{student}.{variant}.parquet",
        model="results/{corpus}/models/{student}/{variant}/modules.json",
    output:
        candidates=f"{ROUND}/candidates.parquet",
        funnel=f"{ROUND}/funnel.candidates.parquet",
    log:
        "results/{corpus}/logs/candidates.{student}.{variant}.log",
    benchmark:
        "results/{corpus}/benchmarks/candidates.{student}.{variant}.tsv"
    wildcard_constraints:
        variant=FIRST_ROUND,
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=12, queries=12, embeddings=1.1),
        runtime=240,
    params:
        model=subpath(input.model, parent=True),
    shell:
        "python -m listill.stages.mine --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --qrels {input.qrels} --embeddings {input.embeddings}"
        " --model {params.model} --out {output.candidates} --funnel {output.funnel}"


rule score_again:
    """
    Let every teacher score the candidates that the first round did not have.
    INPUT: settings, corpus.parquet, queries.parquet, the round's candidates, embeddings and models that the teachers use
    OUTPUT: round2/<student>.<variant>/scores.parquet
    """
    input:
        config="results/{corpus}/config/scores.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        candidates=f"{ROUND}/candidates.parquet",
        embeddings=expand("results/{{corpus}}/embeddings/{student}.parquet", student=PLAN.teacher_embeddings),
    output:
        f"{ROUND}/scores.parquet",
    log:
        "results/{corpus}/logs/scores.{student}.{variant}.log",
    benchmark:
        "results/{corpus}/benchmarks/scores.{student}.{variant}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, candidates=20, embeddings=1.1),
        runtime=1440,
    shell:
        "python -m listill.stages.score --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --candidates {input.candidates} --embeddings {input.embeddings}"
        " --out {output}"


rule build_lists_again:
    """
    Build the lists of the second round.
    INPUT: settings, corpus.parquet, queries.parquet, qrels.parquet, heldout.parquet, the round's candidates and scores
    OUTPUT: round2/<student>.<variant>/lists.parquet and its funnel
    """
    input:
        config="results/{corpus}/config/lists.{student}.{variant}-round2.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        qrels="results/{corpus}/qrels.parquet",
        heldout="results/{corpus}/heldout.parquet",
        candidates=f"{ROUND}/candidates.parquet",
        scores=f"{ROUND}/scores.parquet",
    output:
        lists=f"{ROUND}/lists.parquet",
        funnel=f"{ROUND}/funnel.lists.parquet",
    log:
        "results/{corpus}/logs/lists.{student}.{variant}-round2.log",
    benchmark:
        "results/{corpus}/benchmarks/lists.{student}.{variant}-round2.tsv"
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(2000, corpus=8, candidates=2, scores=2),
        runtime=120,
    shell:
        "python -m listill.stages.lists --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --qrels {input.qrels} --heldout {input.heldout}"
        " --candidates {input.candidates} --scores {input.scores} --out {output.lists} --funnel {output.funnel}"


use rule train_student as train_again with:
    input:
        **TRAINED_ON,
        config="results/{corpus}/config/train.{student}.{variant}-round2.json",
        lists=f"{ROUND}/lists.parquet",
    output:
        modules="results/{corpus}/models/{student}/{variant}-round2/modules.json",
        history="results/{corpus}/models/{student}/{variant}-round2/history.parquet",
        embeddings="results/{corpus}/embeddings/{student}.{variant}-round2.parquet",
    log:
        "results/{corpus}/logs/train.{student}.{variant}-round2.log",
    benchmark:
        "results/{corpus}/benchmarks/train.{student}.{variant}-round2.tsv"
    params:
        guide=lambda wildcards, input: f"--guide {input.guide}" if input.guide else "",
        folder="results/{corpus}/models/{student}/{variant}-round2",
