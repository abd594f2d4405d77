# The frozen settings of a stage, as a file: a changed key reruns only the stages that depend on it. (With params, swapped
# values would be missed, and a queued cluster job would read a config that has been edited since.)


rule stage_settings:
    """
    Write the settings that one stage depends on.
    OUTPUT: config/<stage>.json
    """
    input:
        lambda wildcards: written_again_unless(
            f"results/{wildcards.corpus}/config/{wildcards.stage}.json",
            lambda: PLAN.frozen(wildcards.corpus, wildcards.stage),
        ),
    output:
        "results/{corpus}/config/{stage}.json",
    log:
        "results/{corpus}/logs/config/{stage}.log",
    wildcard_constraints:
        corpus="|".join([*PLAN.corpora, "joint"]),
    localrule: True
    conda:
        "../../envs/cpu.yaml"
    params:
        settings=lambda wildcards: PLAN.frozen(wildcards.corpus, wildcards.stage),
    shell:
        "printf '%s\\n' {params.settings:q} > {output}.tmp 2> {log} && mv {output}.tmp {output} 2>> {log}"
