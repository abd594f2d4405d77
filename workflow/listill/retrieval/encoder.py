"""The bi-encoder: a SentenceTransformers model, run in our batches so that training and inference share one forward."""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import numpy as np
import torch
import transformers
from sentence_transformers import SentenceTransformer

from listill.errors import UserError
from listill.progress import Progress
from listill.retrieval.models import resolve
from listill.settings import Student

transformers.utils.logging.disable_progress_bar()

Kind = Literal["query", "document"]
PROMPT_NAMES: dict[Kind, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}


def device() -> torch.device:
    """Return the GPU if there is one, else the CPU."""
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def wants_bf16(precision: str, where: torch.device) -> bool:
    """Tell whether to compute in bf16: as told, or (auto) where the hardware has bf16 arithmetic."""
    if precision != "auto":
        return precision == "bf16"
    if where.type == "cuda":
        return torch.cuda.is_bf16_supported()
    return torch.backends.mkldnn.is_available() and bool(torch.cpu.get_capabilities().get("avx512_bf16"))


class Encoder:
    """A student: texts in, embeddings out.

    The model, its tokenizer, pooling, prompts and similarity are read from the model folder; a text is cut at
    ``max_length`` tokens. Embeddings have length 1 if the model's similarity is the cosine.
    """

    def __init__(self, student: Student, folder: Path | None = None, *, trainable: bool = False) -> None:
        """Load ``folder`` (a trained student), or the base model that ``student`` names.

        A trainable model keeps float32 weights and computes under autocast; else the weights are cast once.
        """
        self.folder = folder or resolve(student.model, student.revision)
        self.device = device()
        self.bf16 = wants_bf16(student.precision, self.device)
        # Plain attention is much the faster on CPU: training took 0.6 times as long as with SDPA (96 tokens, bf16).
        attention = "eager" if self.device.type == "cpu" else "sdpa"
        try:
            self.model = SentenceTransformer(
                str(self.folder),
                device=str(self.device),
                prompts=student.prompts,  # type: ignore[arg-type]
                trust_remote_code=student.trust_remote_code,
                model_kwargs={"use_safetensors": True, "dtype": torch.float32, "attn_implementation": attention},
            )
        except (OSError, ValueError) as error:
            raise UserError(f"model {self.folder}: cannot be loaded: {str(error).splitlines()[0]}") from None
        if student.max_length:
            self.model.max_seq_length = student.max_length
        similarity = self.model.similarity_fn_name or "cosine"
        if similarity not in ("cosine", "dot"):
            raise UserError(f"model {self.folder}: similarity '{similarity}' is not supported, only cosine and dot")
        self.normalise = similarity == "cosine"
        # Dropout is off in training too (as in the papers): each distinct passage then has one embedding a step.
        self.model.eval()
        if self.bf16 and not trainable:
            self.model.to(torch.bfloat16)
        self._autocast = self.bf16 and trainable
        self.batch = 32 if self.device.type == "cpu" else 256

    @property
    def max_length(self) -> int:
        """Tokens of a text that the model reads."""
        length = self.model.max_seq_length
        if length is None:
            raise UserError(
                f"model {self.folder}: does not say how many tokens it reads; set max_length of the student"
            )
        return length

    @property
    def dimension(self) -> int:
        """Length of an embedding."""
        size = self.model.get_embedding_dimension()
        assert size is not None
        return size

    def prompt(self, kind: Kind) -> str | None:
        """Return the prefix that the model wants before a query or document, found as SentenceTransformers finds it."""
        name = next((name for name in PROMPT_NAMES[kind] if name in self.model.prompts), self.model.default_prompt_name)
        return self.model.prompts.get(name) if name else None

    def forward(self, texts: list[str], kind: Kind) -> dict[str, torch.Tensor]:
        """Run the model on one batch; the result has ``sentence_embedding`` [n, d] (float32, see class) among others."""
        features = self.model.preprocess(texts, prompt=self.prompt(kind), task=kind)
        features = {
            key: value.to(self.device) if isinstance(value, torch.Tensor) else value for key, value in features.items()
        }
        with torch.autocast(self.device.type, torch.bfloat16) if self._autocast else contextlib.nullcontext():
            out = self.model(features, task=kind)
        embedding = out["sentence_embedding"].float()
        out["sentence_embedding"] = torch.nn.functional.normalize(embedding, dim=-1) if self.normalise else embedding
        return out

    def batches(
        self, texts: list[str], kind: Kind, what: str = ""
    ) -> Iterator[tuple[np.ndarray, dict[str, torch.Tensor]]]:
        """Yield (positions, model output) for batches of texts of like length, longest first."""
        order = np.argsort([-len(text) for text in texts], kind="stable")
        with torch.inference_mode(), Progress(len(texts), what, "texts") as progress:
            for start in range(0, len(order), self.batch):
                chosen = order[start : start + self.batch]
                yield chosen, self.forward([texts[i] for i in chosen], kind)
                progress.add(len(chosen))

    def encode(self, texts: list[str], kind: Kind, what: str = "") -> np.ndarray:
        """Return float32 embeddings [n, d]."""
        embeddings = np.empty((len(texts), self.dimension), dtype=np.float32)
        for chosen, out in self.batches(texts, kind, what):
            embeddings[chosen] = out["sentence_embedding"].cpu().numpy()
        return embeddings

    def tokens(self, texts: list[str], kind: Kind, what: str = "") -> list[torch.Tensor]:
        """Return for each text the unit-length vectors [tokens, d] of its tokens, padding left out."""
        vectors: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        for chosen, out in self.batches(texts, kind, what):
            tokens = torch.nn.functional.normalize(out["token_embeddings"].float(), dim=-1).to(torch.bfloat16)
            for i, row, mask in zip(chosen, tokens, out["attention_mask"].bool(), strict=True):
                vectors[i] = row[mask]
        return vectors
