"""A file with one line for each positive: the query and the passage."""

from pathlib import Path
from typing import Any

OF = "lists"
LOAD = "Any program that reads tab-separated values."


def write(material: Any, folder: Path) -> None:
    """Write pairs.tsv."""
    with open(folder / "pairs.tsv", "w", encoding="utf-8") as file:
        for one in material.lists:
            for passage in one.positives:
                print(" ".join(one.query.split()), " ".join(passage.text.split()), sep="\t", file=file)
