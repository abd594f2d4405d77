"""Tiny late-interaction models in the formats of PyLate and of the original ColBERT, and their token vectors by hand."""

import json
import string
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers
from safetensors.torch import save_file

import tiny
import tiny_rerankers


class Form(NamedTuple):
    """How a checkpoint encodes texts; ``layers`` are the sizes of the projection, and ``saved_by`` its format."""

    saved_by: str = "pylate"
    layers: tuple[int, ...] = (32, 16)
    activation: str = "torch.nn.modules.linear.Identity"
    query_length: int = 24
    document_length: int = 40
    expansion: bool = True
    attend: bool = False
    skipped: tuple[str, ...] = tuple(string.punctuation)

    @property
    def markers(self) -> dict[str, str]:
        stanford = {"query": "[unused0]", "document": "[unused1]"}
        return stanford if self.saved_by == "stanford" else {"query": "[Q] ", "document": "[D] "}


PYLATE = Form()


def save(folder: Path, form: Form = PYLATE) -> Path:
    """Save a random BERT with a projection of its token vectors, as the library ``form.saved_by`` saves it."""
    vocabulary = [*tiny.SPECIAL, *tiny.CHARACTERS, *(f"##{c}" for c in tiny.CHARACTERS)]
    vocabulary += sorted(set(tiny.vocabulary()) - set(vocabulary))
    vocabulary += form.markers.values() if form.saved_by == "stanford" else []
    tokenizer = transformers.BertTokenizer(vocab={word: i for i, word in enumerate(vocabulary)}, model_max_length=128)
    if form.saved_by != "stanford":
        tokenizer.add_tokens([*form.markers.values()])
    sizes = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64}
    config = transformers.BertConfig(
        vocab_size=len(tokenizer), max_position_embeddings=128, initializer_range=0.3, **sizes
    )
    with tiny_rerankers.seeded(3):
        bert = transformers.BertModel(config)
        weights = [torch.randn(out, size) / 4 for size, out in zip(form.layers, form.layers[1:], strict=False)]
    bert.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    _save_stanford(folder, bert, weights[0], form) if form.saved_by == "stanford" else _save_pylate(
        folder, weights, form
    )
    return folder


def _save_stanford(folder: Path, bert: Any, weight: torch.Tensor, form: Form) -> None:
    state = {f"bert.{name}": value for name, value in bert.state_dict().items()} | {"linear.weight": weight}
    save_file(state, folder / "model.safetensors", {"format": "pt"})
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"architectures": ["HF_ColBERT"]}))
    artifact = {f"{short}_token_id": form.markers[kind] for short, kind in (("query", "query"), ("doc", "document"))}
    artifact |= {"query_maxlen": form.query_length, "doc_maxlen": form.document_length}
    artifact |= {"attend_to_mask_tokens": form.attend, "mask_punctuation": bool(form.skipped)}
    (folder / "artifact.metadata").write_text(json.dumps(artifact))


def _save_pylate(folder: Path, weights: list[torch.Tensor], form: Form) -> None:
    types = ["sentence_transformers.models.Transformer", *["pylate.models.Dense.Dense"] * len(weights)]
    paths = ["", *(f"{i}_Dense" for i in range(1, len(types)))]
    entries = [{"idx": i, "name": str(i), "path": paths[i], "type": name} for i, name in enumerate(types)]
    (folder / "modules.json").write_text(json.dumps(entries))
    (folder / "sentence_bert_config.json").write_text(json.dumps({"max_seq_length": 39, "do_lower_case": False}))
    for path, weight in zip(paths[1:], weights, strict=True):
        (folder / path).mkdir()
        save_file({"linear.weight": weight.contiguous()}, folder / path / "model.safetensors")
        sizes = {"in_features": weight.shape[1], "out_features": weight.shape[0], "bias": False}
        (folder / path / "config.json").write_text(json.dumps(sizes | {"activation_function": form.activation}))
    config = {"prompts": {}, "default_prompt_name": None, "similarity_fn_name": "MaxSim"}
    config |= {f"{kind}_prefix": marker for kind, marker in form.markers.items()}
    config |= {"query_length": form.query_length, "document_length": form.document_length}
    config |= {"do_query_expansion": form.expansion, "attend_to_expansion_tokens": form.attend}
    config |= {"skiplist_words": list(form.skipped)} | ({} if form.saved_by == "early" else {"model_type": "ColBERT"})
    (folder / "config_sentence_transformers.json").write_text(json.dumps(config))


@torch.inference_mode()
def vectors(folder: Path, form: Form, text: str, kind: str) -> torch.Tensor:
    """Return the vectors [tokens, d] of one text in float64, computed with transformers only."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModel.from_pretrained(folder).eval().double()
    length = form.query_length if kind == "query" else form.document_length
    words = tokenizer(text, add_special_tokens=False)["input_ids"][: length - 3]
    marker = tokenizer.convert_tokens_to_ids(form.markers[kind])
    ids = [tokenizer.cls_token_id, marker, *words, tokenizer.sep_token_id]
    expanded = length - len(ids) if kind == "query" and form.expansion else 0
    mask = torch.tensor([[1] * len(ids) + [int(form.attend)] * expanded])
    ids += [tokenizer.mask_token_id] * expanded
    made = model(input_ids=torch.tensor([ids]), attention_mask=mask).last_hidden_state[0]
    with tiny_rerankers.seeded(3):
        transformers.BertModel(model.config)
        weights = [torch.randn(out, size) / 4 for size, out in zip(form.layers, form.layers[1:], strict=False)]
    for weight in weights:
        made = made @ weight.double().T
        made = torch.nn.functional.gelu(made) if form.activation.endswith("GELU") else made
    skipped = set(tokenizer.convert_tokens_to_ids(list(form.skipped))) if kind == "document" else set()
    kept = [i for i, token in enumerate(ids) if token not in skipped - {tokenizer.unk_token_id}]
    return torch.nn.functional.normalize(made[kept], dim=1)
