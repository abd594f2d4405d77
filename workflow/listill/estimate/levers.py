"""What would save the most: settings that could be smaller, and the share of the time that each saves."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from listill.settings.config import Settings

# Savings below this share of the time are not worth a line.
WORTH = 0.1


@dataclass(frozen=True)
class Lever:
    """A key with its value and a smaller one; ``seconds`` is what remains of the time."""

    key: str
    value: Any
    smaller: Any
    seconds: float = 0.0


def changes(settings: Settings) -> Iterator[tuple[Lever, Settings]]:
    """Yield settings that take less time, each with one changed key."""
    training, generation = settings.training, settings.generation

    def of_training(**keys: Any) -> Settings:
        return settings.model_copy(update={"training": training.model_copy(update=keys)})

    depth = max(10, settings.mining.depth // 2 if settings.mining.depth <= 20 else 20)
    if depth < settings.mining.depth:
        top = min(settings.mining.consistency.top, depth)
        consistency = settings.mining.consistency.model_copy(update={"top": top})
        mining = settings.mining.model_copy(update={"depth": depth, "consistency": consistency})
        yield Lever("mining.depth", settings.mining.depth, depth), settings.model_copy(update={"mining": mining})
    passages = 1000 if generation.passages is None else generation.passages // 2
    smaller = generation.model_copy(update={"passages": passages})
    if passages:
        value = "all" if generation.passages is None else generation.passages
        yield Lever("generation.passages", value, passages), settings.model_copy(update={"generation": smaller})
    if training.seeds > 1:
        yield Lever("training.seeds", training.seeds, 1), of_training(seeds=1)
    if len(training.variants) > 1:
        first = dict([next(iter(training.variants.items()))])
        if not settings.joint:  # they name variants
            yield Lever("training.variants", len(training.variants), 1), of_training(variants=first)
    if training.lists.length > 4:
        half = training.lists.model_copy(update={"length": training.lists.length // 2})
        yield Lever("training.lists.length", training.lists.length, half.length), of_training(lists=half)
    if training.epochs > 1:
        yield Lever("training.epochs", training.epochs, 1.0), of_training(epochs=1.0)
    for name, student in settings.students.items():
        if student.max_length and student.max_length > 64:
            half_length = student.max_length // 2
            students = {**settings.students, name: student.model_copy(update={"max_length": half_length})}
            lever = Lever(f"students.{name}.max_length", student.max_length, half_length)
            yield lever, settings.model_copy(update={"students": students})


def best(settings: Settings, seconds: Callable[[Settings], float], total: float) -> list[Lever]:
    """Return the levers that save enough of ``total`` seconds, the largest first."""
    found = [Lever(lever.key, lever.value, lever.smaller, seconds(changed)) for lever, changed in changes(settings)]
    worth = [lever for lever in found if total - lever.seconds >= WORTH * total]
    return sorted(worth, key=lambda lever: lever.seconds)
