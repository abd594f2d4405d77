"""The names of systems: ``<student>``, ``<student>+bm25``, ``<student>.<variant>``, and the suffixes of variants.

A joint training is the system ``<student>.<name>``, as if its name were a variant. A variant that is trained with several
seeds has one system per seed. The first has the variant's own name, the second has the suffix ``-seed2``, and so on. The
variant of the second round of a system has the suffix ``-round2``. A variant whose embeddings are cut to 64 dimensions is
``<student>.<variant>@64``.
"""

import re

FUSED = "+bm25"
SECOND = "-round2"
SEED = re.compile(r"-seed([1-9]\d*)(?=$|-round2|\+bm25|@)")
SIZE = re.compile(r"@([1-9]\d*)$")


def with_seed(variant: str, number: int) -> str:
    """Return the name of a variant that is trained with its ``number``-th seed (from 1)."""
    return variant if number == 1 else f"{variant}-seed{number}"


def without_seed(system: str) -> str:
    """Return the name of a system without the suffix of its seed."""
    return SEED.sub("", system)


def seed_number(system: str) -> int:
    """Return which of its variant's seeds a system is trained with (from 1)."""
    match = SEED.search(system)
    return int(match[1]) if match else 1


def with_size(system: str, size: int) -> str:
    """Return the name of a trained system whose embeddings are cut to ``size`` dimensions."""
    return f"{system}@{size}"


def size_of(system: str) -> int | None:
    """Return the number of dimensions that the embeddings of a system are cut to; None if they are whole."""
    match = SIZE.search(system)
    return int(match[1]) if match else None


def plain_system(system: str) -> str:
    """Return the name of a system without fusion and with whole embeddings."""
    return SIZE.sub("", system.removesuffix(FUSED))


def trained_system(key: str) -> str:
    """Return the system of a trained model by its key: ``models/<student>/<variant>`` or ``joint/<student>/<name>``."""
    return ".".join(key.split("/")[-2:])


def student_of(system: str, students: list[str]) -> str | None:
    """Return the student whose base model, fusion or variant a system is; None for other systems."""
    owned = (name for name in students if system in (name, name + FUSED) or system.startswith(f"{name}."))
    return next(owned, None)


def is_variant(system: str, student: str) -> bool:
    """Tell whether a system is a trained variant of a student.

    The fusion of a variant with BM25 is none, nor is a variant whose embeddings are cut.
    """
    return system.startswith(f"{student}.") and system == plain_system(system)
