"""The tables of the papers (arXiv 2502.19712, 2505.19274), and which variants of a config belong into them.

Variants are told apart by what they are trained on and how, not by their names. Of losses, query types, teachers, and
the number and settings of the lists, the rows of one table differ in one only. (Other settings, such as the learning rate,
are not compared: see ``Layout``.) If a config has several such groups, the largest is shown.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from listill.frozen import canonical
from listill.schemas import HUMAN
from listill.settings.config import Settings

LOSSES = {("infonce",): "InfoNCE", ("listwise",): "listwise", ("infonce", "listwise"): "combined"}
ALL, SYNTHETIC, BOTH, ENSEMBLE = "all types", "synthetic", "human and synthetic", "ensemble"


@dataclass(frozen=True)
class Layout:
    """One table: its variants by row, and the row that the other rows are compared with.

    Several variants may fit a row: those that differ in other settings of training. ``rows`` is empty if the config has
    fewer than two rows for the table. ``corpora`` and ``students`` are those for which at least two rows are trained.
    """

    title: str
    about: str
    reference: str
    rows: dict[str, list[str]] = field(default_factory=dict)
    corpora: list[str] = field(default_factory=list)
    students: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class _Facts:
    """What a variant is trained on and how, as far as the tables tell variants apart."""

    losses: tuple[str, ...]
    types: frozenset[str] | None  # None: all types, human ones too, of a generator that does not say which it has
    size: int | None
    lists: str
    teachers: tuple[tuple[str, float], ...]


def layouts(settings: Settings) -> list[Layout]:
    """Return the four tables of the papers for a config."""
    facts = {variant: _facts(settings, variant) for variant in settings.training.variants}
    synthetic = _synthetic(settings)
    ensemble = tuple(sorted(settings.teacher.weights().items()))

    def loss(one: _Facts) -> str | None:
        return LOSSES.get(one.losses)

    # A variant without types takes the human queries, too. If they are known, ``_facts`` has added them.
    with_human = synthetic is None and settings.generation.human

    def single_type(one: _Facts) -> str | None:
        if one.types is None and with_human:
            return None
        if one.types == synthetic:
            return ALL
        return next(iter(one.types)) if one.types and len(one.types) == 1 and one.types != {HUMAN} else None

    def source(one: _Facts) -> str | None:
        known = {frozenset({HUMAN}): HUMAN, synthetic: BOTH if with_human else SYNTHETIC}
        return known.get(one.types) or (BOTH if one.types == (synthetic or frozenset()) | {HUMAN} else None)

    def teachers(one: _Facts) -> str:
        if one.teachers == ensemble:
            return ENSEMBLE
        own = set(one.teachers) <= set(ensemble)
        return " + ".join(
            name if own or len(one.teachers) == 1 else f"{weight:g} {name}" for name, weight in one.teachers
        )

    found = [
        Layout(
            "Losses",
            "The students trained with InfoNCE, with the listwise loss, and with both, on the same lists.",
            "InfoNCE",
            _rows(facts, "losses", loss, [*LOSSES.values()]),
        ),
        Layout(
            "Query types",
            "The students trained on the queries of one type, and on those of all synthetic types.",
            ALL,
            _rows(facts, "types", single_type, [*sorted(synthetic or []), ALL]),
        ),
        Layout(
            "Human and synthetic queries",
            "The students trained on the human train topics, and on synthetic queries.",
            SYNTHETIC,
            _rows(facts, "types", source, [HUMAN, SYNTHETIC, BOTH]),
        ),
        Layout(
            "Teachers",
            "The students trained on the scores of one teacher, and on those of the ensemble.",
            ENSEMBLE,
            _rows(facts, "teachers", teachers, [*(name for name, _ in ensemble), ENSEMBLE]),
        ),
    ]
    return [_with_places(layout, settings) for layout in found]


def _with_places(layout: Layout, settings: Settings) -> Layout:
    """Return the layout with the corpora and students for which at least two of its rows are trained."""
    label = {variant: row for row, variants in layout.rows.items() for variant in variants}
    trained = {
        (corpus, student, label[variant])
        for corpus in settings.corpora
        for student in settings.students
        for variant in label
        if settings.training.trains(corpus, student, variant)
    }
    rows = Counter((corpus, student) for corpus, student, _ in trained)
    places = [place for place, count in rows.items() if count > 1]
    corpora, students = (sorted({place[i] for place in places}) for i in (0, 1))
    return replace(layout, corpora=corpora, students=students)


def _facts(settings: Settings, variant: str) -> _Facts:
    training = settings.training
    recipe = training.recipe(variant)
    types = recipe.types
    if types is None and (synthetic := _synthetic(settings)):
        types = [*synthetic, *([HUMAN] if settings.generation.human else [])]
    return _Facts(
        losses=tuple(sorted(recipe.losses)),
        types=None if types is None else frozenset(types),
        size=recipe.max_lists,
        lists=canonical(training.lists_of(variant).model_dump(mode="json")),
        teachers=tuple(sorted(settings.teacher.weights(training.teachers_of(variant)).items())),
    )


def _synthetic(settings: Settings) -> frozenset[str] | None:
    """Return the types that the generator writes; None if its settings do not say."""
    types = getattr(settings.generation.generator, "types", None)
    return frozenset(types) if types else None


def _rows(
    facts: dict[str, _Facts], differing: str, label: Callable[[_Facts], str | None], order: list[str]
) -> dict[str, list[str]]:
    """Return the variants by label: those of the largest group that is equal in all but the field ``differing``."""
    groups: dict[Any, dict[str, list[str]]] = {}
    for variant, one in facts.items():
        if name := label(one):
            rest = tuple(value for key, value in vars(one).items() if key != differing)
            groups.setdefault(rest, {}).setdefault(name, []).append(variant)
    rows = max(groups.values(), key=len, default={})
    known = [name for name in order if name in rows]
    return {name: rows[name] for name in [*known, *sorted(set(rows) - set(known))]} if len(rows) > 1 else {}
