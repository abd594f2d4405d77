"""LoRA (Hu et al. 2021, arXiv 2106.09685): only low-rank adapters of the linear layers are trained, through peft.

An adapted layer computes W x + alpha / rank B A x, where W is fixed. A is random and B is 0 at the start, so that the
student starts at its base model. Outside this module, weights are those of the model without adapters, with B A merged into
W: these are measured, mixed, kept and saved.
"""

import contextlib
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import torch
from sentence_transformers import SentenceTransformer

from listill.errors import UserError, nearest
from listill.settings.training import Lora
from listill.training.state import Weights, weights

if TYPE_CHECKING:
    from peft import LoraModel


class Adapters:
    """The adapters of a model. Without settings there are none, and the model itself is trained."""

    def __init__(self, model: SentenceTransformer, settings: Lora | None, seed: int) -> None:
        """Add adapters to ``model``, in place, and freeze all else.

        Raises UserError if peft is not installed, or if the model lacks one of the layers in the settings.
        """
        self.model = model
        self._tuner = None if settings is None else _add(model, settings, seed)

    @contextlib.contextmanager
    def merged(self) -> Iterator[Weights]:
        """Merge the adapters into the weights of the model in this block; yield a copy of these weights."""
        if self._tuner is None:
            yield weights(self.model)
            return
        # Subtracting what was added would leave rounding errors.
        fixed = {name: value.clone() for name, value in self.model.state_dict().items() if ".base_layer." in name}
        self._tuner.merge_adapter()
        yield {
            name.replace(".base_layer.", "."): value
            for name, value in weights(self.model).items()
            if ".lora_" not in name
        }
        self._tuner.unmerge_adapter()
        self.model.load_state_dict(fixed, strict=False)

    def remove(self) -> None:
        """Remove the adapters, so that the model has its own weights and their names again."""
        if self._tuner is not None:
            self._tuner.unload()


def _add(model: SentenceTransformer, settings: Lora, seed: int) -> "LoraModel":
    try:
        from peft import LoraConfig, LoraModel
    except ImportError:
        raise UserError(
            "training.lora: the package peft is not installed: install the extra `lora` (`pip install -e '.[lora]'`), or "
            "remove the key"
        ) from None
    transformer: Any = model[0].model
    linear = [name for name, module in transformer.named_modules() if isinstance(module, torch.nn.Linear)]
    known = sorted({name.rpartition(".")[2] for name in linear})
    for layer in settings.layers or []:
        if not any(f".{name}".endswith(f".{layer}") for name in linear):
            raise UserError(
                f"training.lora.layers: the student has no linear layer '{layer}'{nearest(layer, known)}; its linear layers "
                f"are {', '.join(known)}"
            )
    model.requires_grad_(False)
    config = LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, target_modules=settings.layers or "all-linear", lora_dropout=0.0
    )
    torch.manual_seed(seed)  # A is the same in every process
    return LoraModel(transformer, {"default": config}, "default")
