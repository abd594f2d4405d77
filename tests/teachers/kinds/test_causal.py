"""The lightweight gemma of BGE, replaced by code with the same interface: lengths of the parts, merged tokens."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import tiny_rerankers
from listill.errors import UserError
from listill.settings.bm25 import Bm25
from listill.teachers.pairs import Pairs
from listill.teachers.resources import Resources
from listill.teachers.scorer import Scorer
from plain_rerankers import member

# The score of layer 3 at the last token is the mean token id of the passage, which is located by the lengths of query
# and prompt. Two tokens are merged into one, so that the last position differs from that in the input.
CODE = """
from types import SimpleNamespace

import torch
from transformers import PretrainedConfig, PreTrainedModel


class OwnConfig(PretrainedConfig):
    model_type = "own_lightweight"


class OwnForCausalLM(PreTrainedModel):
    config_class = OwnConfig

    def __init__(self, config):
        super().__init__(config)
        self.weight = torch.nn.Parameter(torch.ones(1))
        self.post_init()

    def forward(self, input_ids, attention_mask, output_hidden_states, cutoff_layers, compress_ratio, compress_layer,
                query_lengths, prompt_lengths):
        assert (cutoff_layers, compress_ratio, compress_layer) == ([3], 2, [1])
        lengths = attention_mask.sum(1).tolist()
        kept = torch.tensor([-(-length // compress_ratio) for length in lengths])
        positions = torch.arange(int(kept.max()))
        logits = torch.full((len(lengths), len(positions)), float("nan"))
        for i, (length, before, after) in enumerate(zip(lengths, query_lengths, prompt_lengths)):
            logits[i, kept[i] - 1] = input_ids[i, before : length - after].float().mean() * self.weight[0]
        return SimpleNamespace(logits=(logits,), attention_masks=((positions[None] < kept[:, None]).long(),))
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tiny_rerankers.llama(tmp_path_factory.mktemp("own") / "model")
    (folder / "own.py").write_text(CODE)
    code = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnForCausalLM"}
    config = {"model_type": "own_lightweight", "architectures": ["OwnForCausalLM"], "auto_map": code}
    (folder / "config.json").write_text(json.dumps(config | {"max_position_embeddings": 512}))
    from safetensors.torch import save_file

    save_file({"weight": torch.ones(1)}, folder / "model.safetensors", {"format": "pt"})
    return folder


LAYERS = {"cutoff": 3, "compress_ratio": 2, "compress_layers": [1]}


def test_the_model_receives_the_lengths_and_the_last_token_is_scored(folder: Path, pairs: Pairs) -> None:
    settings = member(
        kind="causal",
        format="bge-gemma-lightweight",
        model=str(folder),
        precision="fp32",
        trust_remote_code=True,
        layerwise=LAYERS,
    )
    resources = Resources(pairs.collection, {}, Bm25())
    scores = settings.score(pairs, resources)
    tokenizer = resources.loaded(settings, Scorer).tokenizer
    token_ids = [tokenizer(f"B: {text}", add_special_tokens=False)["input_ids"] for text in pairs.texts(pairs.text)]
    np.testing.assert_allclose(scores, [np.mean(ids) for ids in token_ids], atol=1e-3)


def test_code_that_does_not_run_with_this_version_of_transformers(folder: Path, pairs: Pairs, tmp_path: Path) -> None:
    import shutil

    broken = Path(shutil.copytree(folder, tmp_path / "broken"))
    (broken / "own.py").write_text(CODE.replace("compress_ratio, compress_layer,", "compress_ratio,"))
    settings = member(
        kind="causal", format="bge-gemma-lightweight", model=str(broken), precision="fp32", trust_remote_code=True
    )
    with pytest.raises(UserError, match=r"its code does not run with transformers .*compress_layer"):
        settings.score(pairs, Resources(pairs.collection, {}, Bm25()))
