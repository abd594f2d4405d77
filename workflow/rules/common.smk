# The frozen settings of a stage, as a file: a changed key reruns the stages that it touches, and only those.
# (Params would miss swapped values, and a queued cluster job would read a config that was edited meanwhile.)


rule stage_settings:
    """
    Write the settings that one stage depends on.
    OUTPUT: config/<stage>.json
    """
    output:
        "results/{corpus}/config/{stage}.json",
    log:
        "results/{corpus}/logs/config/{stage}.log",
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=lambda wildcards: PLAN.frozen(wildcards.corpus, wildcards.stage),
    shell:
        "printf '%s\\n' {params.settings:q} > {output}.tmp 2> {log} && mv {output}.tmp {output} 2>> {log}"


# Heavy stages take as many cores as they are given; light ones take one.
THREADS = 8
