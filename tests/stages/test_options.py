"""The help texts of the stages' options."""

import importlib
from pathlib import Path
from typing import Annotated, get_args, get_origin, get_type_hints

import pytest

from listill import stages
from listill.schemas import TABLES
from listill.stages import options
from listill.stages.options import help_text


@pytest.mark.parametrize(
    ("stage", "option", "role", "several", "text"),
    [
        (
            "mine",
            "out",
            "output",
            False,
            "written: candidates.parquet: The candidates that each retriever returns for each query",
        ),
        ("score", "candidates", "input", False, "read: candidates.parquet: The candidates"),
        (
            "gate",
            "dev_candidates",
            "output",
            False,
            "written: dev_candidates.parquet: the candidates of the dev queries. Columns",
        ),
        (
            "mine",
            "embeddings",
            "input",
            True,
            "in the order of the corpus; one or more files. Columns: doc_id, embedding",
        ),
        ("train_joint", "lists", "corpora", True, "; one of each corpus. Columns: query_id"),
        ("train", "out", "output", False, "written: the folder of the trained model"),
        ("search", "model", "model", False, "read: the folder of a trained model"),
    ],
)
def test_texts(stage: str, option: str, role: str, several: bool, text: str) -> None:
    assert text in help_text(stage, option, role, several)


def test_the_columns_are_those_of_the_table() -> None:
    assert help_text("score", "out", "output", False).endswith("Columns: query_id, doc_id, teacher, score")


STAGES = [
    path.stem for path in sorted(Path(stages.__file__).parent.glob("*.py")) if "\nif __name__" in path.read_text()
]


def test_all_stages_are_found() -> None:
    assert {*options.WRITTEN, "corpus", "report", "train", "trec"} <= set(STAGES)


@pytest.mark.parametrize("stage", STAGES)
def test_every_option_of_every_stage_has_a_text(stage: str) -> None:
    run = importlib.import_module(f"listill.stages.{stage}").run
    hints = get_type_hints(run, include_extras=True)
    described = {name: get_args(hint)[1] for name, hint in hints.items() if get_origin(hint) is Annotated}
    assert described
    for name, role in described.items():
        direction, _, text = help_text(stage, name, role, False).partition(": ")
        assert direction == ("written" if role == "output" else "read")
        assert text


def test_an_option_without_a_text_is_a_fault() -> None:
    with pytest.raises(KeyError, match="no text for the option pairs of the stage mine"):
        help_text("mine", "pairs", "input", False)


def test_all_named_tables_and_stages_exist() -> None:
    assert {*options.TABLE.values(), *options.WRITTEN.values()} <= TABLES.keys()
    for stage in {*options.WRITTEN, *(stage for stage, _ in options.OTHER)}:
        importlib.import_module(f"listill.stages.{stage}")
