rule ask_model:
    """
    Let a language model write queries for the passages: all of them, or one share of several (generation.shards).
    INPUT: settings, corpus.parquet, heldout.parquet; qrels.parquet where they choose the passages; types, examples and a
    model of the user's own if there are any
    OUTPUT: generated/<shard>.parquet
    """
    input:
        config="results/{corpus}/config/ask.{shard}.json",
        corpus="results/{corpus}/corpus.parquet",
        heldout="results/{corpus}/heldout.parquet",
        qrels=lambda wildcards: (
            [f"results/{wildcards.corpus}/qrels.parquet"] if PLAN.wants_judgements(wildcards.corpus) else []
        ),
    output:
        "results/{corpus}/generated/{shard}.parquet",
    log:
        "results/{corpus}/logs/ask.{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/ask.{shard}.tsv"
    conda:
        f"../../envs/{PLAN.asking[0]}.yaml"
    threads: THREADS
    resources:
        gpu=PLAN.asking[1],
        mem_mb=memory(32000, corpus=12),
        runtime=1440,
    params:
        qrels=lambda wildcards, input: f"--qrels {input.qrels}" if input.qrels else "",
    shell:
        "python -m listill.stages.ask --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --heldout {input.heldout} {params.qrels} --out {output}"


rule generate_queries:
    """
    Write queries for the passages, clean them, add the human train topics.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, heldout.parquet; the user's own queries, or generated/*
    OUTPUT: queries.parquet, funnel/queries.parquet
    """
    input:
        config="results/{corpus}/config/queries.json",
        corpus="results/{corpus}/corpus.parquet",
        topics="results/{corpus}/topics.parquet",
        qrels="results/{corpus}/qrels.parquet",
        heldout="results/{corpus}/heldout.parquet",
        generated=expand("results/{{corpus}}/generated/{shard}.parquet", shard=PLAN.shares("generated")),
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
        mem_mb=memory(2000, corpus=12),
        runtime=60,
    shell:
        "python -m listill.stages.generate --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --heldout {input.heldout}"
        " --generated {input.generated} --out {output.queries} --funnel {output.funnel}"
