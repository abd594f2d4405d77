# What other tools read, on request (target export): training lists, the corpus with its runs, and models.


rule export_lists:
    """
    Write the training lists in the formats of other trainers.
    INPUT: settings, corpus.parquet, queries.parquet, qrels.parquet, lists/<name>.parquet
    OUTPUT: export/lists/<name>/, of which README.md stands for the whole folder (it appears whole)
    """
    input:
        config="results/{corpus}/config/export_lists.{lists}.json",
        corpus="results/{corpus}/corpus.parquet",
        queries="results/{corpus}/queries.parquet",
        qrels="results/{corpus}/qrels.parquet",
        lists="results/{corpus}/lists/{lists}.parquet",
    output:
        "results/{corpus}/export/lists/{lists}/README.md",
    log:
        "results/{corpus}/logs/export_lists.{lists}.log",
    conda:
        "../../envs/gpu.yaml"
    resources:
        mem_mb=memory(8000, corpus=12, lists=20),
        runtime=60,
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python -m listill.stages.export_lists --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --qrels {input.qrels} --lists {input.lists}"
        " --out {params.folder}"


rule export_corpus:
    """
    Write the corpus, its queries and judgements, and all runs in the formats of other tools.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, runs/<system>.parquet
    OUTPUT: export/corpus/, of which README.md stands for the whole folder (it appears whole)
    """
    input:
        **ASKED,
        config="results/{corpus}/config/export_corpus.json",
        runs=RUNS,
    output:
        "results/{corpus}/export/corpus/README.md",
    log:
        "results/{corpus}/logs/export_corpus.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000, corpus=12),
        runtime=60,
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python -m listill.stages.export_corpus --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --runs {input.runs} --out {params.folder}"


rule check_models:
    """
    Check that trained models, as users load them, rank as what was measured, and differ from the base models.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, runs/<student>.<variant>.parquet,
    runs/<student>.parquet, the models
    OUTPUT: checks.parquet
    """
    input:
        **ASKED,
        config="results/{corpus}/config/check.json",
        runs=lambda wildcards: PLAN.checked_files(wildcards.corpus)["runs"],
        models=lambda wildcards: PLAN.checked_files(wildcards.corpus)["models"],
    output:
        "results/{corpus}/checks.parquet",
    log:
        "results/{corpus}/logs/check.log",
    benchmark:
        "results/{corpus}/benchmarks/check.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12),
        runtime=120,
    params:
        models=lambda wildcards, input: [str(Path(file).parent) for file in input.models],
    shell:
        "python -m listill.stages.check --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --runs {input.runs} --models {params.models} --out {output}"


rule export_model:
    """
    Export a trained model with ONNX files and a model card with its results.
    INPUT: settings, corpus.parquet, topics.parquet, qrels.parquet, queries.parquet, summary.parquet,
    checks.parquet, the model, retention/<other>/summary.parquet
    OUTPUT: export/models/<student>/<variant>/, of which README.md stands for the whole folder (it appears whole)
    """
    input:
        **ASKED,
        config="results/{corpus}/config/export_model.{student}.{variant}.json",
        summary="results/{corpus}/summary.parquet",
        checks="results/{corpus}/checks.parquet",
        model=lambda wildcards: PLAN.trained_model(wildcards.corpus, "{student}.{variant}".format(**wildcards)),
        retention=lambda wildcards: [
            f"results/{wildcards.corpus}/retention/{other}/summary.parquet"
            for other in PLAN.retention_of(wildcards.corpus)
        ],
    output:
        "results/{corpus}/export/models/{student}/{variant}/README.md",
    log:
        "results/{corpus}/logs/export_model.{student}.{variant}.log",
    benchmark:
        "results/{corpus}/benchmarks/export_model.{student}.{variant}.tsv"
    wildcard_constraints:
        variant="|".join([*PLAN.variants, *PLAN.joint]),
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        mem_mb=memory(16000, corpus=12),
        runtime=240,
    params:
        model=lambda wildcards, input: Path(input.model[0]).parent,
        folder=subpath(output[0], parent=True),
    shell:
        "python -m listill.stages.export_model --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --summary {input.summary} --checks {input.checks} --retention {input.retention} --model {params.model}"
        " --out {params.folder}"
