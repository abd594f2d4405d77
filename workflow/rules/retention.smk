# What trained students lose on other corpora (evaluation.retention): {corpus} is the one that they are trained on, {other} the
# one on which they are measured. The settings of the stages are those for {other}.


rule search_other:
    """
    Encode another corpus with a trained student, and answer its evaluation queries. In one job, since most of the time of
    a small corpus is that of loading the libraries.
    INPUT: settings, tables of the other corpus, models/<student>/<variant>/, tokens of the other corpus (the base model's
    embeddings, if only queries are trained)
    OUTPUT: retention/<other>/runs/<student>.<variant>.parquet
    """
    input:
        config="results/{other}/config/search.{student}.{variant}.json",
        corpus="results/{other}/corpus.parquet",
        topics="results/{other}/topics.parquet",
        qrels="results/{other}/qrels.parquet",
        queries="results/{other}/queries.parquet",
        documents=lambda wildcards: "results/{other}/{table}/{student}.parquet".format(
            table=PLAN.other_documents(wildcards.variant), **wildcards
        ),
        model="results/{corpus}/models/{student}/{variant}/modules.json",
    output:
        "results/{corpus}/retention/{other}/runs/{student}.{variant}.parquet",
    log:
        "results/{corpus}/logs/retention.{other}.search.{student}.{variant}.log",
    benchmark:
        "results/{corpus}/benchmarks/retention.{other}.{student}.{variant}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=12, documents=12),
        runtime=240,
    params:
        model=subpath(input.model, parent=True),
        table=lambda wildcards: PLAN.other_documents(wildcards.variant),
    shell:
        "python -m listill.stages.search --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --{params.table} {input.documents} --model {params.model} --out {output}"


rule evaluate_other:
    """
    Compare the students that are trained on a corpus with their base models, on another corpus.
    INPUT: settings, tables of the other corpus, its runs of the base models, retention/<other>/runs/
    OUTPUT: retention/<other>/summary.parquet, retention/<other>/per_query.parquet
    """
    input:
        config="results/{other}/config/evaluate.json",
        corpus="results/{other}/corpus.parquet",
        topics="results/{other}/topics.parquet",
        qrels="results/{other}/qrels.parquet",
        queries="results/{other}/queries.parquet",
        runs=lambda wildcards: [
            *(f"results/{wildcards.other}/runs/{student}.parquet" for student in PLAN.students_on(wildcards.corpus)),
            *(
                f"results/{wildcards.corpus}/retention/{wildcards.other}/runs/{system}.parquet"
                for system in PLAN.trained_on(wildcards.corpus)
            ),
        ],
    output:
        per_query="results/{corpus}/retention/{other}/per_query.parquet",
        summary="results/{corpus}/retention/{other}/summary.parquet",
    log:
        "results/{corpus}/logs/retention.{other}.evaluate.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000, corpus=4),
        runtime=60,
    shell:
        "python -m listill.stages.evaluate --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --runs {input.runs} --per-query {output.per_query} --summary {output.summary}"
