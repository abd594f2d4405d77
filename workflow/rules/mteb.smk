# Students on tasks of MTEB (evaluation.mteb). A jointly trained student is measured in the folder of its first corpus.


rule probe_mteb:
    """
    Measure a student, untrained or trained, on the tasks of MTEB that the config names.
    INPUT: settings, the model if it was trained
    OUTPUT: mteb/<system>.parquet
    """
    input:
        config="results/{corpus}/config/mteb.{system}.json",
        model=lambda wildcards: PLAN.trained_model(wildcards.corpus, wildcards.system),
    output:
        "results/{corpus}/mteb/{system}.parquet",
    log:
        "results/{corpus}/logs/mteb.{system}.log",
    benchmark:
        "results/{corpus}/benchmarks/mteb.{system}.tsv"
    wildcard_constraints:
        system="|".join(map(re.escape, PLAN.searching)),
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    resources:
        gpu=1,
        mem_mb=memory(32000),
        runtime=720,
    params:
        model=lambda wildcards, input: f"--model {Path(input.model[0]).parent}" if input.model else "",
    shell:
        "python -m listill.stages.mteb --config {input.config} --threads {threads} --log {log} {params.model} --out {output}"
