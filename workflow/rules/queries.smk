rule generate_queries:
    """
    Write queries for the passages, clean them, add the human train topics.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, heldout.parquet, the user's own queries if there are any
    OUTPUT: queries.parquet, funnel/queries.parquet
    """
    input:
        config="results/{corpus}/config/queries.json",
        corpus="results/{corpus}/corpus.parquet",
        topics="results/{corpus}/topics.parquet",
        qrels="results/{corpus}/qrels.parquet",
        heldout="results/{corpus}/heldout.parquet",
        own=PLAN.own_queries(),
    output:
        queries="results/{corpus}/queries.parquet",
        funnel="results/{corpus}/funnel/queries.parquet",
    log:
        "results/{corpus}/logs/queries.log",
    benchmark:
        "results/{corpus}/benchmarks/queries.tsv"
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=8000,
        runtime=60,
    shell:
        "python -m listill.stages.generate --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --heldout {input.heldout}"
        " --out {output.queries} --funnel {output.funnel}"
