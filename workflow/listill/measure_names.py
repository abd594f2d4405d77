"""Names of effectiveness measures, in the notation of trec_eval and ir_measures: ``nDCG@10``."""

import re

# The measure for all decisions: which step is kept, whether the gate passes, and the verdict of the report.
SELECTION = "nDCG@10"
NAMES = ("nDCG", "R", "RR", "P", "AP")


# What other tools call them.
MTEB_NAMES = {"nDCG": "ndcg", "R": "recall", "RR": "mrr", "P": "precision", "AP": "map"}
OTHER_NAMES = {other: name for name, other in MTEB_NAMES.items()}
OTHER_NAMES |= {name.lower(): name for name in NAMES}


def parse_measure(measure: str) -> tuple[str, int]:
    """Split ``nDCG@10`` into name and cut-off; ValueError for an unknown measure."""
    name, _, cutoff = measure.partition("@")
    if name not in NAMES or not re.fullmatch("[1-9][0-9]*", cutoff):
        names = f"{', '.join(NAMES[:-1])} or {NAMES[-1]}"
        parts = re.fullmatch(r"([a-z]+)\W?0*([1-9][0-9]*)?", measure.lower(), flags=re.ASCII)
        known = OTHER_NAMES.get(parts[1]) if parts else None
        hint = f" (did you mean '{known}@{parts[2] or 10}'?)" if parts and known else ""
        raise ValueError(f"unknown measure '{measure}': write {names} with a cut-off, such as nDCG@10{hint}")
    return name, int(cutoff)
