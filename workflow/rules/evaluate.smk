import re

ASKED = {
    "corpus": "results/{corpus}/corpus.parquet",
    "topics": "results/{corpus}/topics.parquet",
    "qrels": "results/{corpus}/qrels.parquet",
    "queries": "results/{corpus}/queries.parquet",
}
RUNS = lambda wildcards: [
    f"results/{wildcards.corpus}/runs/{system}.parquet" for system in PLAN.systems_on(wildcards.corpus)
]
FUNNELS = lambda wildcards: [
    f"results/{wildcards.corpus}/funnel/{stage}.parquet"
    for stage in [
        "queries",
        *(["candidates"] if wildcards.corpus in PLAN.learned else []),
        *(f"lists.{name}" for name in PLAN.lists_on(wildcards.corpus)),
    ]
]


rule search_bm25:
    """
    Answer the evaluation queries with BM25.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet
    OUTPUT: runs/bm25.parquet
    """
    input:
        **ASKED,
        config="results/{corpus}/config/search.bm25.json",
    output:
        "results/{corpus}/runs/bm25.parquet",
    log:
        "results/{corpus}/logs/search.bm25.log",
    benchmark:
        "results/{corpus}/benchmarks/search.bm25.tsv"
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(2000, corpus=12),
        runtime=120,
    shell:
        "python -m listill.stages.search --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --out {output}"


rule search_base:
    """
    Answer the evaluation queries with an untrained student.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, embeddings/<student>.parquet
    OUTPUT: runs/<student>.parquet
    """
    input:
        **ASKED,
        config="results/{corpus}/config/search.{student}.json",
        embeddings="results/{corpus}/embeddings/{student}.parquet",
    output:
        "results/{corpus}/runs/{student}.parquet",
    log:
        "results/{corpus}/logs/search.{student}.log",
    benchmark:
        "results/{corpus}/benchmarks/search.{student}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=8, embeddings=1.1),
        runtime=120,
    shell:
        "python -m listill.stages.search --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --embeddings {input.embeddings} --out {output}"


rule search_trained:
    """
    Answer the evaluation queries with a trained student, whose embeddings may be cut (``cut`` is empty or @<size>).
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, the model and its embeddings
    OUTPUT: runs/<student>.<variant>.parquet, runs/<student>.<variant>@<size>.parquet
    """
    input:
        **ASKED,
        config="results/{corpus}/config/search.{student}.{variant}{cut}.json",
        embeddings="results/{corpus}/embeddings/{student}.{variant}.parquet",
        model="results/{corpus}/models/{student}/{variant}/modules.json",
    output:
        "results/{corpus}/runs/{student}.{variant}{cut}.parquet",
    log:
        "results/{corpus}/logs/search.{student}.{variant}{cut}.log",
    benchmark:
        "results/{corpus}/benchmarks/search.{student}.{variant}{cut}.tsv"
    wildcard_constraints:
        cut=r"(@\d+)?",
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=8, embeddings=1.1),
        runtime=120,
    params:
        model=subpath(input.model, parent=True),
    shell:
        "python -m listill.stages.search --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --embeddings {input.embeddings} --model {params.model} --out {output}"


rule fuse_runs:
    """
    Fuse the run of a base or trained student with BM25's.
    INPUT: settings, runs/<system>.parquet, runs/bm25.parquet
    OUTPUT: runs/<system>+bm25.parquet
    """
    input:
        config="results/{corpus}/config/fuse.{system}+bm25.json",
        runs=["results/{corpus}/runs/{system}.parquet", "results/{corpus}/runs/bm25.parquet"],
    output:
        "results/{corpus}/runs/{system}+bm25.parquet",
    log:
        "results/{corpus}/logs/fuse.{system}+bm25.log",
    benchmark:
        "results/{corpus}/benchmarks/fuse.{system}+bm25.tsv"
    wildcard_constraints:
        system="|".join(map(re.escape, PLAN.searching)),
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=30,
    shell:
        "python -m listill.stages.fuse --config {input.config} --threads {threads} --log {log}"
        " --runs {input.runs} --out {output}"


rule evaluate_systems:
    """
    Measure all systems, and compare them with their base.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, runs/<system>.parquet,
    models/<student>/<variant>/history.parquet, those of the joint trainings
    OUTPUT: per_query.parquet, summary.parquet, comparisons.parquet
    """
    input:
        **ASKED,
        config="results/{corpus}/config/evaluate.json",
        runs=RUNS,
        histories=lambda wildcards: HISTORIES(wildcards.corpus),
    output:
        per_query="results/{corpus}/per_query.parquet",
        summary="results/{corpus}/summary.parquet",
        comparisons="results/{corpus}/comparisons.parquet",
    log:
        "results/{corpus}/logs/evaluate.log",
    benchmark:
        "results/{corpus}/benchmarks/evaluate.tsv"
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000, corpus=4),
        runtime=60,
    shell:
        "python -m listill.stages.evaluate --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --runs {input.runs} --histories {input.histories} --per-query {output.per_query}"
        " --summary {output.summary} --comparisons {output.comparisons}"


rule write_report:
    """
    Write the page that says whether it helped.
    INPUT: settings, the tables of all stages
    OUTPUT: report.html
    """
    input:
        **ASKED,
        config="results/{corpus}/config/report.json",
        summary="results/{corpus}/summary.parquet",
        comparisons="results/{corpus}/comparisons.parquet",
        tokens=expand("results/{{corpus}}/tokens/{student}.parquet", student=PLAN.students),
        per_query="results/{corpus}/per_query.parquet",
        runs=RUNS,
        funnels=FUNNELS,
        histories=lambda wildcards: HISTORIES(wildcards.corpus),
        retention=lambda wildcards: [
            f"results/{wildcards.corpus}/retention/{other}/summary.parquet"
            for other in PLAN.retention_of(wildcards.corpus)
        ],
        checks=lambda wildcards: (
            [f"results/{wildcards.corpus}/checks.parquet"] if PLAN.checked_on(wildcards.corpus) else []
        ),
        mteb=lambda wildcards: PLAN.mteb_files(wildcards.corpus),
        learning_curves=lambda wildcards: [
            f"results/{wildcards.corpus}/learning_curve/{point}.parquet"
            for point in PLAN.learning_curves(wildcards.corpus)
        ],
        scores=lambda wildcards: (
            [f"results/{wildcards.corpus}/scores.parquet"] if wildcards.corpus in PLAN.learned else []
        ),
    output:
        report("results/{corpus}/report.html", category="Reports", labels={"corpus": "{corpus}"}),
    log:
        "results/{corpus}/logs/report.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000, corpus=8),
        runtime=30,
    params:
        benchmarks="results/{corpus}/benchmarks",
        checks=lambda wildcards, input: f"--checks {input.checks}" if input.checks else "",
        scores=lambda wildcards, input: f"--scores {input.scores}" if input.scores else "",
    shell:
        "shopt -s nullglob; python -m listill.stages.report --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --summary {input.summary} --comparisons {input.comparisons} --per-query {input.per_query} --runs {input.runs} --funnels {input.funnels}"
        " --histories {input.histories} --tokens {input.tokens} --retention {input.retention} --mteb {input.mteb}"
        " --learning-curves {input.learning_curves}"
        " {params.scores} {params.checks}"
        " --benchmarks {params.benchmarks}/*.tsv results/joint/benchmarks/*.tsv --out {output}"


rule write_trec_run:
    """
    Write a run in TREC format.
    INPUT: runs/<system>.parquet
    OUTPUT: runs/<system>.trec
    """
    input:
        "results/{corpus}/runs/{system}.parquet",
    output:
        "results/{corpus}/runs/{system}.trec",
    log:
        "results/{corpus}/logs/trec.{system}.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=30,
    shell:
        "python -m listill.stages.trec --threads {threads} --log {log} --run {input} --out {output}"
