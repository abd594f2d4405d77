rule gather_shares:
    """
    Wait until all shares of the documents are encoded, or all shares of the candidates scored; with one, do nothing.
    INPUT: encoded/<retriever>/<shard>.done, or scored/<shard>.done
    OUTPUT: encoded/<retriever>.done or scored.done, an empty file until the table is there
    """
    input:
        lambda wildcards: forgotten(
            f"results/{wildcards.corpus}/{wildcards.work}.done",
            [f"results/{wildcards.corpus}/{wildcards.work}/{shard}.done" for shard in PLAN.shares(wildcards.work)],
        ),
    output:
        temp(touch("results/{corpus}/{work}.done")),
    wildcard_constraints:
        work="scored|encoded/[^/]+",
    localrule: True
