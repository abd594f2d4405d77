"""Late-interaction models of their own: MaxSim against an encoding by hand, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from sentence_transformers import MultiVectorEncoder, SentenceTransformer

import tiny
import tiny_colbert
import tiny_rerankers
from checkpoint_faults import without
from listill.errors import UserError
from listill.models.locate import identity
from listill.settings.students import Student
from listill.teachers import multi_vector
from listill.teachers.multi_vector import MultiVectorModel
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from plain_rerankers import member, naive_maxsim
from tiny_colbert import Form

FORMS = {
    "pylate": Form(),
    "early": Form("early"),
    "attend": Form(attend=True),
    "short": Form(query_length=12, document_length=20),
    "no expansion": Form(expansion=False),
    "all tokens": Form(skipped=()),
    "two layers": Form(layers=(32, 48, 16)),
    "activation": Form(activation="torch.nn.modules.activation.GELU"),
    "stanford": Form("stanford"),
    "stanford without punctuation": Form("stanford", attend=True, skipped=()),
}


def late(folder: Path, **settings: Any) -> Any:
    return member(kind="late_interaction", model=str(folder), **{"precision": "fp32"} | settings)


def fault(folder: Path, **settings: Any) -> str:
    with pytest.raises(UserError) as caught:
        MultiVectorModel(late(folder, **settings))
    assert str(caught.value).startswith(f"model {folder}: ")
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_maxsim_equals_an_encoding_by_hand(form: Form, pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    folder = tiny_colbert.save(tmp_path / "model", form)
    some = pairs.take(np.arange(0, len(pairs), 3))
    queries = {q: tiny_colbert.vectors(folder, form, pairs.queries[q], "query") for q in set(some.query.tolist())}
    texts = [tiny_colbert.vectors(folder, form, text, "document") for text in some.texts(some.text)]
    expected = [naive_maxsim(queries[q], text) for q, text in zip(some.query.tolist(), texts, strict=True)]
    np.testing.assert_allclose(late(folder).score(some, fresh), expected, atol=1e-5)
    assert np.ptp(expected) > 0.02


def test_bf16(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    folder = tiny_colbert.save(tmp_path / "model")
    expected = late(folder).score(pairs, fresh)
    scores = late(folder, precision="bf16").score(pairs, fresh)
    np.testing.assert_allclose(scores, expected, atol=0.02)
    assert np.corrcoef(scores, expected)[0, 1] > 0.98


def test_a_model_of_sentence_transformers(pairs: Pairs, fresh: Resources, tmp_path: Path) -> None:
    """The same model, saved again by MultiVectorEncoder, has the same scores."""
    folder = tiny_colbert.save(tmp_path / "model")
    MultiVectorEncoder(str(folder), device="cpu").save_pretrained(str(tmp_path / "again"), create_model_card=False)
    expected = late(folder).score(pairs, fresh)
    np.testing.assert_allclose(late(tmp_path / "again").score(pairs, fresh), expected, atol=1e-5)


@pytest.mark.parametrize("prompts", [tiny.PROMPTS, {"query": "query: ", "document": "old ship "}, None])
def test_an_embedding_model_as_a_plain_encoder(
    prompts: dict[str, str] | None, pairs: Pairs, resources: Resources, tmp_path: Path
) -> None:
    """Its token vectors and prompts are those of a student, and no projection is added."""
    folder = tiny.make_tiny_model(tmp_path / "model", prompts=prompts)
    students = {"s": Student(model=str(folder), precision="fp32")}
    student = member(kind="late_interaction").score(pairs, Resources(pairs.collection, students, resources.bm25))
    np.testing.assert_allclose(late(folder).score(pairs, resources), student, atol=0.003)  # bf16


def test_a_folder_of_transformers_as_a_plain_encoder(tmp_path: Path, tiny_model: Path) -> None:
    encoder = SentenceTransformer(str(tiny_model), device="cpu")
    encoder[0].model.save_pretrained(tmp_path)
    encoder.tokenizer.save_pretrained(tmp_path)
    (vectors,) = MultiVectorModel(late(tmp_path)).token_vectors(["the old ship, a quay."], "document")
    expected = encoder.encode("the old ship, a quay.", output_value="token_embeddings", prompt_name=None)
    torch.testing.assert_close(vectors, torch.nn.functional.normalize(expected, dim=1), atol=1e-5, rtol=0)


def test_the_batches_and_their_bounds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = MultiVectorModel(late(tiny_colbert.save(tmp_path / "model"), max_length=20))
    assert model.limits == {"query": 24, "document": 20}
    texts = [f"{'lava ' * n}ash" for n in (1, 40, 3, 25)]
    expected = model.token_vectors(texts, "document")
    assert [len(one) for one in expected] == [5, 20, 7, 20]
    assert model.token_vectors([], "query") == []
    monkeypatch.setitem(multi_vector.BUDGET, "cpu", 1)
    for one, other in zip(model.token_vectors(texts, "document"), expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=0)


def test_the_identity(tmp_path: Path, fresh: Resources) -> None:
    folder = tiny_colbert.save(tmp_path / "model", Form("stanford"))
    first = late(folder).identity(fresh)
    assert first == identity(folder)
    artifact = folder / "artifact.metadata"
    artifact.write_text(artifact.read_text().replace("40", "41"))
    assert late(folder).identity(fresh) != first


def test_lengths_that_are_refused(tmp_path: Path, tiny_model: Path) -> None:
    folder = tiny_colbert.save(tmp_path / "model")
    assert fault(folder, max_length=129).endswith("set max_length of this teacher to 128 or less")


def test_a_model_without_a_maximum_length(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tiny_rerankers.qwen3(tmp_path / "model")
    config = json.loads((folder / "config.json").read_text())
    config.pop("max_position_embeddings")
    monkeypatch.setattr(multi_vector, "UNLIMITED", 9)
    assert fault(folder).endswith("its folder has no maximum length; set max_length of this teacher")
    assert MultiVectorModel(late(folder, max_length=8)).limits["document"] == 8


def test_models_of_another_kind(tmp_path: Path) -> None:
    classifier = tiny_rerankers.bert_classifier(tmp_path / "bert")
    assert fault(classifier).endswith("it reads query and passage together; set kind: cross_encoder")
    modular = tiny_rerankers.modular(tmp_path / "modular")
    assert "it is a CrossEncoder, whose token vectors cannot be compared" in fault(modular)
    with pytest.raises(UserError, match="no such folder"):
        multi_vector.inspect(late(Path("/nowhere/model")))


def test_missing_weights(tmp_path: Path) -> None:
    folder = tiny_colbert.save(tmp_path / "a")
    assert "its weights lack encoder.layer.1." in fault(without(folder, "layer.1."))
    folder = tiny_colbert.save(tmp_path / "b")
    without(folder / "1_Dense", "linear")
    assert "cannot be loaded: " in fault(folder)


def test_weights_that_do_not_fit_into_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class TooLarge(torch.nn.Module):
        def to(self, target: Any) -> Any:
            if isinstance(target, torch.device):
                raise torch.OutOfMemoryError("simulated")

    folder = tiny_colbert.save(tmp_path / "model")
    monkeypatch.setattr(multi_vector, "_load", lambda *_, **__: TooLarge())
    assert "its weights do not fit into GPU memory" in fault(folder)


def test_code_of_the_model_does_not_run_without_permission(tmp_path: Path) -> None:
    folder = tiny_colbert.save(tmp_path / "model")
    file = folder / "modules.json"
    file.write_text(file.read_text().replace("pylate.models.Dense.Dense", "own.Dense"))
    (folder / "own.py").write_text(f"open({str(folder / 'ran')!r}, 'w').close()\n")
    assert "its module own.Dense needs code of its own: read it" in fault(folder)
    assert not (folder / "ran").exists()


def test_the_model_is_named_in_the_log(tmp_path: Path, tiny_model: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level("INFO", "listill"):
        MultiVectorModel(late(tiny_colbert.save(tmp_path / "model")))
        MultiVectorModel(late(tiny_model))
    assert "kind late_interaction, token vectors with a projection, fp32 on" in caplog.text
    assert "kind late_interaction, token vectors of the encoder, fp32 on" in caplog.text


@pytest.mark.parametrize("form", ["pylate", "early", "stanford"])
def test_the_folders_of_late_interaction_models(form: str, tmp_path: Path, tiny_model: Path) -> None:
    assert multi_vector.is_late_interaction(tiny_colbert.save(tmp_path / "model", FORMS[form]))
    assert not multi_vector.is_late_interaction(tiny_model)
    assert not multi_vector.is_late_interaction(tiny.make_tiny_model(tmp_path / "other"))
