"""One result with its comparison: how it is judged, and how it is shown."""

from dataclasses import dataclass

import numpy as np

from listill.evaluation.significance import FEW_CLUSTERS

SIGNIFICANT = 0.05
# A difference that is smaller than this share of the base is not noticeable to users (Sparck Jones 1974, Automatic indexing,
# Journal of Documentation 30).
NOTICEABLE = 0.05
HELPED, HURT, NO_DIFFERENCE = "HELPED", "HURT", "NO DIFFERENCE"
TOO_FEW, TOO_FEW_SEEDS = "TOO FEW QUERIES TO TELL", "TOO FEW SEEDS TO TELL"


@dataclass(frozen=True)
class Cell:
    """One result: mean, difference from the base with its interval, corrected p-value (nan if there is none).

    ``seeds`` is the number of seeds, ``seed_sd`` the standard deviation of their means (nan for one seed), ``clusters``
    the number of clusters of queries, ``kept`` the number of seeds whose training was kept (nan if not trained), ``least``
    the smallest corrected p-value that the number of resamples can give (nan if unknown).
    """

    value: float
    base: float
    delta: float
    low: float
    high: float
    p_value: float
    clusters: float = np.nan
    seeds: float = 1
    seed_sd: float = np.nan
    kept: float = np.nan
    least: float = np.nan

    @property
    def word(self) -> str:
        """Whether it helped, in one of the words above.

        There is NO DIFFERENCE only if the interval contains 0 and no difference that is noticeable. A wide interval means
        that the queries are too few to tell, or the seeds, if the test over queries finds a difference.
        """
        if self.discarded:
            return NO_DIFFERENCE
        if self.significant:
            return HELPED if self.delta > 0 else HURT
        near = NOTICEABLE * self.base
        if -near <= self.low <= 0 <= self.high <= near and not self.few:
            return NO_DIFFERENCE
        return TOO_FEW_SEEDS if self.p_value < SIGNIFICANT and self.seeds > 1 else TOO_FEW

    @property
    def few(self) -> bool:
        """Whether there are so few clusters of queries that only large differences are found, and their size is uncertain."""
        return self.clusters < FEW_CLUSTERS

    @property
    def interval(self) -> str:
        """The ends of the interval, such as ``+0.060 to +0.113``."""
        return f"{signed(self.low)} to {signed(self.high)}"

    @property
    def p(self) -> str:
        """The p-value with its relation: ``= 0.012``; ``<= 0.0009`` if more resamples could give a smaller one."""
        text = p_text(self.p_value)
        return text.replace("=", "<=") if self.p_value <= self.least * (1 + 1e-9) else text

    @property
    def significant(self) -> bool:
        """Whether the difference is significant: by the test over queries, and by the interval over queries and seeds."""
        return self.p_value < SIGNIFICANT and not self.low <= 0 <= self.high

    @property
    def discarded(self) -> bool:
        """Whether the base model was kept instead of the trained weights, with every seed."""
        return self.kept == 0

    @property
    def detectable(self) -> float:
        """The difference that would be found with a probability of 0.8: 2.8 standard errors; nan if unknown."""
        return 2.8 * (self.high - self.low) / (2 * 1.96) or np.nan

    @property
    def tested(self) -> bool:
        """Whether the system was compared with a base; a base itself was not."""
        return not np.isnan(self.p_value)

    @property
    def mark(self) -> str:
        """The significance stars."""
        return "" if not self.significant else "**" if self.p_value < 0.01 else "*"

    @property
    def tone(self) -> str:
        """The colour of the difference: up, down or none."""
        return "none" if not self.significant else "up" if self.delta > 0 else "down"


def signed(value: float, digits: int = 3) -> str:
    """Return a difference with its sign; a difference that is rounded to zero has none."""
    text = f"{value:+.{digits}f}"
    return text[1:] if float(text) == 0 else text


def p_text(p_value: float) -> str:
    """Return a readable p-value: ``= 0.012``, ``< 0.0001``, or ``n/a``."""
    if np.isnan(p_value):
        return "n/a"
    return "< 0.0001" if p_value < 0.0001 else f"= {p_value:.4f}" if p_value < 0.001 else f"= {p_value:.3f}"
