rule rerank_topics:
    """
    Rerank what BM25 and the base students find for the evaluation queries with the teachers.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, runs/<retriever>.parquet, embeddings and
    models that the teachers use
    OUTPUT: runs/teacher.parquet
    """
    input:
        config="results/{corpus}/config/rerank.json",
        corpus="results/{corpus}/corpus.parquet",
        topics="results/{corpus}/topics.parquet",
        qrels="results/{corpus}/qrels.parquet",
        queries="results/{corpus}/queries.parquet",
        runs=expand("results/{{corpus}}/runs/{system}.parquet", system=["bm25", *PLAN.students]),
        embeddings=expand("results/{{corpus}}/embeddings/{student}.parquet", student=PLAN.teacher_embeddings),
        # Not read: after the gate, the scores of its pairs are stored.
        gate=ancient("results/{corpus}/gate.parquet"),
    output:
        "results/{corpus}/runs/teacher.parquet",
    log:
        "results/{corpus}/logs/rerank.log",
    benchmark:
        "results/{corpus}/benchmarks/rerank.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, embeddings=1.1),
        runtime=240,
    shell:
        "python -m listill.stages.rerank --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --runs {input.runs} --embeddings {input.embeddings} --out {output}"


rule gate_teacher:
    """
    Stop if the teacher is no better than the students.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, embeddings, models
    OUTPUT: gate.parquet, dev_candidates.parquet
    """
    input:
        config="results/{corpus}/config/gate.json",
        corpus="results/{corpus}/corpus.parquet",
        topics="results/{corpus}/topics.parquet",
        qrels="results/{corpus}/qrels.parquet",
        queries="results/{corpus}/queries.parquet",
        embeddings=expand("results/{{corpus}}/embeddings/{student}.parquet", student=PLAN.students),
    output:
        gate="results/{corpus}/gate.parquet",
        candidates="results/{corpus}/dev_candidates.parquet",
    log:
        "results/{corpus}/logs/gate.log",
    benchmark:
        "results/{corpus}/benchmarks/gate.tsv"
    priority: 10  # before the expensive stages, if there is a choice
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, embeddings=1.1),
        runtime=240,
    shell:
        "python -m listill.stages.gate --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --embeddings {input.embeddings} --out {output.gate} --candidates {output.candidates}"


rule score_share:
    """
    Let every teacher score a share of the candidates (teacher.shards). The scores are stored in .scores/.
    INPUT: settings, corpus.parquet, queries.parquet, candidates.parquet, embeddings and models that the teachers use
    OUTPUT: scored/<shard>.done, an empty file until all shares have been scored
    """
    input:
        config="results/{corpus}/config/scores.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        candidates="results/{corpus}/candidates.parquet",
        embeddings=expand("results/{{corpus}}/embeddings/{student}.parquet", student=PLAN.teacher_embeddings),
    output:
        temp("results/{corpus}/scored/{shard}.done"),
    log:
        "results/{corpus}/logs/scores.{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/scores.{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, candidates=20, embeddings=1.1),
        runtime=1440,
    shell:
        "python -m listill.stages.score_share --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --candidates {input.candidates} --embeddings {input.embeddings}"
        " --out {output}"


rule score_candidates:
    """
    Let every teacher score every candidate.
    INPUT: settings, corpus.parquet, queries.parquet, candidates.parquet, embeddings and models that the teachers use
    OUTPUT: scores.parquet
    """
    input:
        config="results/{corpus}/config/scores.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        candidates="results/{corpus}/candidates.parquet",
        embeddings=expand("results/{{corpus}}/embeddings/{student}.parquet", student=PLAN.teacher_embeddings),
        # Not read: after it, the scores of all shares are stored. One file, so that the number of shares does not matter.
        shares=ancient("results/{corpus}/scored.done"),
    output:
        "results/{corpus}/scores.parquet",
    log:
        "results/{corpus}/logs/scores.log",
    benchmark:
        "results/{corpus}/benchmarks/scores.tsv"
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
