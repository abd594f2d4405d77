"""The bi-encoder: a SentenceTransformers model with batching of its own, shared by training and inference."""

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
from listill.models.beginning import beginning
from listill.models.device import device, wants_bf16
from listill.models.loading import load, pooling_of
from listill.models.locate import resolve
from listill.models.readable import check_padding, check_tokenizer, readable
from listill.progress import Progress
from listill.ragged import starts_of
from listill.retrieval import unpadded
from listill.retrieval.tokens import Tokens, chunks
from listill.settings.students import Student

log = logging.getLogger("listill")
transformers.utils.logging.disable_progress_bar()

Kind = Literal["query", "document"]
# Maximum number of tokens in a batch, including padding.
TOKEN_BUDGET = {"cpu": 4096, "cuda": 65_536}
# Number of characters of a text whose tokens are counted; those of the rest are estimated.
COUNTED = 200_000
# Number of texts that are tokenised at a time.
TOKENISER_BATCH = 1024
# Number of words of the texts that are encoded with and without padding when a model is loaded. The longest text has
# more tokens than the windows of known models, which reach 64 (ModernBERT) to 512 tokens to each side.
CHECKED_WORDS = (1, 30, 1000)
# How much vectors with and without padding may differ in float32, as a share of their largest value; rounding is 1e-6.
FP32_TOLERANCE = 1e-4
# In bf16, rounding depends on the model. Embeddings without padding may be as far from those in float32 as this number,
# or as this multiple of the distance that embeddings with padding have.
BF16_TOLERANCE, BF16_MULTIPLE = 0.03, 1.5
# The inputs of a plain text model. Models with other inputs, which depend on more than the text itself, are not
# supported.
FEATURES = {"input_ids", "attention_mask", "token_type_ids", "modality", "prompt_length"}
PROMPT_NAMES: dict[Kind, tuple[str, ...]] = {"query": ("query",), "document": ("document", "passage", "corpus")}


class Encoder:
    """A student, which encodes texts as embeddings.

    The model, its tokenizer, pooling, prompts and similarity are read from the model folder (see ``loading``). Texts
    are truncated to ``max_length`` tokens. Embeddings have length 1 if the model's similarity is the cosine.
    """

    def __init__(self, student: Student, folder: Path | None = None, *, trainable: bool = False) -> None:
        """Load ``folder`` (a trained student), or the base model in ``student``.

        A trainable model keeps float32 weights and computes under autocast; otherwise the weights are cast once.
        """
        with readable(str(folder or student.model)):
            self.folder = folder or resolve(student.model, student.revision, pooling_of(student), student.onnx)
        self.device = torch.device("cpu") if student.onnx else device()
        self.bf16 = not student.onnx and wants_bf16(student.precision, self.device)
        with readable(str(self.folder)):
            self._load(student)
        self._float32: list[torch.Tensor] = []  # embeddings with padding, in float32, that bf16 is checked against
        if self.bf16 and unpadded.available(self.device):
            self.unpad()
        if self.bf16:
            self._compute_in_bf16(trainable)

    def _load(self, student: Student) -> None:
        """Load the model in float32, and check its tokenizer, inputs and embeddings."""
        self.model = load(student, self.folder, self.device)
        similarity = self.model.similarity_fn_name or "cosine"
        if similarity not in ("cosine", "dot"):
            raise UserError(f"model {self.folder}: similarity '{similarity}' is not supported; use cosine or dot")
        self.normalise = similarity == "cosine"
        # Dropout is off in training too (as in the papers), so that each distinct passage has one embedding per step.
        self.model.eval()
        self._autocast = False
        self.token_budget = TOKEN_BUDGET[self.device.type]
        self._inspect_inputs()
        self.unpadded = False
        self._check_embedding()

    def _inspect_inputs(self) -> None:
        """Determine the inputs of the model besides the tokens; reject models that are not plain text transformers."""
        if not isinstance(self.model[0], Transformer) or self.model.tokenizer is None:
            module_type = type(self.model[0]).__name__
            raise UserError(
                f"model {self.folder}: its first module is {module_type}; only text transformers are supported"
            )
        self._transformer: Any = self.model[0]
        tokenizer = self.model.tokenizer
        check_padding(tokenizer, str(self.folder))
        check_tokenizer(tokenizer, self._transformer.model, str(self.folder))
        if tokenizer.truncation_side != "right":
            raise UserError(f"model {self.folder}: its tokenizer truncates texts on the left, which is not supported")
        is_special = tokenizer("a", return_special_tokens_mask=True)["special_tokens_mask"]
        self._suffix = len(is_special) if all(is_special) else is_special[::-1].index(0)
        self._prompt_length: dict[Kind, int | None] = {}
        for kind in PROMPT_NAMES:
            features = self.model.preprocess(["a"], prompt=self.prompt(kind), task=kind)
            if unknown := set(features) - FEATURES:
                raise UserError(f"model {self.folder}: it needs the input '{min(unknown)}', which is not supported")
            length = features.get("prompt_length")
            self._prompt_length[kind] = None if length is None else int(length)
            self._token_types = "token_type_ids" in features

    def _check_embedding(self) -> None:
        """Raise UserError if the embedding of a text is no vector of finite numbers, of the dimension that is stated."""
        tokens = self.tokenise(["a"], "document")
        with torch.inference_mode():
            embedding = self.forward(tokens, np.arange(1), "document")["sentence_embedding"][0]
        if embedding.shape != (self.dimension,):
            raise UserError(
                f"model {self.folder}: its embeddings have {embedding.numel()} numbers, but the config.json of its Pooling "
                f"or Dense module says {self.dimension}; correct the file, or download the model again"
            )
        if not torch.isfinite(embedding).all():
            raise UserError(
                f"model {self.folder}: its embeddings are not finite; its weights are damaged: download it again"
            )

    def _compute_in_bf16(self, trainable: bool) -> None:
        if trainable:
            self._autocast = True
        else:
            self.model.to(torch.bfloat16)
        if self.unpadded:
            self.unpad(exact=False)

    def unpad(self, *, exact: bool = True) -> None:
        """Compute without padding from now on, if the architecture supports it and the vectors do not change.

        On a GPU, the model is checked twice when it is loaded. In float32 (``exact``), attention is computed text by
        text, and the vectors of all tokens show a boundary, position or window that is off by one. In bf16, rounding
        would hide that. There, the embeddings show whether the kernel, which gets the same boundaries and windows, works
        with this GPU and model: they must be about as close to those in float32 as embeddings with padding are.
        """
        if self.unpadded:
            self.pad()
        tokens = self.tokenise([" ".join(map(str, range(words))) for words in CHECKED_WORDS], "document")
        padded = self._vectors(tokens, exact)
        reference, tolerance = padded, FP32_TOLERANCE
        if exact:
            self._float32 = self._vectors(tokens, exact=False)
        else:
            reference = self._float32
            tolerance = max(BF16_TOLERANCE, BF16_MULTIPLE * _distance(padded, reference))
        attention = self._transformer.model.config._attn_implementation
        try:
            unpadded.switch(self._transformer, unpadded.NAME)
            self.unpadded = True
            self._first_position = self._transformer._infer_flatten_position_offset()
            difference = _distance(self._vectors(tokens, exact), reference)
        except (ValueError, TypeError, RuntimeError) as error:
            difference, reason = np.inf, str(error).splitlines()[0]
        else:
            reason = f"embeddings differ by {difference:.2%}, more than {tolerance:.2%}"
        if not difference < tolerance:
            log.info("model %s: computing with padding (%s)", self.folder, reason)
            self.pad(attention)

    def _vectors(self, tokens: Tokens, exact: bool) -> list[torch.Tensor]:
        """Return the embeddings of documents in batches, and if ``exact`` the vectors of their tokens, text by text."""
        vectors = []
        for chosen, out in self.batches(tokens, "document"):
            vectors.append(out["sentence_embedding"])
            if exact:
                vectors += self._by_text(out["token_embeddings"], out, tokens, chosen)
        return vectors

    def _by_text(
        self, vectors: torch.Tensor, out: dict[str, torch.Tensor], tokens: Tokens, chosen: np.ndarray
    ) -> tuple[torch.Tensor, ...]:
        """Return the ``vectors`` of tokens in a model output as one tensor [tokens, d] per text, without padding."""
        if self.unpadded:
            return vectors[0].split([len(tokens[i]) for i in chosen])
        return tuple(row[mask] for row, mask in zip(vectors, out["attention_mask"].bool(), strict=True))

    def pad(self, attention: str = "sdpa") -> None:
        """Compute with padding from now on."""
        self.unpadded = False
        unpadded.switch(self._transformer, attention)

    @property
    def max_length(self) -> int:
        """Maximum number of tokens of a text."""
        length = self.model.max_seq_length
        if length is None:
            raise UserError(f"model {self.folder}: its folder has no maximum length; set max_length of the student")
        return length

    @property
    def dimension(self) -> int:
        """Dimension of the embeddings."""
        size = self.model.get_embedding_dimension()
        assert size is not None
        return size

    def cut_to(self, size: int, embeddings: np.ndarray) -> np.ndarray:
        """Cut all embeddings to their first ``size`` dimensions from now on; return the given ones [n, d] cut as well.

        Cut embeddings have length 1 if the model's similarity is the cosine.
        """
        self.model.truncate_dim = size
        cut = np.ascontiguousarray(embeddings[:, :size])
        return cut / np.linalg.norm(cut, axis=1, keepdims=True) if self.normalise else cut

    def prompt(self, kind: Kind) -> str | None:
        """Return the prompt of queries or documents, selected in the same way as in SentenceTransformers."""
        name = next((name for name in PROMPT_NAMES[kind] if name in self.model.prompts), self.model.default_prompt_name)
        return self.model.prompts.get(name) if name else None

    def tokenise(self, texts: list[str], kind: Kind) -> Tokens:
        """Return the tokens of texts with their prompt, truncated to ``max_length``, as in SentenceTransformers."""
        limit = self.model.max_seq_length
        if limit is not None:
            texts = [beginning(text, limit, self.model.tokenizer) for text in texts]
        parts = [Tokens.of([], self._suffix)]
        for start in range(0, len(texts), TOKENISER_BATCH):
            features = self.model.preprocess(
                texts[start : start + TOKENISER_BATCH], prompt=self.prompt(kind), task=kind
            )
            mask = features["attention_mask"].bool().numpy()
            ids = features["input_ids"].numpy()[mask].astype(np.int32)
            parts.append(Tokens(ids, starts_of(mask.sum(1)), self._suffix))
        return Tokens.joined(parts)

    def whole_lengths(self, texts: list[str], kind: Kind) -> np.ndarray:
        """Return the number of tokens of each text [n] with its prompt, without truncation.

        Of a text of more than ``COUNTED`` characters, it is estimated from the first ones.
        """
        prompt, lengths = self.prompt(kind) or "", []
        for start in range(0, len(texts), TOKENISER_BATCH):
            whole = [prompt + text[:COUNTED] for text in texts[start : start + TOKENISER_BATCH]]
            lengths += [len(ids) for ids in self.model.tokenizer(whole, verbose=False)["input_ids"]]
        shares = np.array([max(1.0, len(text) / COUNTED) for text in texts])
        return (np.array(lengths, dtype=np.int64) * shares).astype(np.int64)

    def autocast(self) -> contextlib.AbstractContextManager[None]:
        """Return the context in which the model computes. Within one context, weights are cast only once."""
        return torch.autocast(self.device.type, torch.bfloat16) if self._autocast else contextlib.nullcontext()

    def forward(self, tokens: Tokens, chosen: np.ndarray, kind: Kind) -> dict[str, torch.Tensor]:
        """Run the model on the texts at the positions ``chosen``.

        The result contains ``sentence_embedding`` [n, d] in float32 (see the class), among other outputs.
        """
        with self.autocast():
            out = self.model(self._features(tokens, chosen, kind), task=kind)
        embedding = out["sentence_embedding"][:, : self.model.truncate_dim].float()
        out["sentence_embedding"] = torch.nn.functional.normalize(embedding, dim=-1) if self.normalise else embedding
        return out

    def _features(self, tokens: Tokens, chosen: np.ndarray, kind: Kind) -> dict[str, Any]:
        """Return the model's inputs for the chosen texts."""
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
        texts = tokens.take(chosen)
        column, longest = np.arange(texts.lengths.max()), int(texts.lengths.max())
        lengths = texts.lengths[:, None]
        mask = column >= longest - lengths if self.model.tokenizer.padding_side == "left" else column < lengths
        ids = np.full(mask.shape, self.model.tokenizer.pad_token_id or 0, dtype=np.int64)
        ids[mask] = texts.ids
        return {"input_ids": torch.from_numpy(ids), "attention_mask": torch.from_numpy(mask.astype(np.int64))}

    def batches(
        self, tokens: Tokens, kind: Kind, label: str = ""
    ) -> Iterator[tuple[np.ndarray, dict[str, torch.Tensor]]]:
        """Yield (positions, model output) of batches of texts with similar lengths, longest first."""
        with torch.inference_mode(), self.autocast(), Progress(len(tokens), label, "texts") as progress:
            for chosen in chunks(tokens.lengths, self.token_budget):
                yield chosen, self.forward(tokens, chosen, kind)
                progress.add(len(chosen))

    def encode(self, texts: list[str] | Tokens, kind: Kind, label: str = "") -> np.ndarray:
        """Return the float32 embeddings [n, d]; ``label`` names the task in the progress messages."""
        tokens = texts if isinstance(texts, Tokens) else self.tokenise(texts, kind)
        embeddings = np.empty((len(tokens), self.dimension), dtype=np.float32)
        for chosen, out in self.batches(tokens, kind, label):
            embeddings[chosen] = out["sentence_embedding"].cpu().numpy()
        return embeddings

    def token_vectors(self, texts: list[str], kind: Kind, label: str = "") -> list[torch.Tensor]:
        """Return for each text the vectors [tokens, d] of its tokens, with length 1 and without padding."""
        vectors: list[torch.Tensor] = [torch.empty(0)] * len(texts)
        tokens = self.tokenise(texts, kind)
        for chosen, out in self.batches(tokens, kind, label):
            batch_vectors = torch.nn.functional.normalize(out["token_embeddings"].float(), dim=-1).to(torch.bfloat16)
            for i, text_vector in zip(chosen, self._by_text(batch_vectors, out, tokens, chosen), strict=True):
                vectors[i] = text_vector
        return vectors


def _distance(vectors: list[torch.Tensor], reference: list[torch.Tensor]) -> float:
    """Return the largest difference between tensors and those of the ``reference``, as a share of its largest value."""
    pairs = zip(vectors, reference, strict=True)
    # NumPy's maximum is NaN if any of them is NaN.
    return float(np.max([float((ours - theirs).abs().max() / theirs.abs().max()) for ours, theirs in pairs]))
