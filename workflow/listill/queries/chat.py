"""Tokenize a prompt: a conversation with a model's chat template, or plain text.

This module needs nothing but the tokenizer, because it also runs in vLLM's environment.
"""

from typing import Any


def chat_tokens(tokenizer: Any, messages: list[dict[str, str]], template: dict[str, Any]) -> list[int]:
    """Return the tokens of ``messages`` with the model's own chat template, up to where the answer begins.

    The template contains the special tokens, so the tokenizer must not add any: tokenizing the rendered text as usual
    would add a second beginning-of-text token. Raises ValueError if there is no template.
    """
    if not tokenizer.chat_template:
        raise ValueError(
            "it has no chat template, so it is not instruction-tuned: choose an instruction-tuned model, or set chat: false"
        )
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **template)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def plain_tokens(tokenizer: Any, text: str) -> list[int]:
    """Return the tokens of a text that the model continues, with the tokens that the tokenizer puts at the start."""
    return tokenizer(text)["input_ids"]


def check_start(tokenizer: Any, tokens: list[int]) -> None:
    """Raise ValueError if a prompt begins with several beginning-of-text tokens, or lacks an expected one."""
    bos = tokenizer.bos_token_id
    if bos is None:
        return
    bos_count = next((i for i, token in enumerate(tokens) if token != bos), len(tokens))
    expects_bos = tokenizer("a")["input_ids"][:1] == [bos]
    if bos_count > 1 or (expects_bos and bos_count == 0):
        raise ValueError(
            f"its chat template begins a prompt with {bos_count} beginning-of-text tokens ({tokenizer.bos_token}) "
            "instead of one: fix chat_template in a copy of the model's folder"
        )
