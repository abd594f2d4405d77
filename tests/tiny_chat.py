"""Tiny random chat models with templates in the style of well-known model families; no downloads are needed."""

from pathlib import Path

import tiny

GENERATE = "{% if add_generation_prompt %}"
# By model family: the special tokens, the chat template, and a prompt that the template should give.
STYLES: dict[str, dict[str, str]] = {
    "llama3": {
        "bos": "<|begin_of_text|>",
        "eos": "<|eot_id|>",
        "others": "<|start_header_id|> <|end_header_id|>",
        "template": "{{ bos_token }}<|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "{% for m in messages %}<|start_header_id|>{{ m.role }}<|end_header_id|>\n\n{{ m.content | trim }}<|eot_id|>"
        f"{{% endfor %}}{GENERATE}<|start_header_id|>assistant<|end_header_id|>\n\n{{% endif %}}",
        "prompt": "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nBe brief.<|eot_id|>"
        "<|start_header_id|>user<|end_header_id|>\n\nTEXT<|eot_id|><|start_header_id|>assistant<|end_header_id|>\n\n",
    },
    "qwen": {
        "bos": "",
        "eos": "<|im_end|>",
        "others": "<|im_start|> <think> </think>",
        "template": "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}"
        f"{GENERATE}<|im_start|>assistant\n{{% if enable_thinking is defined and not enable_thinking %}}"
        "<think>\n\n</think>\n\n{% endif %}{% endif %}",
        "prompt": "<|im_start|>user\nTEXT<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
    },
    "gemma": {
        "bos": "<bos>",
        "eos": "<end_of_turn>",
        "others": "<start_of_turn>",
        "template": "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}"
        "{{ raise_exception('no system role') }}{% endif %}<start_of_turn>{{ m.role }}\n{{ m.content | trim }}"
        f"<end_of_turn>\n{{% endfor %}}{GENERATE}<start_of_turn>model\n{{% endif %}}",
        "prompt": "<bos><start_of_turn>user\nTEXT<end_of_turn>\n<start_of_turn>model\n",
    },
    "mistral": {
        "bos": "<s>",
        "eos": "</s>",
        "others": "[INST] [/INST]",
        "template": "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}[INST] {{ m.content }} [/INST]"
        "{% else %} {{ m.content }}{{ eos_token }}{% endif %}{% endfor %}",
        "prompt": "<s>[INST] TEXT [/INST]",
    },
}


def make_tokenizer(style: str, vocabulary: int = 400):
    """Return a byte-level BPE tokenizer with the template of ``style``, trained on the tiny corpus and the prompts."""
    from tokenizers import Tokenizer, decoders, pre_tokenizers, processors, trainers
    from tokenizers.models import BPE
    from transformers import PreTrainedTokenizerFast

    about = STYLES[style]
    special = [token for token in [about["bos"], about["eos"], *about["others"].split()] if token]
    tokenizer = Tokenizer(BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    types = Path(tiny.__file__).parents[1] / "workflow/listill/queries/types"
    texts = [f"{row['title']}\n\n{row['text']}" for row in tiny.tiny_documents()]
    texts += [path.read_text() for path in sorted(types.glob("*.yaml"))]
    trainer = trainers.BpeTrainer(
        vocab_size=vocabulary,
        special_tokens=special,
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    if about["bos"]:
        bos = (about["bos"], tokenizer.token_to_id(about["bos"]))
        tokenizer.post_processor = processors.TemplateProcessing(single=f"{bos[0]} $A", special_tokens=[bos])
    names = {"eos_token": about["eos"], "pad_token": about["eos"]} | (
        {"bos_token": about["bos"]} if about["bos"] else {}
    )
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, **names)
    fast.chat_template = about["template"]
    return fast


def make_chat_model(
    folder: Path, style: str = "llama3", *, hidden: int = 32, line_ends: float = 2.5, seed: int = 0
) -> Path:
    """Save a random causal model of 2 layers with a chat tokenizer and return its folder.

    Its answers sometimes end with a line end: the first dimension of all embeddings is the same, and the output layer
    turns it into a bias of ``line_ends`` for tokens with a line end. vLLM's attention on the CPU needs ``hidden`` 256.
    """
    import torch
    from transformers import GenerationConfig, LlamaConfig, LlamaForCausalLM, Qwen2Config, Qwen2ForCausalLM

    tokenizer = make_tokenizer(style)
    config_class, model_class = (Qwen2Config, Qwen2ForCausalLM) if style == "qwen" else (LlamaConfig, LlamaForCausalLM)
    config = config_class(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        intermediate_size=2 * hidden,
        num_hidden_layers=2,
        num_attention_heads=4,
        num_key_value_heads=2,
        max_position_embeddings=2048,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    state = torch.get_rng_state()
    torch.manual_seed(seed)
    model = model_class(config)
    torch.set_rng_state(state)
    with torch.no_grad():
        model.get_input_embeddings().weight[:, 0] = 1.0
        ends = [i for i in range(len(tokenizer)) if "\n" in tokenizer.decode([i])]
        model.get_output_embeddings().weight[:, 0] = 0.0
        model.get_output_embeddings().weight[ends, 0] = line_ends / hidden**0.5
    # Real model folders have sampling settings, which must be ignored.
    model.generation_config = GenerationConfig(
        do_sample=True, top_p=0.01, repetition_penalty=5.0, eos_token_id=tokenizer.eos_token_id, pad_token_id=0
    )
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder
