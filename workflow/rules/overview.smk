# The overview page, over all corpora that have a report.


rule write_overview:
    """
    Write the overview of the verdicts and macro averages.
    INPUT: summary.parquet and comparisons.parquet of all corpora
    OUTPUT: overview.html
    """
    input:
        expand("results/{corpus}/comparisons.parquet", corpus=PLAN.reported),
        summaries=expand("results/{corpus}/summary.parquet", corpus=PLAN.reported),
    output:
        report("results/overview.html", category="Reports", labels={"corpus": "all"}),
    log:
        "results/logs/overview.log",
    conda:
        "../../envs/cpu.yaml"
    resources:
        mem_mb=memory(4000),
        runtime=30,
    shell:
        "python -m listill.report.overview {input.summaries} --page {output} 2> {log}"
