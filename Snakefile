"""listill: fine-tune a dense retriever on one corpus, and show whether that helped.

snakemake --cores all                                        the demo
snakemake --cores all --configfile config/scifact.yaml       another config
snakemake --cores all candidates                             one stage and what it needs

Targets come before --configfile, which takes every word that follows it for another config file.
"""

import fcntl
import os
import sys
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.utils import min_version

min_version("9.19")

# The package lies beside this file; if another workflow uses this one as a module from a repository elsewhere, it must be
# installed. Stage commands run with the Python that runs Snakemake, unless --sdm conda gives another.
HERE = Path(str(workflow.current_basedir))
sys.path.insert(0, str(HERE / "workflow"))
try:
    import listill
except ImportError:
    raise WorkflowError("listill is not installed where Snakemake runs: pip install . in a clone of it") from None
PACKAGE = str(Path(listill.__file__).parents[1])
os.environ.update(
    PYTHONPATH=os.pathsep.join(dict.fromkeys([PACKAGE, *filter(None, [os.environ.get("PYTHONPATH")])])),
    PATH=os.pathsep.join(dict.fromkeys([str(Path(sys.executable).parent), os.environ.get("PATH", "")])),
)

from listill import display

if workflow.modifier.is_main_snakefile():
    display.stop_in_one_line()

from listill import closing, config_files, shortage
from listill.errors import UserError

# An unconditional "configfile:" would merge the demo's corpora into every other config.
if not workflow.config_settings.configfiles:

    configfile: HERE / "config" / "config.yaml"


try:
    from listill.plan import Plan  # may raise UserError: it imports members outside the package

    config_files.check(workflow.config_settings.configfiles)
    PLAN = Plan(config)
except UserError as error:
    raise WorkflowError(str(error)) from None


wildcard_constraints:
    corpus="|".join(PLAN.corpora),
    other="|".join(PLAN.corpora),
    student="|".join(PLAN.students),
    retriever="|".join(PLAN.retrievers),
    variant="|".join(PLAN.variants),
    joint="|".join(PLAN.joint) or "(?!)",
    shard=r"\d+-of-\d+",


include: "workflow/rules/common.smk"
include: "workflow/rules/settings.smk"
include: "workflow/rules/corpus.smk"
include: "workflow/rules/queries.smk"
include: "workflow/rules/candidates.smk"
include: "workflow/rules/scores.smk"
include: "workflow/rules/shares.smk"
include: "workflow/rules/train.smk"
include: "workflow/rules/learning_curve.smk"
include: "workflow/rules/rounds.smk"
include: "workflow/rules/evaluate.smk"
include: "workflow/rules/retention.smk"
include: "workflow/rules/joint.smk"
include: "workflow/rules/mteb.smk"
include: "workflow/rules/papers.smk"
include: "workflow/rules/export.smk"
include: "workflow/rules/estimate.smk"
include: "workflow/rules/overview.smk"


onstart:
    # Snakemake's own lock remains when a run is killed; this one ends with its process (profiles/default sets nolock).
    global LOCK
    LOCK = open(".snakemake/listill.lock", "w")
    try:
        fcntl.flock(LOCK, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise WorkflowError("another run is active in this folder: wait for it or stop it") from None
    except OSError:
        pass  # a file system without such locks
    # Snakemake's scheduler writes there, and stops with a traceback if it cannot.
    if fault := shortage.temporary_folder():
        raise WorkflowError(fault)


# What the run has to say at its end, and what shows it until then.
CLOSING = lambda: closing.show(
    [file for job in workflow.dag.jobs for file in job.output], workflow.dag.derived_targetfiles
)
OWN_RUN = workflow.is_main_process and workflow.modifier.is_main_snakefile()
DISPLAY = display.attach(workflow, CLOSING) if OWN_RUN else None


onsuccess:
    if DISPLAY:
        DISPLAY.succeeded()
    if not workflow.touch:
        CLOSING()


onerror:
    if DISPLAY:
        DISPLAY.failed()


# A target names all files of its stage: Snakemake makes a file that was deleted again only if a target asks for it.


rule corpus:
    """Target: corpora with their human topics."""
    input:
        expand("results/{corpus}/{table}.parquet", corpus=PLAN.corpora, table=["corpus", "topics", "qrels", "heldout"]),


rule queries:
    """Target: synthetic queries."""
    input:
        expand("results/{corpus}/{folder}queries.parquet", corpus=PLAN.corpora, folder=["", "funnel/"]),


rule candidates:
    """Target: candidates of every query."""
    input:
        expand("results/{corpus}/{folder}candidates.parquet", corpus=PLAN.learned, folder=["", "funnel/"]),


rule scores:
    """Target: teachers' scores."""
    input:
        expand("results/{corpus}/scores.parquet", corpus=PLAN.learned),


rule lists:
    """Target: training lists."""
    input:
        [
            f"results/{corpus}/{file}.parquet"
            for corpus in PLAN.corpora
            for name in PLAN.lists_on(corpus)
            for file in (f"lists/{name}", f"funnel/lists.{name}")
        ],


rule train:
    """Target: trained students."""
    input:
        [
            file
            for corpus in PLAN.corpora
            for history in HISTORIES(corpus)
            for file in (history, str(Path(history).with_name("modules.json")))
        ],


rule evaluate:
    """Target: measures of all systems."""
    input:
        expand("results/{corpus}/{table}.parquet", corpus=PLAN.reported, table=["per_query", "summary", "comparisons"]),


rule papers:
    """Target: the reports, and the tables of the papers over all corpora."""
    input:
        "results/papers.html",
        "results/overview.html",
        expand("results/{corpus}/report.html", corpus=PLAN.reported),


rule export:
    """Target: training lists, corpora, runs and models for other tools."""
    input:
        [f"results/{corpus}/export/lists/{name}/README.md" for corpus in PLAN.corpora for name in PLAN.lists_on(corpus)],
        expand("results/{corpus}/export/corpus/README.md", corpus=PLAN.reported),
        [
            f"results/{corpus}/export/models/{system.replace('.', '/')}/README.md"
            for corpus in PLAN.reported
            for system in PLAN.exported_on(corpus)
        ],


rule report:
    """Target: the reports, and an overview of them if there are several."""
    input:
        expand("results/{corpus}/report.html", corpus=PLAN.reported),
        ["results/overview.html"] if len(PLAN.reported) > 1 else [],


rule all:
    """Everything: models, tables of results, reports, and TREC runs if the config asks for them."""
    default_target: True
    input:
        rules.train.input,
        rules.evaluate.input,
        rules.report.input,
        [
            f"results/{corpus}/runs/{system}.trec"
            for corpus in (PLAN.reported if PLAN.settings.evaluation.trec_runs else [])
            for system in PLAN.systems_on(corpus)
        ],
