"""What a table ``checks`` says about a saved model: whether it is the one that was measured, see ``as_loaded``."""

from dataclasses import dataclass

import pandas as pd

DEPTH = 10  # first documents of a query that are compared
# Scores may differ by these shares of the largest score. float32 differs in the order of sums only; in bf16, as the runs may
# be, a score has 8 bits (the tolerance is that of the encoder, which is not imported: the report needs no torch).
EXACT, ROUNDED = 1e-4, 0.03


@dataclass(frozen=True)
class AsLoaded:
    """What a table ``checks`` says: the numbers of queries and of their first documents, and how they compare.

    ``same`` and ``base`` are the shares of the run's first documents that come first as loaded, and in the base model's run.
    ``difference`` and ``base_difference`` are the largest differences of a score, as shares of the largest score.
    """

    queries: int
    documents: int
    same: float
    base: float
    difference: float
    base_difference: float

    @property
    def confirmed(self) -> bool:
        """Whether the loaded model ranks as measured, up to rounding."""
        return self.difference <= ROUNDED and self.same > 0.9

    @property
    def differs_from_base(self) -> bool:
        """Whether the model ranks otherwise than the base model, by more than rounding."""
        return self.base < 1.0 or self.base_difference > 2 * max(self.difference, EXACT)

    @property
    def sentence(self) -> str:
        """The result in one or two sentences."""
        share = f"{self.same:.1%} of the first {DEPTH} documents of {self.queries} queries"
        if not self.confirmed:
            return (
                f"The saved model does NOT rank as measured: SentenceTransformer(folder) has only {share}, and scores differ "
                f"by up to {self.difference:.1%} of the largest score."
            )
        precision = "" if self.difference <= EXACT else " (the run was computed with rounding to bf16)"
        loaded = (
            f"SentenceTransformer(folder) ranks as measured: it has {share}, and scores differ by at most "
            f"{self.difference:.2g} of the largest"
        )
        if self.differs_from_base:
            return f"{loaded}{precision}. The base model has {self.base:.1%} of them."
        return f"{loaded}{precision}. Up to rounding, the base model ranks in the same way."


def by_system(checks: pd.DataFrame) -> dict[str, AsLoaded]:
    """Return what a table ``checks`` says of each system."""
    return {str(system): read(rows) for system, rows in checks.groupby("system")}


def read(checks: pd.DataFrame) -> AsLoaded:
    """Return what the rows (at least one) of one system in a table ``checks`` say."""
    documents = int(checks["documents"].sum())
    return AsLoaded(
        len(checks),
        documents,
        float(checks["same"].sum() / documents),
        float(checks["base"].sum() / documents),
        float(checks["difference"].max()),
        float(checks["base_difference"].max()),
    )
