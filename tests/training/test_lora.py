"""LoRA: only adapters are trained, and all that is measured and saved has them merged into the weights."""

import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from sentence_transformers import SentenceTransformer

import tiny
import tiny_training
from listill import tables
from listill.errors import UserError
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student
from listill.settings.training import Lora
from listill.training.loop import MIXTURES
from listill.training.lora import Adapters
from listill.training.save import save
from listill.training.state import Weights, weights

TEXTS = [f"{row['title']} {row['text']}" for row in tiny.tiny_documents(12)]
# A rank as large as the smaller side of the layers, and a large learning rate: the tiny model has to change visibly.
RECIPE: dict[str, object] = {
    "lora": {"rank": 8, "alpha": 16},
    "learning_rate": 1e-2,
    "selection": {"evaluations": 4, "base": False},
}


def fresh(folder: Path) -> Encoder:
    return Encoder(Student(model=str(folder), precision="fp32"), trainable=True)


def disturb(encoder: Encoder) -> None:
    """Give the adapters random weights."""
    draw = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for parameter in encoder.model.parameters():
            if parameter.requires_grad:
                parameter += (0.1 * torch.randn(parameter.shape, generator=draw)).to(parameter.device)


def equal(actual: Weights, expected: Weights) -> bool:
    return actual.keys() == expected.keys() and all(torch.equal(actual[name], expected[name]) for name in actual)


def embedded(encoder: Encoder) -> np.ndarray:
    return encoder.encode(TEXTS, "document")


def test_only_adapters_are_trained_and_they_change_nothing_at_first(tiny_model: Path) -> None:
    encoder = fresh(tiny_model)
    before, base = embedded(encoder), weights(encoder.model)
    adapters = Adapters(encoder.model, Lora(rank=4), seed=1)
    trained = {name: p for name, p in encoder.model.named_parameters() if p.requires_grad}
    # Six linear layers in each of two layers, and the pooler; A and B of each.
    assert len(trained) == 2 * (2 * 6 + 1)
    assert all(".lora_A." in name or ".lora_B." in name for name in trained)
    assert {min(p.shape) for p in trained.values()} == {4}
    with adapters.merged() as merged:
        assert equal(merged, base)
    np.testing.assert_array_equal(embedded(encoder), before)


def test_merged_weights_are_those_of_the_formula(tiny_model: Path) -> None:
    """W + alpha / rank B A, computed in float64; all else stays."""
    encoder = fresh(tiny_model)
    base = weights(encoder.model)
    adapters = Adapters(encoder.model, Lora(rank=4, alpha=12, layers=["query", "value"]), seed=1)
    disturb(encoder)
    state = {name: value.double() for name, value in encoder.model.state_dict().items()}
    with adapters.merged() as merged:
        pass
    assert merged.keys() == base.keys()
    changed = {name for name in base if not torch.equal(merged[name], base[name])}
    assert len(changed) == 4
    for name in changed:
        layer = name.removesuffix(".weight")
        product = state[f"{layer}.lora_B.default.weight"] @ state[f"{layer}.lora_A.default.weight"]
        torch.testing.assert_close(merged[name].double(), base[name].double() + 3 * product, atol=1e-6, rtol=1e-5)


def test_merging_leaves_no_rounding_error_and_changes_no_embedding(tiny_model: Path) -> None:
    encoder = fresh(tiny_model)
    adapters = Adapters(encoder.model, Lora(rank=4), seed=1)
    disturb(encoder)
    state, apart = weights(encoder.model), embedded(encoder)
    for _ in range(5):
        with adapters.merged() as merged:
            together = embedded(encoder)
    assert equal(weights(encoder.model), state)
    np.testing.assert_allclose(together, apart, atol=1e-5)
    adapters.remove()
    assert np.abs(embedded(encoder) - apart).max() > 0.01
    encoder.model.load_state_dict(merged)
    np.testing.assert_array_equal(embedded(encoder), together)


def test_the_first_adapters_depend_on_the_seed_only(tiny_model: Path) -> None:
    states: list[Weights] = []
    for seed in (1, 1, 2):
        encoder = fresh(tiny_model)
        torch.rand(len(states) + 1)
        Adapters(encoder.model, Lora(rank=4), seed)
        states.append(weights(encoder.model))
    assert equal(states[0], states[1])
    assert not equal(states[0], states[2])


def test_without_settings_all_weights_are_trained(tiny_model: Path) -> None:
    encoder = fresh(tiny_model)
    base = weights(encoder.model)
    adapters = Adapters(encoder.model, None, seed=1)
    disturb(encoder)
    with adapters.merged() as merged:
        assert equal(merged, weights(encoder.model))
    adapters.remove()
    assert all(p.requires_grad for p in encoder.model.parameters())
    assert not equal(merged, base)


# The measures of four steps, of their average, and of three mixtures.
MEASURES = {
    "step": [0.1, 0.4, 0.2, 0.3, 0.0, 0.0, 0.0, 0.0],
    "average": [0.1, 0.4, 0.2, 0.3, 0.5, 0.0, 0.0, 0.0],
    "merge 0.5": [0.1, 0.4, 0.2, 0.3, 0.0, 0.0, 0.5, 0.0],
}


@pytest.mark.parametrize("kept", MEASURES)
def test_a_trained_model_is_saved_with_merged_adapters(
    tiny_model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kept: str
) -> None:
    """The folder is a plain SentenceTransformers folder, and its embeddings are those that were measured as the best."""
    selection = {"evaluations": 4, "base": False, "average": 2, "merge": "use"}
    training = tiny_training.training(tiny_model, RECIPE | {"selection": selection})
    encoder, selector, values = training.encoder, training.parts[0].selector, iter(MEASURES[kept])
    measure, before = selector.measure, embedded(encoder)
    monkeypatch.setattr(selector, "measure", lambda encoder: (measure(encoder), next(values))[1])
    result = training.run(base=0.0)
    assert result.kept == kept
    details = {"settings": {"recipe": training.recipe.model_dump(mode="json")}, "base_model": "m", "trained": {}}
    save(encoder, tmp_path / "out", tables.Provenance("models/s/v", "f00d", {}, details), 0.0, result)
    assert not list((tmp_path / "out").glob("*adapter*"))
    plain = SentenceTransformer(str(tmp_path / "out"), device=str(encoder.device))
    np.testing.assert_allclose(plain.encode_document(TEXTS), embedded(encoder), atol=1e-5)
    documents = [selector.collection.rendered(i) for i in range(len(selector.collection))]
    assert result.embeddings is not None
    np.testing.assert_allclose(plain.encode_document(documents), result.embeddings[0], atol=1e-5)
    assert np.abs(embedded(encoder) - before).max() > 0.01
    state = plain.state_dict()
    assert state.keys() == training.untrained.keys()
    for name, value in training.untrained.items():  # biases, norms and token embeddings are those of the base model
        if value.ndim < 2 or "embeddings" in name:
            torch.testing.assert_close(state[name], value, atol=1e-6, rtol=0, msg=name)


def test_mixtures_are_mixtures_of_merged_weights(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of B A is not the product of halves of B and A."""
    plain = tiny_training.training(tiny_model, RECIPE)
    plain.run(base=0.0)
    best, base = weights(plain.encoder.model), plain.untrained
    mixing = tiny_training.training(
        tiny_model, RECIPE | {"selection": {"evaluations": 4, "base": False, "merge": "use"}}
    )
    measure, measured = mixing.parts[0].selector.measure, list[Weights]()

    def recorded(encoder: Encoder) -> float:
        measured.append(weights(encoder.model))
        return measure(encoder)

    monkeypatch.setattr(mixing.parts[0].selector, "measure", recorded)
    mixing.run(base=0.0)
    for share, mixture in zip(MIXTURES, measured[-3:], strict=True):
        assert mixture.keys() == best.keys()
        for name in best:
            expected = share * best[name] + (1 - share) * base[name]
            torch.testing.assert_close(mixture[name], expected, atol=1e-6, rtol=1e-5, msg=name)


def test_a_layer_that_is_not_there(tiny_model: Path) -> None:
    message = (
        r"training\.lora\.layers: the student has no linear layer 'valeu' \(did you mean 'value'\?\); its linear layers "
        "are dense, key, query, value"
    )
    with pytest.raises(UserError, match=message):
        Adapters(fresh(tiny_model).model, Lora(layers=["query", "valeu"]), seed=1)


def test_a_missing_peft(tiny_model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "peft", None)
    with pytest.raises(UserError, match=r"training\.lora: the package peft is not installed: install the extra `lora`"):
        Adapters(fresh(tiny_model).model, Lora(), seed=1)
