rule mine_candidates:
    """
    Find candidates for every train query with BM25 and the dense retrievers; drop inconsistent queries.
    INPUT: settings, corpus.parquet, queries.parquet, qrels.parquet, embeddings/<retriever>.parquet
    OUTPUT: candidates.parquet, funnel/candidates.parquet
    """
    input:
        config="results/{corpus}/config/candidates.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        qrels="results/{corpus}/qrels.parquet",
        embeddings=expand("results/{{corpus}}/embeddings/{retriever}.parquet", retriever=PLAN.miners),
    output:
        candidates="results/{corpus}/candidates.parquet",
        funnel="results/{corpus}/funnel/candidates.parquet",
    log:
        "results/{corpus}/logs/candidates.log",
    benchmark:
        "results/{corpus}/benchmarks/candidates.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=12, queries=12, embeddings=1.1),
        runtime=240,
    shell:
        "python -m listill.stages.mine --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --qrels {input.qrels} --embeddings {input.embeddings}"
        " --out {output.candidates} --funnel {output.funnel}"
