"""Compare variants with each other and with systems that need no training."""

from collections.abc import Sequence

import pandas as pd

from listill.evaluation.measured import Measured, corrected
from listill.schemas import SCHEMAS
from listill.system_names import FUSED, is_variant


def pairs_to_compare(systems: list[str], students: list[str]) -> list[tuple[str, str, str]]:
    """Return (student, system, against): the comparisons besides those with the base, as far as there are runs.

    Each variant is compared with BM25, with the fusion of BM25 and the base model, and with the student's other
    variants; the fusion of a variant and BM25 is compared with that of the base model.
    """
    pairs = []
    for student in students:
        variants = sorted(system for system in systems if is_variant(system, student))
        untrained = [system for system in ("bm25", student + FUSED) if system in systems]
        pairs += [(student, variant, other) for variant in variants for other in untrained]
        pairs += [(student, one, other) for i, one in enumerate(variants) for other in variants[i + 1 :]]
        fused = [variant + FUSED for variant in variants if variant + FUSED in systems and student + FUSED in systems]
        pairs += [(student, variant, student + FUSED) for variant in fused]
    return pairs


def compare_systems(measured: Sequence[Measured], students: list[str]) -> pd.DataFrame:
    """Return the table ``comparisons``; see ``pairs_to_compare``.

    p-values are Holm-corrected over the comparisons of one student on one split and measure.
    """
    rows = []
    for one in measured:
        pairs = pairs_to_compare(list(one.systems), students)
        comparisons = one.compare([pair[1:] for pair in pairs])
        for student, system, against in pairs:
            means = {"value": one.mean(system), "against_value": one.mean(against)}
            row = one.row(system) | {"student": student, "against": against} | means
            rows.append(row | comparisons[system, against])
    names = SCHEMAS["comparisons"].names
    if not rows:
        return pd.DataFrame(columns=names)
    frame = pd.DataFrame(rows)
    frame["p_value"] = frame.groupby(["split", "measure", "student"])["p_value"].transform(corrected)
    return frame[names].sort_values(["split", "measure", "system", "against"], ignore_index=True)
