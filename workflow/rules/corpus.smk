rule make_corpus:
    """
    Read a corpus, its human topics and judgements; find duplicates; hold passages out.
    INPUT: settings, and the files of the source where it has any
    OUTPUT: corpus.parquet, topics.parquet, qrels.parquet, heldout.parquet
    """
    input:
        config="results/{corpus}/config/corpus.json",
    output:
        corpus="results/{corpus}/corpus.parquet",
        topics="results/{corpus}/topics.parquet",
        qrels="results/{corpus}/qrels.parquet",
        heldout="results/{corpus}/heldout.parquet",
    log:
        "results/{corpus}/logs/corpus.log",
    benchmark:
        "results/{corpus}/benchmarks/corpus.tsv"
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(8000),
        runtime=60,
    shell:
        "python -m listill.stages.corpus --config {input.config} --threads {threads} --log {log}"
        " --corpus {output.corpus} --topics {output.topics} --qrels {output.qrels} --heldout {output.heldout}"


rule encode_share:
    """
    Encode a share of the documents with a student's base model or another dense retriever (encoding.shards).
    INPUT: settings, corpus.parquet
    OUTPUT: encoded/<retriever>/<shard>.done, an empty file until all shares are encoded; the embeddings are in .work/
    """
    input:
        config="results/{corpus}/config/encode.{retriever}.json",
        corpus="results/{corpus}/corpus.parquet",
    output:
        temp("results/{corpus}/encoded/{retriever}/{shard}.done"),
    log:
        "results/{corpus}/logs/encode.{retriever}.{shard}.log",
    benchmark:
        "results/{corpus}/benchmarks/encode.{retriever}.{shard}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=12),
        runtime=240,
    shell:
        "python -m listill.stages.encode_share --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --out {output}"


rule encode_corpus:
    """
    Encode all documents with a student's base model or another dense retriever.
    INPUT: settings, corpus.parquet
    OUTPUT: embeddings/<retriever>.parquet, tokens/<retriever>.parquet
    """
    input:
        config="results/{corpus}/config/encode.{retriever}.json",
        corpus="results/{corpus}/corpus.parquet",
        # Not read: after it, all shares are encoded. One file, so that the number of shares does not matter.
        shares=ancient("results/{corpus}/encoded/{retriever}.done"),
    output:
        embeddings="results/{corpus}/embeddings/{retriever}.parquet",
        tokens="results/{corpus}/tokens/{retriever}.parquet",
    log:
        "results/{corpus}/logs/encode.{retriever}.log",
    benchmark:
        "results/{corpus}/benchmarks/encode.{retriever}.tsv"
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(4000, corpus=12),
        runtime=240,
    shell:
        "python -m listill.stages.encode --config {input.config} --threads {threads} --log {log}"
        " --corpus {input.corpus} --out {output.embeddings} --tokens-out {output.tokens}"
