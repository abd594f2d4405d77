"""Output layers in float32, reduced to the answers."""

import torch
from torch import nn
from transformers import BertConfig, BertForSequenceClassification, LlamaConfig, LlamaForCausalLM

from listill.teachers.heads import Float32, classify_in_float32, keep_answers

IDS = torch.tensor([[1, 5, 9, 3], [7, 2, 8, 4]])


def test_a_float32_layer_takes_bf16_and_returns_float32() -> None:
    torch.manual_seed(0)
    plain = nn.Linear(8, 3)
    layer = Float32(8, 3)
    layer.load_state_dict(plain.state_dict())
    inputs = torch.randn(4, 8, dtype=torch.bfloat16)
    found = layer.to(torch.bfloat16)(inputs)
    assert found.dtype == torch.float32
    expected = inputs.double() @ layer.weight.double().T + layer.bias.double()
    torch.testing.assert_close(found.double(), expected, atol=1e-6, rtol=1e-6)


def test_only_the_logits_of_the_answers_are_left() -> None:
    torch.manual_seed(0)
    config = LlamaConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2
    )
    model = LlamaForCausalLM(config).eval()
    with torch.inference_mode():
        whole = model(IDS).logits
        keep_answers(model, [11, 4])
        found = model(IDS).logits
    assert found.dtype == torch.float32
    torch.testing.assert_close(found, whole[..., [11, 4]])


def test_the_classifier_alone_computes_in_float32() -> None:
    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=32, hidden_size=16, intermediate_size=32, num_hidden_layers=1, num_attention_heads=2, num_labels=1
    )
    model = BertForSequenceClassification(config).eval().to(torch.bfloat16)
    classify_in_float32(model)
    assert [name for name, module in model.named_modules() if isinstance(module, Float32)] == ["classifier"]
    with torch.inference_mode():
        assert model(IDS).logits.dtype == torch.float32
