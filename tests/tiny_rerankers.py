"""Tiny rerankers with seeded random weights, one of each architecture, saved in the same format as trained models."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tiny

QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<think>", "</think>"]
# The pre-tokenisation of Qwen's tokenizers: a punctuation mark and the line break after it form one piece.
QWEN_PATTERN = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
GEMMA_SPECIAL = ["<pad>", "<eos>", "<bos>", "<unk>"]


@contextlib.contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Draw weights from ``seed``, and restore the state of the generator afterwards."""
    import torch

    state = torch.get_rng_state()
    torch.manual_seed(seed)
    yield
    torch.set_rng_state(state)


def bert_classifier(folder: Path, *, labels: int = 1, seed: int = 0, hidden: int = 32) -> Path:
    """Save a BERT with a classification head, like the MiniLM and BGE rerankers."""
    from transformers import BertConfig, BertForSequenceClassification, BertTokenizer

    vocabulary = [*tiny.SPECIAL, *tiny.CHARACTERS, *(f"##{c}" for c in tiny.CHARACTERS)]
    vocabulary += sorted(set(tiny.vocabulary()) - set(vocabulary))
    tokenizer = BertTokenizer(vocab={word: i for i, word in enumerate(vocabulary)}, model_max_length=128)
    config = BertConfig(
        vocab_size=len(tokenizer),
        hidden_size=hidden,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=2 * hidden,
        max_position_embeddings=128,
        num_labels=labels,
        initializer_range=0.3,
    )
    with seeded(seed):
        BertForSequenceClassification(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def modular(folder: Path, *, norm: str = "", labels: int = 1, pooling: str = "cls", **settings: Any) -> Path:
    """Save a CrossEncoder of modules, like the Ettin rerankers; ``norm`` is Normalize, LayerNorm or nothing."""
    import torch
    from sentence_transformers import CrossEncoder
    from sentence_transformers.base.modules import Dense, Transformer
    from sentence_transformers.sentence_transformer.modules import LayerNorm, Normalize, Pooling

    transformer = Transformer(str(bert_classifier(folder.with_name(f"{folder.name}-encoder"))))
    with seeded(2):
        hidden, scores = torch.nn.Linear(32, 24), torch.nn.Linear(24, labels)
        scale, bias = torch.rand(24) + 0.5, torch.randn(24)
    first = Dense(32, 24, activation_function=torch.nn.GELU(), init_weight=hidden.weight.data)
    last = Dense(24, labels, activation_function=torch.nn.Identity(), module_output_name="scores")
    last.linear.load_state_dict(scores.state_dict())
    modules = [transformer, Pooling(32, pooling), first, last]
    if norm:
        module = Normalize() if norm == "Normalize" else LayerNorm(24)
        if norm == "LayerNorm":
            module.norm.load_state_dict({"weight": scale, "bias": bias})
        modules.insert(3, module)
    CrossEncoder(modules=modules, device="cpu", **settings).save_pretrained(str(folder), create_model_card=False)
    return folder


def roberta_classifier(folder: Path) -> Path:
    """Save a RoBERTa classifier, like BGE's multilingual rerankers (no token types, positions from 2)."""
    from transformers import RobertaConfig, RobertaForSequenceClassification

    tokenizer = byte_tokenizer(["<s>", "<pad>", "</s>", "<unk>"], bos="<s>", eos="</s>", pad="<pad>", sep="</s>")
    config = RobertaConfig(
        vocab_size=len(tokenizer),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        max_position_embeddings=130,
        type_vocab_size=1,
        num_labels=1,
        pad_token_id=1,
        initializer_range=0.3,
    )
    with seeded(1):
        RobertaForSequenceClassification(config).save_pretrained(folder)
    tokenizer.model_max_length = 128
    tokenizer.save_pretrained(folder)
    return folder


def t5(folder: Path, *, tied: bool = True, seed: int = 0) -> Path:
    """Save a T5 with the answer tokens of monoT5 and RankT5; ``tied`` as in the first T5, otherwise as in T5 1.1."""
    from transformers import T5Config, T5ForConditionalGeneration, T5Tokenizer

    words = [*tiny.vocabulary(), "query", "document", "relevant", "true", "false", "yes", "no", "Query", "Document"]
    vocabulary = [("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -6.0)]
    vocabulary += [(f"▁{word}", -3.0) for word in sorted({*words, "Relevant"})]
    characters = sorted({*tiny.CHARACTERS, *tiny.CHARACTERS.upper()})
    vocabulary += [(character, -8.0) for character in characters]
    vocabulary += [(f"<extra_id_{i}>", 0.0) for i in range(99, -1, -1)]
    tokenizer = T5Tokenizer(vocab=vocabulary)
    config = T5Config(
        vocab_size=len(tokenizer),
        d_model=32,
        d_kv=16,
        d_ff=64,
        num_layers=2,
        num_heads=2,
        decoder_start_token_id=0,
        tie_word_embeddings=tied,
        initializer_factor=1.5,
    )
    with seeded(seed):
        T5ForConditionalGeneration(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def byte_tokenizer(
    special: list[str], *, bos: str | None, eos: str, pad: str, sep: str | None = None, pattern: str = ""
) -> Any:
    """Return a byte-level BPE tokenizer with the words of the tiny corpus, and single tokens for yes and no."""
    from tokenizers import Regex, Tokenizer, decoders, pre_tokenizers, processors
    from tokenizers.models import BPE
    from tokenizers.trainers import BpeTrainer
    from transformers import PreTrainedTokenizerFast

    tokenizer = Tokenizer(BPE())
    split = [pre_tokenizers.Split(Regex(pattern), "isolated")] if pattern else []
    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=not pattern)
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence([*split, byte_level])
    tokenizer.decoder = decoders.ByteLevel()
    texts = [
        " ".join(tiny.vocabulary()),
        *(word for word in ("yes", "no", "Yes", "No", "x?\n", "x.\n") for _ in range(9)),
    ]
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = BpeTrainer(vocab_size=600, special_tokens=special, initial_alphabet=alphabet, show_progress=False)
    tokenizer.train_from_iterator(texts, trainer)
    if sep:
        ends = [(token, tokenizer.token_to_id(token)) for token in {bos or "", sep}]
        tokenizer.post_processor = processors.TemplateProcessing(
            single=f"{bos} $A {sep}", pair=f"{bos} $A {sep} {sep} $B {sep}", special_tokens=ends
        )
    names = {"bos_token": bos, "eos_token": eos, "pad_token": pad, "sep_token": sep}
    unknown = "<unk>" if "<unk>" in special else None
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, unk_token=unknown, **names)
    fast.model_input_names = ["input_ids", "attention_mask"]
    return fast


def _decoder(config: Any, model: Any, tokenizer: Any, folder: Path, seed: int) -> Path:
    sizes = {"hidden_size": 32, "intermediate_size": 64, "num_hidden_layers": 2, "max_position_embeddings": 512}
    heads = {"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 16}
    tiny_config = config(vocab_size=len(tokenizer), initializer_range=0.3, pad_token_id=None, **sizes, **heads)
    with seeded(seed):
        model(tiny_config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return folder


def llama(folder: Path, *, seed: int = 0) -> Path:
    """Save a Llama-type causal model whose vocabulary has ``<bos>`` and Yes, like Gemma's."""
    from transformers import LlamaConfig, LlamaForCausalLM

    tokenizer = byte_tokenizer(GEMMA_SPECIAL, bos="<bos>", eos="<eos>", pad="<pad>")
    return _decoder(LlamaConfig, LlamaForCausalLM, tokenizer, folder, seed)


def gemma2(folder: Path, *, seed: int = 0) -> Path:
    """Save a Gemma 2, which caps its logits and ties its output layer to its embeddings."""
    from transformers import Gemma2Config, Gemma2ForCausalLM

    tokenizer = byte_tokenizer(GEMMA_SPECIAL, bos="<bos>", eos="<eos>", pad="<pad>")
    return _decoder(Gemma2Config, Gemma2ForCausalLM, tokenizer, folder, seed)


def qwen3(folder: Path, *, seed: int = 0) -> Path:
    """Save a Qwen3-type causal model with the special tokens of its chat format."""
    from transformers import Qwen3Config, Qwen3ForCausalLM

    tokenizer = byte_tokenizer(QWEN_SPECIAL, bos=None, eos="<|im_end|>", pad="<|endoftext|>", pattern=QWEN_PATTERN)
    return _decoder(Qwen3Config, Qwen3ForCausalLM, tokenizer, folder, seed)
