"""Restore a language model from a GGUF file, the format of llama.cpp; transformers reads and dequantises it."""

import struct
from pathlib import Path
from typing import Any

from listill.errors import UserError


def restore(source: Path, target: Path) -> None:
    """Write the model and tokenizer in the file ``source`` to ``target`` in float32, which keeps all its digits.

    Raises UserError if the package ``gguf`` is missing, or if transformers cannot read the file.
    """
    import torch
    import transformers
    from transformers import AutoModelForCausalLM, AutoTokenizer

    file: dict[str, Any] = {"gguf_file": source.name}
    # From the version on that can keep weights quantised, dequantisation is asked for.
    whole = (
        {"quantization_config": transformers.GgufConfig(dequantize=True)} if hasattr(transformers, "GgufConfig") else {}
    )
    try:
        tokenizer: Any = AutoTokenizer.from_pretrained(str(source.parent), **file)
        quantised: Any = AutoModelForCausalLM.from_pretrained(str(source.parent), dtype=torch.float32, **file, **whole)
    except ImportError:
        raise UserError(f"{source}: the Python package 'gguf', which reads it, is missing: run `make models`") from None
    except (OSError, ValueError, struct.error) as error:
        raise UserError(
            f"{source}: cannot be read: {str(error).splitlines()[0]}; download it again, or, if transformers does not "
            "support its architecture, set model to a folder with safetensors weights"
        ) from None
    # The model still counts as quantised and cannot be saved: its weights are moved to a model that does not.
    config = quantised.config
    if hasattr(config, "quantization_config"):
        del config.quantization_config
    model = type(quantised)(config)
    model.load_state_dict(quantised.state_dict())
    model.generation_config = quantised.generation_config
    model.save_pretrained(target)
    tokenizer.save_pretrained(target)
