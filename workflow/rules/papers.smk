# The tables of the papers, over all corpora of the config.


use rule stage_settings as papers_settings with:
    input:
        lambda wildcards: written_again_unless("results/config/papers.json", lambda: PLAN.whole_config),
    output:
        "results/config/papers.json",
    log:
        "results/logs/config/papers.log",
    params:
        settings=lambda wildcards: PLAN.whole_config,


rule write_papers:
    """
    Write the tables of the papers.
    INPUT: the config, summary.parquet, comparisons.parquet and gate.parquet of all corpora
    OUTPUT: papers.html, papers.md
    """
    input:
        expand("results/{corpus}/{table}.parquet", corpus=PLAN.reported, table=["summary", "comparisons"]),
        expand("results/{corpus}/gate.parquet", corpus=PLAN.learned),
        config="results/config/papers.json",
    output:
        page=report("results/papers.html", category="Reports", labels={"corpus": "tables of the papers"}),
        text="results/papers.md",
    log:
        "results/logs/papers.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=30,
    shell:
        "python -m listill.report.papers results --config {input.config} --page {output.page} --text {output.text}"
        " 2> {log}"
