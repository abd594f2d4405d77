"""What is wrong with a model's files, in one line.

transformers and sentence-transformers trust these files: a damaged or unusual one ends in an exception of any type, and a
missing vocabulary in a tokenizer that knows no word.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import torch

from listill.errors import UserError
from listill.shortage import FULL, no_memory

# Letters of many scripts, of which each tokenizer knows some.
LETTERS = "a e t A C G T 1 2 . , α и ا א अ ก 한 あ 的"


@contextlib.contextmanager
def readable(model: str, fix: str = "download the model again, or use another one") -> Iterator[None]:
    """Turn what libraries raise about the files of ``model`` into a UserError, which ends with ``fix``.

    Exhausted memory and a full disk are no faults of the files.
    """
    try:
        yield
    except UserError:
        raise
    except Exception as error:
        # A GPU that other processes have filled is reported by torch.OutOfMemoryError or, at its first use, in another way.
        if no_memory(error) or (isinstance(error, OSError) and error.errno in FULL):
            raise
        raise UserError(f"model {model}: cannot be loaded: {_reason(error)}; {fix}") from error


def _reason(error: Exception) -> str:
    """Return the first line of an exception, and the next one if the first announces it."""
    if "ignore_mismatched_sizes" in str(error):
        return "its weights have other shapes than its config.json says"
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    text = " ".join(lines[: 2 if lines and lines[0].endswith(":") else 1]).rstrip(".;")
    known = isinstance(error, OSError | ValueError | ImportError | RuntimeError) and text
    return text if known else f"{type(error).__name__}: {text}"


def check_tokenizer(tokenizer: Any, network: Any, model: str) -> None:
    """Raise UserError if a tokenizer has no vocabulary, or uses tokens for which the ``network`` has no embeddings."""
    ids = tokenizer(LETTERS, add_special_tokens=False)["input_ids"]
    tokens = {str(token).strip("▁Ġ# ") for token in tokenizer.convert_ids_to_tokens(ids)}
    if not tokens - {"", *map(str, tokenizer.all_special_tokens)}:
        raise UserError(
            f"model {model}: its tokenizer knows no letter of any script: its files (tokenizer.json, vocab.txt, ...) are "
            "missing or damaged; download the model again"
        )
    used = [*tokenizer("a")["input_ids"], tokenizer.pad_token_id or 0]
    embeddings = None
    with contextlib.suppress(AttributeError, NotImplementedError):  # in onnxruntime, or code of the model's own
        embeddings = network.get_input_embeddings()
    if isinstance(embeddings, torch.nn.Embedding) and max(used) >= embeddings.num_embeddings:
        token = tokenizer.convert_ids_to_tokens(max(used))
        raise UserError(
            f"model {model}: its tokenizer uses the token {token!r} with the number {max(used)}, but the model has only "
            f"{embeddings.num_embeddings} embeddings: its tokenizer_config.json is missing or of another model; download "
            "the model again"
        )


def check_padding(tokenizer: Any, model: str) -> None:
    """Raise UserError if sentence-transformers cannot make a batch of texts of different lengths."""
    if tokenizer.pad_token_id is None:
        known = tokenizer.eos_token or tokenizer.sep_token or tokenizer.unk_token or "[PAD]"
        raise UserError(
            f"model {model}: its tokenizer has no padding token; add one to its tokenizer_config.json, for instance "
            f'"pad_token": "{known}"'
        )
