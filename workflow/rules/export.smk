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
        mem_mb=16000,
        runtime=60,
    params:
        folder=subpath(output[0], parent=True),
    shell:
        "python -m listill.stages.export_lists --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --queries {input.queries} --qrels {input.qrels} --lists {input.lists}"
        " --out {params.folder}"
