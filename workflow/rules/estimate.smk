# What a run would take. Nothing of it is made: only the corpora are read, and each model tries a sample.


use rule papers_settings as estimate_settings with:
    input:
        lambda wildcards: written_again_unless("results/config/estimate.json", lambda: PLAN.estimated_config),
    output:
        "results/config/estimate.json",
    log:
        "results/logs/config/estimate.log",
    params:
        settings=lambda wildcards: PLAN.estimated_config,


rule estimate:
    """
    Target: print what a run of the config takes, on this machine and on others. It has no output, so it always runs,
    and on a cluster where Snakemake runs.
    INPUT: the config; corpora that have been read before
    """
    input:
        "results/config/estimate.json",
    log:
        "results/logs/estimate.log",
    localrule: True
    conda:
        "../../envs/gpu.yaml"
    threads: THREADS
    shell:
        "python -m listill.estimate {input} --results results --threads {threads} --log {log}"
