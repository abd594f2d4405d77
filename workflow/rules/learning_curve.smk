# Variants on shares of their lists (evaluation.learning_curve): what more queries have brought.


rule train_on_share:
    """
    Train one variant of a student on a share of its lists, and measure it; the model is not kept.
    INPUT: settings, and the inputs of train_student
    OUTPUT: learning_curve/<student>.<variant>.<percent>.parquet
    """
    input:
        **TRAINED_ON,
        config="results/{corpus}/config/learning_curve.{student}.{variant}.{percent}.json",
        lists=lambda wildcards: "results/{corpus}/lists/{lists}.parquet".format(
            corpus=wildcards.corpus, lists=PLAN.lists(wildcards.student, wildcards.variant)
        ),
    output:
        "results/{corpus}/learning_curve/{student}.{variant}.{percent}.parquet",
    log:
        "results/{corpus}/logs/learning_curve.{student}.{variant}.{percent}.log",
    benchmark:
        "results/{corpus}/benchmarks/learning_curve.{student}.{variant}.{percent}.tsv"
    wildcard_constraints:
        variant=FIRST_ROUND,
        percent=r"\d+",
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, tokens=6, embeddings=1.1, lists=20),
        runtime=1440,
    params:
        guide=lambda wildcards, input: f"--guide {input.guide}" if input.guide else "",
    shell:
        f"{LAUNCH}; "
        "$run -m listill.stages.learning_curve --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --lists {input.lists} --tokens {input.tokens} --embeddings {input.embeddings} {params.guide}"
        " --dev-candidates {input.dev_candidates} --anchor-texts {input.anchor_texts} --retention {input.retention}"
        " --out {output}"
