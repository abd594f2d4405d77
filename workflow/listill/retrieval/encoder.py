"""The bi-encoder: a SentenceTransformers model, run in our batches so that training and inference share one forward."""

import contextlib
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch
import transformers
from sentence_transformers.sentence_transformer.modules import Transformer

from listill.errors import UserError
from listill.models.device import device, wants_bf16
from listill.models.loading import load, pooling_of
from listill.models.locate import resolve
from listill.progress import Progress
from listill.retrieval import unpadded
from listill.retrieval.tokens import Tokens, chunks
from listill.settings.students import Student

log = logging.getLogger("listill")
transformers.utils.logging.disable_progress_bar()

Kind = Literal["query", "document"]
# Tokens, padding included, that go through the model at a time.
TOKEN_BUDGET = {"cpu": 4096, "cuda": 65_536}
# Texts that are tokenised at a time.
TOKENISED = 1024
# What a plain text model reads; the rest is not of this text alone.
FEATURES = {"input_ids", "attention_mask", "token_type_ids", "modality", "prompt_length"}
PROMPT_NAMES: dict[Kind, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}


class Encoder:
    """A student: texts in, embeddings out.

    The model, its tokenizer, pooling, prompts and similarity are read from the model folder (see ``loading``); a text is cut
    at ``max_length`` tokens. Embeddings have length 1 if the model's similarity is the cosine.
    """

    def __init__(self, student: Student, folder: Path | None = None, *, trainable: bool = False) -> None:
        """Load ``folder`` (a trained student), or the base model that ``student`` names.

        A trainable model keeps float32 weights and computes under autocast; else the weights are cast once.
        """
        self.folder = folder or resolve(student.model, student.revision, pooling_of(student))
        self.device = device()
        self.bf16 = wants_bf16(student.precision, self.device)
        self.model = load(student, self.folder, self.device)
        similarity = self.model.similarity_fn_name or "cosine"
        if similarity not in ("cosine", "dot"):
            raise UserError(f"model {self.folder}: similarity '{similarity}' is not supported, only cosine and dot")
        self.normalise = similarity == "cosine"
        # Dropout is off in training too (as in the papers): each distinct passage then has one embedding a step.
        self.model.eval()
        if self.bf16 and not trainable:
            self.model.to(torch.bfloat16)
        self._autocast = self.bf16 and trainable
        self.token_budget = TOKEN_BUDGET[self.device.type]
        self._read_tokenizer()
        self.unpadded = False
        if self.device.type == "cuda" and self.bf16 and unpadded.available():
            self.unpad()

    def _read_tokenizer(self) -> None:
        """Find out what the model reads beside the tokens of a text; refuse what is no plain text transformer."""
        if not isinstance(self.model[0], Transformer) or self.model.tokenizer is None:
            kind = type(self.model[0]).__name__
            raise UserError(f"model {self.folder}: it begins with {kind}; only text transformers are supported")
        self._transformer: Any = self.model[0]
        tokenizer = self.model.tokenizer
        if tokenizer.truncation_side != "right":
            raise UserError(f"model {self.folder}: its tokenizer cuts texts on the left, which is not supported")
        special = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
        self._suffix = len(special) if all(special) else special[::-1].index(0)
        self._prompt_length: dict[Kind, int | None] = {}
        for kind in PROMPT_NAMES:
            features = self.model.preprocess(["a"], prompt=self.prompt(kind), task=kind)
            if unknown := set(features) - FEATURES:
                raise UserError(f"model {self.folder}: it wants '{min(unknown)}' with a text, which is not supported")
            length = features.get("prompt_length")
            self._prompt_length[kind] = None if length is None else int(length)
            self._token_types = "token_type_ids" in features

    def unpad(self) -> None:
        """Compute without padding from now on, if the architecture allows it: if the embeddings stay the same."""
        texts = ["a", "a longer text", " ".join(["many words"] * 150)]
        tokens = self.tokenise(texts, "document")
        padded = self.encode(tokens, "document")
        attention = self._transformer.model.config._attn_implementation
        try:
            unpadded.switch(self._transformer, unpadded.NAME)
            self.unpadded = True
            self._first_position = self._transformer._infer_flatten_position_offset()
            difference = np.abs(self.encode(tokens, "document") - padded).max() / np.abs(padded).max()
        except (ValueError, TypeError, RuntimeError) as error:
            difference, reason = np.inf, str(error).splitlines()[0]
        else:
            reason = f"embeddings differ by {difference:.1%}"
        if not difference < (0.03 if self.bf16 else 1e-4):
            log.info("model %s: is computed with padding (%s)", self.folder, reason)
            self.pad(attention)

    def pad(self, attention: str = "sdpa") -> None:
        """Compute with padding from now on."""
        self.unpadded = False
        unpadded.switch(self._transformer, attention)

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

    def tokenise(self, texts: list[str], kind: Kind) -> Tokens:
        """Return the tokens of texts with their prompt, cut at ``max_length``, as SentenceTransformers makes them."""
        rows = []
        for start in range(0, len(texts), TOKENISED):
            features = self.model.preprocess(texts[start : start + TOKENISED], prompt=self.prompt(kind), task=kind)
            real = features["attention_mask"].bool().numpy()
            rows += [ids[mask] for ids, mask in zip(features["input_ids"].numpy(), real, strict=True)]
        return Tokens.of(rows, self._suffix)

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Return the context in which the model computes; inside one, weights are cast only once."""
        return torch.autocast(self.device.type, torch.bfloat16) if self._autocast else contextlib.nullcontext()

    def forward(self, tokens: Tokens, chosen: np.ndarray, kind: Kind) -> dict[str, torch.Tensor]:
        """Run the model on the texts at the positions ``chosen``.

        The result has ``sentence_embedding`` [n, d] (float32, see class) among others.
        """
        with self.autocast():
            out = self.model(self._features(tokens, chosen, kind), task=kind)
        embedding = out["sentence_embedding"].float()
        out["sentence_embedding"] = torch.nn.functional.normalize(embedding, dim=-1) if self.normalise else embedding
        return out

    def _features(self, tokens: Tokens, chosen: np.ndarray, kind: Kind) -> dict[str, Any]:
        """Return what the model reads of the chosen texts."""
        features = (
            unpadded.features(tokens, chosen, self._first_position) if self.unpadded else self._padded(tokens, chosen)
        )
        if self._token_types:
            features["token_type_ids"] = torch.zeros_like(features["input_ids"])
        for key, value in features.items():
            if isinstance(value, torch.Tensor):
                features[key] = value.to(self.device, non_blocking=True)
        if (prompt := self._prompt_length.get(kind)) is not None:
            features["prompt_length"] = prompt
        return features | {"modality": "text"}

    def _padded(self, tokens: Tokens, chosen: np.ndarray) -> dict[str, Any]:
        rows = [tokens[i] for i in chosen]
        shape = (len(rows), max(len(row) for row in rows))
        ids = np.full(shape, self.model.tokenizer.pad_token_id or 0, dtype=np.int64)
        mask = np.zeros(shape, dtype=np.int64)
        left = self.model.tokenizer.padding_side == "left"
        for i, row in enumerate(rows):
            place = slice(shape[1] - len(row), None) if left else slice(len(row))
            ids[i, place], mask[i, place] = row, 1
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask)}

    def batches(
        self, tokens: Tokens, kind: Kind, what: str = ""
    ) -> Iterator[tuple[np.ndarray, dict[str, torch.Tensor]]]:
        """Yield (positions, model output) for chunks of texts of like length, longest first."""
        with torch.inference_mode(), self.autocast(), Progress(len(tokens), what, "texts") as progress:
            for chosen in chunks(tokens.lengths, self.token_budget):
                yield chosen, self.forward(tokens, chosen, kind)
                progress.add(len(chosen))

    def encode(self, texts: list[str] | Tokens, kind: Kind, what: str = "") -> np.ndarray:
        """Return float32 embeddings [n, d]."""
        tokens = texts if isinstance(texts, Tokens) else self.tokenise(texts, kind)
        embeddings = np.empty((len(tokens), self.dimension), dtype=np.float32)
        for chosen, out in self.batches(tokens, kind, what):
            embeddings[chosen] = out["sentence_embedding"].cpu().numpy()
        return embeddings

    def token_vectors(self, texts: list[str], kind: Kind, what: str = "") -> list[torch.Tensor]:
        """Return for each text the unit-length vectors [tokens, d] of its tokens, padding left out."""
        vectors: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        tokens = self.tokenise(texts, kind)
        for chosen, out in self.batches(tokens, kind, what):
            found = torch.nn.functional.normalize(out["token_embeddings"].float(), dim=-1).to(torch.bfloat16)
            if self.unpadded:
                rows = found[0].split([len(tokens[i]) for i in chosen])
            else:
                rows = tuple(row[mask] for row, mask in zip(found, out["attention_mask"].bool(), strict=True))
            for i, row in zip(chosen, rows, strict=True):
                vectors[i] = row
        return vectors
