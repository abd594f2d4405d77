"""Names of effectiveness measures, in the notation of trec_eval and ir_measures: ``nDCG@10``."""

# The measure for all decisions: which step is kept, whether the gate passes, and the verdict of the report.
SELECTION = "nDCG@10"
NAMES = ("nDCG", "R", "RR", "P", "AP")


def parse_measure(measure: str) -> tuple[str, int]:
    """Split ``nDCG@10`` into name and cut-off; ValueError for an unknown measure."""
    name, _, cutoff = measure.partition("@")
    if name not in NAMES or not cutoff.isdigit() or int(cutoff) < 1:
        names = f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"
        raise ValueError(f"unknown measure '{measure}': write {names} with a cut-off, such as nDCG@10")
    return name, int(cutoff)
