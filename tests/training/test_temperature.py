"""The teacher's temperature."""

import itertools
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_training
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.training import temperature as module
from listill.training.kernels import masked_entropy
from listill.training.temperature import HIGHEST, LOWEST, matched, with_teacher_temperature


def lists(seed: int = 0) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = np.random.default_rng(seed)
    mask = np.arange(8)[None] < draw.integers(2, 9, size=40)[:, None]
    return (
        torch.from_numpy(draw.uniform(0, 0.8, (40, 8)).astype(np.float32)),
        torch.from_numpy(draw.uniform(0, 1, (40, 8)).astype(np.float32)),
        torch.from_numpy(mask),
    )


def entropy(scores: torch.Tensor, temperature: float, mask: torch.Tensor) -> float:
    return float(masked_entropy(scores.double() / temperature, mask).mean())


@pytest.mark.parametrize("student", [0.02, 0.05, 0.2])
@pytest.mark.parametrize("offset", [-0.2, 0.0, 0.2])
def test_matched_temperature_gives_the_target_entropy(student: float, offset: float) -> None:
    similarity, scores, mask = lists()
    target = entropy(similarity, student, mask) + offset
    temperature = matched(similarity, scores, mask, student, offset)
    if 0 < target < float(mask.sum(1).double().log().mean()):
        assert entropy(scores, temperature, mask) == pytest.approx(target, abs=1e-3)
    else:
        assert temperature in (pytest.approx(LOWEST, rel=1e-3), pytest.approx(HIGHEST, rel=1e-3))


def test_the_same_scores_have_the_same_temperature() -> None:
    similarity, _, mask = lists()
    assert matched(similarity, similarity, mask, 0.07) == pytest.approx(0.07, rel=1e-4)
    assert matched(similarity, 10 * similarity - 3, mask, 0.07) == pytest.approx(0.7, rel=1e-4)


def test_more_entropy_needs_a_higher_temperature() -> None:
    similarity, scores, mask = lists(1)
    temperatures = [matched(similarity, scores, mask, 0.05, offset) for offset in (-0.4, -0.2, 0.0, 0.2, 0.4)]
    assert all(low < high for low, high in itertools.pairwise(temperatures))


def test_padding_has_no_effect() -> None:
    similarity, scores, mask = lists(2)
    expected = matched(similarity, scores, mask, 0.05)
    assert matched(similarity.masked_fill(~mask, 50.0), scores.masked_fill(~mask, -9.0), mask, 0.05) == expected


def test_unreachable_entropies_give_the_limits() -> None:
    similarity, scores, mask = lists(3)
    assert matched(similarity, scores, mask, 0.05, -10) == pytest.approx(LOWEST, rel=1e-3)
    assert matched(similarity, scores, mask, 0.05, +10) == pytest.approx(HIGHEST, rel=1e-3)
    flat = torch.zeros_like(scores)
    assert LOWEST * 0.99 <= matched(similarity, flat, mask, 0.05) <= HIGHEST * 1.01


# --- the recipe of a training
# ----------------------------------------------------------------------------------------------------


def recipe(*losses: str, **temperatures: object) -> Recipe:
    return Recipe.model_validate({"losses": dict.fromkeys(losses, 1.0), "temperatures": temperatures})


@pytest.mark.parametrize("loss", ["listwise", "margin_mse"])
@pytest.mark.parametrize("sample", [512, 7])
def test_auto_is_matched_on_a_sample_of_the_lists(
    tiny_model: Path, loss: str, sample: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Compared with plain loops over the lists of the sample."""
    monkeypatch.setattr(module, "SAMPLE", sample)
    training = tiny_training.training(tiny_model, {})
    examples = training.parts[0].examples
    encoder = Encoder(Student(model=str(tiny_model), precision="fp32"))
    corpus = encoder.encode(examples.texts, "document")
    matched_recipe = with_teacher_temperature(recipe(loss, student=0.04), encoder, examples, corpus, seed=3)
    value = matched_recipe.temperatures.teacher
    assert isinstance(value, float)
    drawn = np.random.default_rng([3, sample]).permutation(len(examples))[:sample]
    assert len(drawn) == min(sample, len(examples))
    queries = encoder.encode(examples.queries, "query")

    def mean_entropy(logits: list[np.ndarray]) -> float:
        p = [np.exp(row - row.max()) / np.exp(row - row.max()).sum() for row in logits]
        return float(np.mean([-(row * np.log(row)).sum() for row in p]))

    student = mean_entropy([corpus[examples.lists[q]] @ queries[q] / 0.04 for q in drawn])
    teacher = mean_entropy([examples.scores[q] / value for q in drawn])
    assert teacher == pytest.approx(student, abs=1e-3)
    # The rest of the recipe has not changed.
    temperatures = matched_recipe.temperatures.model_copy(update={"teacher": "auto"})
    assert matched_recipe.model_copy(update={"temperatures": temperatures}) == recipe(loss, student=0.04)
    offset = with_teacher_temperature(recipe(loss, student=0.04, offset=0.2), encoder, examples, corpus, seed=3)
    assert offset.temperatures.teacher > value  # type: ignore[operator]


@pytest.mark.parametrize(
    "unchanged",
    [recipe("listwise", teacher=0.2), recipe("infonce"), recipe("ranknet"), recipe("infonce", "ranknet")],
    ids=lambda recipe: " ".join(recipe.losses),
)
def test_nothing_is_encoded_if_no_temperature_is_matched(tiny_model: Path, unchanged: Recipe) -> None:
    examples = tiny_training.training(tiny_model, {}).parts[0].examples
    no_encoder, no_embeddings = None, np.empty((0, 0))
    result = with_teacher_temperature(unchanged, no_encoder, examples, no_embeddings, seed=3)  # type: ignore[arg-type]
    assert result is unchanged


def test_auto_is_matched_if_any_loss_uses_the_temperature(tiny_model: Path) -> None:
    training = tiny_training.training(tiny_model, {})
    corpus = training.encoder.encode(training.parts[0].examples.texts, "document")
    both = recipe("infonce", "listwise")
    result = with_teacher_temperature(both, training.encoder, training.parts[0].examples, corpus, seed=3)
    assert isinstance(result.temperatures.teacher, float)
