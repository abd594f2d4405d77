"""A conversation as the tokens of one model. Needs nothing but the tokenizer: it also runs in the vLLM environment."""

from typing import Any


def chat_tokens(tokenizer: Any, messages: list[dict[str, str]], template: dict[str, Any]) -> list[int]:
    """Return the tokens of ``messages`` through the model's own chat template, up to where its answer begins.

    The template writes the special tokens, so the tokenizer adds none: rendering to text and then tokenizing it as
    usual would give a second beginning-of-text token. Raises ValueError if there is no template.
    """
    if not tokenizer.chat_template:
        raise ValueError("it has no chat template, so it is no instruction-tuned model: choose one that is")
    text = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True, **template)
    return tokenizer(text, add_special_tokens=False)["input_ids"]


def check_start(tokenizer: Any, tokens: list[int]) -> None:
    """Raise ValueError if a prompt begins with two beginning-of-text tokens, or with none where the model expects one."""
    bos = tokenizer.bos_token_id
    if bos is None:
        return
    found = next((i for i, token in enumerate(tokens) if token != bos), len(tokens))
    usual = tokenizer("a")["input_ids"][:1] == [bos]
    if found > 1 or (usual and found == 0):
        raise ValueError(
            f"its chat template begins a prompt with {found} beginning-of-text tokens ({tokenizer.bos_token}) instead of "
            "one: mend chat_template in a copy of the model's folder"
        )
