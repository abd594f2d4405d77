"""Export what a config trains for other tools, as the target export does, and upload a model if asked to.

python -m listill.export config/my-corpus.yaml
python -m listill.export config/my-corpus.yaml --system minilm.listwise --push-to ORG/NAME
"""

import argparse
import inspect
import logging
import subprocess
import sys
from pathlib import Path

import yaml

from listill.errors import UserError
from listill.plan import Plan

SNAKEFILE = Path(__file__).parents[3] / "Snakefile"


def main() -> None:
    """Run the command; what a user can fix ends it with one line and exit status 1."""
    logging.basicConfig(format="%(message)s", level=logging.INFO)
    arguments = _parser().parse_args()
    try:
        folder = _exported(arguments)
        _make([f"{folder}/README.md"] if folder else ["export"], arguments)
        if arguments.push_to:
            from listill.export.upload import push

            push(Path(folder), arguments.push_to, public=arguments.public)
    except UserError as error:
        print(f"listill.export: error: {error}", file=sys.stderr)
        sys.exit(1)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m listill.export",
        description=inspect.getdoc(sys.modules[__name__]),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("config", type=Path, help="the config, as for snakemake --configfile")
    parser.add_argument("--system", help="export this trained system only, <student>.<variant>")
    parser.add_argument("--corpus", help="the corpus that --system was trained on, if the config has several")
    parser.add_argument("--push-to", metavar="ORG/NAME", help="upload the model of --system to the Hugging Face hub")
    parser.add_argument("--public", action="store_true", help="make the new repository public instead of private")
    parser.add_argument("--cores", default="all", help="number of processor cores to use; default: all")
    return parser


def _exported(arguments: argparse.Namespace) -> str:
    """Return the folder of the one model that is exported; empty: everything is."""
    plan = Plan(_config(arguments.config), str(arguments.config))
    if arguments.public and not arguments.push_to:
        raise UserError("--public is for an upload: add --push-to ORG/NAME, or leave it out")
    if arguments.system is None:
        if arguments.push_to:
            raise UserError("--push-to uploads one model: name it with --system")
        if arguments.corpus:
            raise UserError("--corpus belongs to --system: name the system, too")
        return ""
    if arguments.corpus and arguments.corpus not in plan.reported:
        raise UserError(f"--corpus {arguments.corpus}: no such corpus; known: {', '.join(plan.reported)}")
    corpora = [arguments.corpus] if arguments.corpus else plan.reported
    found = [corpus for corpus in corpora if arguments.system in plan.exported_on(corpus)]
    if not found:
        known = sorted({system for corpus in corpora for system in plan.exported_on(corpus)})
        trained = any(arguments.system in plan.evaluated_on(corpus) for corpus in corpora)
        what = (
            "not among those that are exported: add it to export.systems"
            if trained
            else "no trained system of this name"
        )
        raise UserError(f"--system {arguments.system}: {what}; known: {', '.join(known)}")
    if len(found) > 1:
        raise UserError(f"--system {arguments.system}: add --corpus, one of {', '.join(found)}")
    return f"results/{found[0]}/export/models/{arguments.system.replace('.', '/')}"


def _config(path: Path) -> dict[str, object]:
    try:
        config = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise UserError(f"{path}: {error.strerror}: give the path of a config") from None
    except yaml.YAMLError as error:
        raise UserError(f"{path}: not YAML: {str(error).splitlines()[0]}") from None
    if not isinstance(config, dict):
        raise UserError(f"{path}: not a config: it should be a mapping with the keys corpora and students")
    return config


def _make(targets: list[str], arguments: argparse.Namespace) -> None:
    """Have Snakemake make the targets, and what they need."""
    command = [sys.executable, "-m", "snakemake", "--snakefile", str(SNAKEFILE), "--cores", arguments.cores]
    done = subprocess.run([*command, *targets, "--configfile", str(arguments.config)])
    if done.returncode:
        raise UserError("Snakemake ended with an error (see above): fix it and run again to resume")


if __name__ == "__main__":
    main()
