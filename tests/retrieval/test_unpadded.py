"""Computing without padding gives the same embeddings and gradients as a padded batch."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AttentionInterface

import tiny
import tiny_students
from listill.retrieval import unpadded
from listill.retrieval.encoder import Encoder
from listill.settings.students import Student

TEXTS = ["Lava", *(f"{row['title']} {row['text']}" for row in tiny.tiny_documents(20))]


def encoder(folder: Path, trainable: bool = False, pooling: Any = None) -> Encoder:
    return Encoder(Student(model=str(folder), pooling=pooling, precision="fp32"), trainable=trainable)


@pytest.mark.parametrize("pooling", ["mean", "cls"])
def test_embeddings_equal_those_of_padded_texts(tmp_path: Path, pooling: str) -> None:
    folder = tiny.make_tiny_model(tmp_path / "m", pooling=pooling)
    padded, flat = encoder(folder), encoder(folder)
    flat.unpad()
    assert flat.unpadded
    np.testing.assert_allclose(flat.encode(TEXTS, "document"), padded.encode(TEXTS, "document"), atol=1e-5)
    token_vectors = zip(flat.token_vectors(TEXTS, "query"), padded.token_vectors(TEXTS, "query"), strict=True)
    for flat_vectors, padded_vectors in token_vectors:
        assert flat_vectors.shape == padded_vectors.shape
        np.testing.assert_allclose(flat_vectors.float(), padded_vectors.float(), atol=0.01)  # bf16
    flat.pad()
    np.testing.assert_allclose(flat.encode(TEXTS, "document"), padded.encode(TEXTS, "document"), atol=1e-5)


def gradients(model: Encoder) -> dict[str, torch.Tensor]:
    tokens = model.tokenise(TEXTS, "document")
    vectors = model.forward(tokens, np.arange(len(TEXTS)), "document")["sentence_embedding"]
    (vectors @ vectors.T).exp().sum().backward()
    return {name: p.grad for name, p in model.model.named_parameters() if p.grad is not None}


def test_gradients_equal_those_of_padded_texts(tiny_model: Path) -> None:
    padded, flat = encoder(tiny_model, trainable=True), encoder(tiny_model, trainable=True)
    flat.unpad()
    expected, computed = gradients(padded), gradients(flat)
    assert expected.keys() == computed.keys()
    for name in expected:
        torch.testing.assert_close(computed[name], expected[name], atol=1e-3, rtol=1e-3, msg=name)


def test_padding_is_used_if_the_embeddings_would_change(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Simulates an architecture that ignores the boundaries, so that texts attend to their neighbours in the row."""
    features = unpadded.features

    def wrong_positions(*arguments: object) -> dict[str, object]:
        inputs = features(*arguments)  # type: ignore[arg-type]
        return inputs | {"position_ids": inputs["position_ids"].flip(1)}

    monkeypatch.setattr(unpadded, "features", wrong_positions)
    wrong, padded = encoder(tiny_model), encoder(tiny_model)
    with caplog.at_level("INFO"):
        wrong.unpad()
    assert not wrong.unpadded
    assert "computing with padding (embeddings differ by" in caplog.text
    np.testing.assert_allclose(wrong.encode(TEXTS, "query"), padded.encode(TEXTS, "query"), atol=1e-5)


@pytest.mark.parametrize("correct", [True, False])
@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize("make", [tiny_students.modernbert, tiny_students.gemma3])
def test_bf16_is_as_close_to_float32_without_padding_as_with_it(
    tmp_path: Path, make: Callable[[Path, int], Path], trainable: bool, correct: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The check on a GPU, here on the CPU; a kernel that ignores the boundaries is noticed in bf16, too."""

    def kernel(module: torch.nn.Module, *tensors: torch.Tensor, **options: Any) -> tuple[torch.Tensor, None]:
        if tensors[2].dtype == torch.bfloat16 and not correct:
            bounds = options["cu_seq_lens_q"]
            options |= {"cu_seq_lens_q": bounds[[0, -1]], "sliding_window": None}
        return unpadded.attend(module, *tensors, **options)

    monkeypatch.setattr(unpadded, "available", lambda _: True)
    monkeypatch.setitem(AttentionInterface._global_mapping, unpadded.NAME, kernel)
    student = Student(model=str(make(tmp_path / "m", 8)), pooling="mean", precision="bf16")
    assert Encoder(student, trainable=trainable).unpadded == correct


def test_sliding_window(tiny_model: Path) -> None:
    """Each token attends to the tokens of its own text that are less than the window away, and to no others."""
    draw = torch.Generator().manual_seed(0)
    query, key, value = (torch.randn(1, 2, 9, 4, generator=draw) for _ in range(3))
    bounds = torch.tensor([0, 6, 9], dtype=torch.int32)
    output, _ = unpadded.attend(
        torch.nn.Module(), query, key, value, None, scaling=0.5, sliding_window=3, cu_seq_lens_q=bounds, max_length_q=6
    )
    for token in range(9):
        text = range(6) if token < 6 else range(6, 9)
        visible = [other for other in text if abs(other - token) <= 2]
        for head in range(2):
            weights = torch.softmax(0.5 * key[0, head, visible] @ query[0, head, token], dim=0)
            torch.testing.assert_close(output[0, token, head], weights @ value[0, head, visible])


# Numbers, of which every character is a token: texts that are shorter than all windows, and one that is longer.
NUMBERS = [" ".join(map(str, range(count))) for count in (1, 4, 90)]


@pytest.mark.parametrize("window", [4, 8, 16, 64])
@pytest.mark.parametrize("make", [tiny_students.modernbert, tiny_students.gemma3])
def test_windows_are_those_of_transformers(tmp_path: Path, make: Callable[[Path, int], Path], window: int) -> None:
    """Compared with transformers' own mask of a padded batch."""
    folder = make(tmp_path / "m", window)
    padded, flat = encoder(folder, pooling="mean"), encoder(folder, pooling="mean")
    tokens = padded.tokenise(NUMBERS, "document")
    assert tokens.lengths.min() < 4
    assert tokens.lengths.max() > 2 * 64 + 1
    flat.unpad()
    assert flat.unpadded
    np.testing.assert_allclose(flat.encode(tokens, "document"), padded.encode(tokens, "document"), atol=1e-5)
    for ours, theirs in zip(flat._vectors(tokens, True), padded._vectors(tokens, True), strict=True):
        torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)


@pytest.fixture
def shifted(request: pytest.FixtureRequest) -> Iterator[None]:
    """Attention whose window is larger by the fixture's parameter."""

    def attend(*arguments: Any, sliding_window: int | None = None, **options: Any) -> Any:
        window = None if sliding_window is None else sliding_window + request.param
        return unpadded.attend(*arguments, sliding_window=window, **options)

    AttentionInterface.register(unpadded.NAME, attend)
    yield
    AttentionInterface.register(unpadded.NAME, unpadded.attend)


@pytest.mark.parametrize("trainable", [False, True])
@pytest.mark.parametrize(("shifted", "noticed"), [(0, False), (1, True), (-1, True)], indirect=["shifted"])
@pytest.mark.usefixtures("shifted")
def test_a_window_that_is_off_by_one_is_noticed_in_bf16(
    tmp_path: Path, trainable: bool, noticed: bool, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """As on a GPU: rounding to bf16 changes the embeddings by more than a window of 64 that is off by one."""
    monkeypatch.setattr(unpadded, "available", lambda _: True)
    folder = tiny_students.modernbert(tmp_path / "m", 64)
    with caplog.at_level("INFO"):
        model = Encoder(Student(model=str(folder), pooling="mean", precision="bf16"), trainable=trainable)
    assert model.unpadded == (not noticed)
    assert ("computing with padding (embeddings differ by" in caplog.text) == noticed
    weight = next(model.model.parameters())
    assert weight.dtype == (torch.float32 if trainable else torch.bfloat16)
    vectors = model.forward(model.tokenise(NUMBERS, "document"), np.arange(3), "document")["token_embeddings"]
    assert vectors.isfinite().all()


def test_a_kernel_that_fails_in_bf16_is_noticed(
    tiny_model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def attend(module: Any, query: torch.Tensor, *arguments: Any, **options: Any) -> Any:
        if query.dtype == torch.bfloat16:
            raise RuntimeError("no kernel for this GPU")
        return unpadded.attend(module, query, *arguments, **options)

    monkeypatch.setattr(unpadded, "available", lambda _: True)
    AttentionInterface.register(unpadded.NAME, attend)
    try:
        with caplog.at_level("INFO"):
            model = Encoder(Student(model=str(tiny_model), precision="bf16"))
    finally:
        AttentionInterface.register(unpadded.NAME, unpadded.attend)
    assert not model.unpadded
    assert "computing with padding (no kernel for this GPU)" in caplog.text
    assert np.isfinite(model.encode(TEXTS, "document")).all()
