# Joint trainings: one student is trained on the lists of several corpora, and evaluated on all corpora like a variant.
JOINT = lambda option: lambda wildcards: PLAN.joint_files(wildcards.joint).get(option, [])


rule train_joint:
    """
    Train one student on the lists of several corpora; keep the step that is best on their dev queries.
    INPUT: settings, and of each corpus the inputs of train_student
    OUTPUT: ../joint/<name>/, of which two files stand for the whole folder (it appears whole)
    """
    input:
        config="results/joint/config/joint.{joint}.json",
        corpus=JOINT("corpus"),
        topics=JOINT("topics"),
        qrels=JOINT("qrels"),
        queries=JOINT("queries"),
        lists=JOINT("lists"),
        tokens=JOINT("tokens"),
        embeddings=JOINT("embeddings"),
        dev_candidates=JOINT("dev_candidates"),
        guide=JOINT("guide"),
        anchor_texts=JOINT("anchor_texts"),
        retention=JOINT("retention"),
    output:
        modules="results/joint/{joint}/modules.json",
        history="results/joint/{joint}/history.parquet",
    log:
        "results/joint/logs/joint.{joint}.log",
    benchmark:
        "results/joint/benchmarks/joint.{joint}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(16000, corpus=12, tokens=6, embeddings=1.1, lists=20),
        runtime=2880,
    params:
        guide=lambda wildcards, input: f"--guide {input.guide}" if input.guide else "",
        folder="results/joint/{joint}",
    shell:
        f"{LAUNCH}; "
        "$run -m listill.stages.train_joint --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --topics {input.topics} --qrels {input.qrels} --queries {input.queries}"
        " --lists {input.lists} --tokens {input.tokens} --embeddings {input.embeddings} {params.guide}"
        " --dev-candidates {input.dev_candidates} --anchor-texts {input.anchor_texts} --retention {input.retention}"
        " --out {params.folder}"


rule encode_joint:
    """
    Encode all documents of a corpus with a jointly trained student, whether it was trained on this corpus or not.
    INPUT: settings, corpus.parquet, tokens/<student>.parquet, the model
    OUTPUT: embeddings/<student>.<name>.parquet
    """
    input:
        config="results/{corpus}/config/encode.{student}.{joint}.json",
        corpus="results/{corpus}/corpus.parquet",
        tokens="results/{corpus}/tokens/{student}.parquet",
        model="results/joint/{joint}/modules.json",
    output:
        "results/{corpus}/embeddings/{student}.{joint}.parquet",
    log:
        "results/{corpus}/logs/encode.{student}.{joint}.log",
    benchmark:
        "results/{corpus}/benchmarks/encode.{student}.{joint}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=12, tokens=6),
        runtime=240,
    params:
        model=subpath(input.model, parent=True),
    shell:
        "python -m listill.stages.encode --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --model {params.model} --tokens {input.tokens} --out {output}"


use rule search_trained as search_joint with:
    input:
        **ASKED,
        config="results/{corpus}/config/search.{student}.{joint}{cut}.json",
        embeddings=lambda wildcards: (
            "results/{corpus}/embeddings/{student}.parquet"
            if PLAN.keeps_documents(wildcards.joint)
            else "results/{corpus}/embeddings/{student}.{joint}.parquet"
        ).format(**wildcards),
        model="results/joint/{joint}/modules.json",
    output:
        "results/{corpus}/runs/{student}.{joint}{cut}.parquet",
    log:
        "results/{corpus}/logs/search.{student}.{joint}{cut}.log",
    benchmark:
        "results/{corpus}/benchmarks/search.{student}.{joint}{cut}.tsv"
