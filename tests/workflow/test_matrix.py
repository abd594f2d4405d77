"""Every key of the config: which frozen stage settings it changes (exhaustive, in process).

What is downstream of a changed stage is seen in test_reruns.
"""

from collections.abc import Iterator
from fnmatch import fnmatch
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import flow
import pytest
from touched_stages import BLOCKS, EXCLUDED, JOINT, MATRIX, NAMES, SINGLE

from listill.families import names
from listill.plan import Plan
from listill.section import Section
from listill.settings.config import Settings


def keys(kind: Any, place: str = "") -> Iterator[str]:
    """Yield the place of every setting: ``*`` stands for a name, ``[kind]`` for one of several kinds of block."""
    while get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) in (Union, UnionType):
        inner = [part for part in get_args(kind) if part is not NoneType]
        for part in inner:
            if len(inner) > 1 and isinstance(part, type) and issubclass(part, Section):
                yield from keys(part, f"{place}[{get_args(part.model_fields['kind'].annotation)[0]}]")
            elif len(inner) == 1:
                yield from keys(part, place)
        if not any(isinstance(part, type) and issubclass(part, Section) for part in inner) and len(inner) > 1:
            yield place
    elif isinstance(kind, type) and issubclass(kind, Section):
        for name, field in kind.model_fields.items():
            if name != "kind":
                annotation = Annotated[field.annotation, *field.metadata] if field.metadata else field.annotation
                yield from keys(annotation, f"{place}.{name}" if place else name)
    elif get_origin(kind) is dict and any("." in key for key in keys(get_args(kind)[1], "x")):
        yield from keys(get_args(kind)[1], f"{place}.*")
    else:
        yield place


@pytest.fixture(scope="module")
def base(settings: dict[str, Any]) -> dict[str, Any]:
    """The config of the finished run, with a further dense retriever, a teacher that can be named, and other corpora."""
    new = flow.changed(settings, "mining.additional", {"other": {"kind": "dense", "model": "somewhere"}})
    for name in ("second", "third"):
        new = flow.changed(new, f"corpora.{name}", settings["corpora"]["tiny"])
    new = flow.changed(new, "evaluation.retention", {"corpora": ["second"]})
    return flow.changed(new, "teacher.members", {"one": {"kind": "dense"}, "two": {"kind": "bm25"}})


def concrete(key: str, settings: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the key's place in a config that has it, and that config."""
    place: list[str] = []
    for part in key.split("."):
        name, _, kind = part.partition("[")
        place.append(NAMES[place[-1]] if name == "*" else name)
        if kind and (key in EXCLUDED or _at(settings, place).get("kind") != kind[:-1]):
            settings = flow.changed(settings, ".".join(place), EXCLUDED.get(key, BLOCKS[kind[:-1]]))
    return ".".join(place), settings


def _at(settings: dict[str, Any], place: list[str]) -> dict[str, Any]:
    for name in place:
        settings = settings.get(name, {})
    return settings


POINT = "learning_curve.small.listwise.50"
MEASURED = ("evaluation.measures", "evaluation.depth")


def frozen(settings: dict[str, Any]) -> dict[str, str]:
    plan = Plan(settings)
    stages = [
        "corpus",
        "queries",
        "candidates",
        "rerank",
        "gate",
        "scores",
        "evaluate",
        "check",
        "report",
        "search.bm25",
    ]
    stages += [f"ask.{shard}" for shard in plan.shares("generated")]
    stages += [f"encode.{system}" for system in [*plan.retrievers, *plan.jointly_trained]]
    stages += [f"search.{system}" for system in plan.searching]
    stages += [f"train.{system}" for system in plan.trained]
    stages += [POINT]
    stages += [f"mteb.{system}" for system in [*plan.students, *plan.trained]]
    stages += [f"lists.{name}" for name in plan.lists_on("tiny")]
    stages += [f"fuse.{system}+bm25" for system in plan.searching]
    stages += [f"joint.{name}" for name in plan.joint]
    stages += ["export_corpus", *(f"export_lists.{name}" for name in plan.lists_on("tiny"))]
    stages += [f"{stage}.{system}" for stage in ("export_model",) for system in plan.evaluated_on("tiny")]
    return {stage: plan.frozen("tiny", stage) for stage in stages}


RERANKERS = {"one": BLOCKS["cross_encoder"], "two": BLOCKS["t5"]}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("mining.bm25.k1", 1.2),
        ("mining.bm25.stemmer", None),
        *((f"students.small.{key}", MATRIX[f"students.*.{key}"][0]) for key in ("model", "max_length", "precision")),
        ("students.another", {"model": "elsewhere"}),
    ],
)
def test_scores_of_rerankers_depend_on_no_student_and_not_on_bm25(
    key: str, value: Any, settings: dict[str, Any]
) -> None:
    """As with the papers' config, whose teacher takes days."""
    base = flow.changed(settings, "teacher.members", RERANKERS)
    before, after = frozen(base), frozen(flow.changed(base, key, value))
    for stage in ("scores", "rerank"):
        assert before[stage] == after[stage]
    assert before["gate"] != after["gate"]


def test_the_matrix_has_every_key() -> None:
    """A new setting fails here until it is said, in MATRIX, which stages it touches."""
    assert sorted(keys(Settings)) == sorted([*MATRIX, *SINGLE])
    assert names("backends") == ["onnx", "torch"]


@pytest.mark.parametrize("key", MATRIX)
def test_a_key_changes_the_settings_of_its_stages_only(key: str, base: dict[str, Any]) -> None:
    value, touched = MATRIX[key]
    place, settings = concrete(key, base)
    if key.endswith("anchor_texts.passages"):
        settings = flow.changed(settings, place.replace("passages", "corpus"), "tiny")
    if key.endswith("selection.retention.max_loss"):
        settings = flow.changed(settings, place.replace("max_loss", "corpora"), ["tiny"])
    if touched == "lists.small.listwise":
        settings = flow.changed(settings, "training.variants.listwise.teachers", ["one", "two"])
    if key.startswith("joint."):
        further = {"students.large": {"model": "elsewhere"}, "corpora.second": settings["corpora"]["tiny"]}
        order = {"order": "temperature"} if key == "joint.*.exponent" else {}
        for block, content in {**further, "joint.both": JOINT | order}.items():
            settings = flow.changed(settings, block, content)
    before, after = frozen(settings), frozen(flow.changed(settings, place, value))
    expected = {stage for stage in before if any(fnmatch(stage, pattern) for pattern in touched.split())}
    # A training on a share of the lists has the settings of the whole training, and measures itself.
    trained = POINT.replace("learning_curve", "train").removesuffix(".50") in expected
    if (trained and not key.endswith(".tensorboard")) or key in MEASURED:
        expected.add(POINT)
    shown = set() if key.startswith("estimate.") else {"report"}
    assert {stage for stage in before if before[stage] != after.get(stage)} == expected | shown
