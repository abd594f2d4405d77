"""Models with a vector for every token: ColBERT (Khattab and Zaharia 2020, arXiv 2004.12832) and plain encoders.

A checkpoint of PyLate, of sentence-transformers or of the original ColBERT is loaded by MultiVectorEncoder, with all that
it was trained with: the projection, the markers of queries and documents, queries padded with [MASK] to a fixed length,
and punctuation of documents, which is not compared. For any other model, MultiVectorEncoder would add a random projection
and only log it. Here, the token vectors of such an encoder are compared as they are.
"""

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from listill.errors import UserError
from listill.models import modules
from listill.models.beginning import beginning
from listill.models.device import device, move, wants_bf16
from listill.models.locate import identity, resolve_transformer
from listill.models.positions import check_length, check_limit, positions
from listill.models.readable import check_padding, check_tokenizer, readable

if TYPE_CHECKING:
    from sentence_transformers import MultiVectorEncoder

    from listill.teachers.kinds.late_interaction import LateInteraction

# Maximum number of tokens in a batch, including padding.
BUDGET = {"cpu": 4096, "cuda": 65_536}
# A text has at most this many tokens more than characters: its marker or prompt, and what the tokenizer adds.
MARKERS = 32
# A tokenizer without a limit has a maximum length of 1e30.
UNLIMITED = 1_000_000
# The classes that save a late-interaction model, and those of embedding models.
LATE, EMBEDDING = ("ColBERT", "MultiVectorEncoder"), ("SentenceTransformer", None)
log = logging.getLogger("listill")


def inspect(member: "LateInteraction") -> str:
    """Return the identity of the model of ``member`` (see ``locate.identity``). A hub model is downloaded.

    Raises UserError if the model is missing, is a reranker, or needs code of its own without permission.
    """
    with readable(str(member.model)):
        return identity(_folder(member))


class MultiVectorModel:
    """The model of ``member``, which encodes texts as token vectors."""

    def __init__(self, member: "LateInteraction") -> None:
        self.name = str(member.model)
        self.device = device()
        bf16 = wants_bf16(member.precision, self.device)
        with readable(self.name):
            folder = _folder(member)
            modules.check_weights(folder, self.name, trust_remote_code=member.trust_remote_code)
            self.model = _load(folder, trust_remote_code=member.trust_remote_code)
            modules.check_finite(self.model, self.name)
        self.model.to(torch.bfloat16 if bf16 else torch.float32)
        move(self.model, self.name, self.device)
        with readable(self.name):
            transformer: Any = self.model[0]
            check_padding(self.model.tokenizer, self.name)
            check_tokenizer(self.model.tokenizer, transformer.model, self.name)
            self.limits = self._limits(member.max_length)
        what = "token vectors with a projection" if is_late_interaction(folder) else "token vectors of the encoder"
        precision = "bf16" if bf16 else "fp32"
        log.info("teacher %s: kind %s, %s, %s on %s", self.name, member.kind, what, precision, self.device)

    def _limits(self, max_length: int | None) -> dict[str, int]:
        """Set the maximum length of documents, and return the maximum numbers of tokens of queries and documents."""
        transformer: Any = self.model[0]
        limit = positions(self.model) or getattr(transformer.config, "max_position_embeddings", None) or UNLIMITED
        check_length(self.name, "teacher", max_length or 0, limit)
        check_limit(self.name, transformer.max_seq_length)
        length = max_length or transformer.document_length or min(transformer.max_seq_length or UNLIMITED, limit)
        if length >= UNLIMITED:
            raise UserError(f"model {self.name}: its folder has no maximum length; set max_length of this teacher")
        transformer.document_length = length
        if transformer.query_expansion is None:
            transformer.query_length = transformer.query_length or length
        expanded = (transformer.query_expansion or {}).get("length", 0)
        return {"query": max(expanded, transformer.query_length or 0), "document": length}

    def token_vectors(
        self, texts: list[str], kind: Literal["query", "document"], label: str = ""
    ) -> list[torch.Tensor]:
        """Return for each text the vectors [tokens, d] that are compared, with length 1."""
        if not texts:
            return []
        texts = [beginning(text, self.limits[kind] or UNLIMITED, self.model.tokenizer) for text in texts]
        longest = min(self.limits[kind], max(map(len, texts)) + MARKERS)
        encode: Any = self.model.encode_query if kind == "query" else self.model.encode_document
        vectors: list[torch.Tensor] = encode(
            texts,
            batch_size=max(1, BUDGET[self.device.type] // longest),
            normalize_embeddings=True,
            show_progress_bar=False,
        )
        return vectors


def is_late_interaction(folder: Path) -> bool:
    """Tell whether the folder holds a late-interaction model; otherwise it is a plain encoder.

    Early versions of PyLate do not name their class. Their folders have a projection, but no pooling.
    """
    names = {name.rpartition(".")[2] for name in modules.module_types(folder)}
    if names:
        return modules.model_type(folder) in LATE or ("Dense" in names and "Pooling" not in names)
    return "HF_ColBERT" in _architectures(folder)


def _folder(member: "LateInteraction") -> Path:
    """Return the folder of the model, after it has been checked."""
    assert member.model is not None
    folder = resolve_transformer(member.model, member.revision)
    modules.check_code(folder, member.model, trust_remote_code=member.trust_remote_code)
    saved_by = modules.model_type(folder)
    if saved_by not in (*LATE, *EMBEDDING):
        raise UserError(
            f"model {member.model}: it is a {saved_by}, whose token vectors cannot be compared; use a ColBERT"
        )
    if any(name.endswith("ForSequenceClassification") for name in _architectures(folder)):
        raise UserError(f"model {member.model}: it reads query and passage together; set kind: cross_encoder")
    return folder


def _architectures(folder: Path) -> list[str]:
    names: list[str] = modules.read_json(folder / "config.json", {}).get("architectures") or []
    return names


def _load(folder: Path, *, trust_remote_code: bool) -> "MultiVectorEncoder":
    """Return the model in float32 on the CPU."""
    from sentence_transformers import MultiVectorEncoder, SentenceTransformer
    from sentence_transformers.base.modules import Normalize, Transformer
    from sentence_transformers.multi_vector_encoder.modules import MultiVectorMask

    weights = {"use_safetensors": True, "dtype": torch.float32}
    options: Any = {"device": "cpu", "trust_remote_code": trust_remote_code, "local_files_only": True}
    if is_late_interaction(folder):
        return MultiVectorEncoder(str(folder), model_kwargs=weights, **options)
    prompts: dict[str, str] = {}
    if modules.module_types(folder):
        encoder = SentenceTransformer(str(folder), model_kwargs=weights, **options)
        transformer: Any = encoder[0]
        prompts = {name: prompt for name, prompt in encoder.prompts.items() if prompt}
    else:
        trust = {"trust_remote_code": trust_remote_code}
        transformer = Transformer(
            str(folder), model_kwargs=weights | trust, processor_kwargs=dict(trust), config_kwargs=dict(trust)
        )
    chain = [transformer, MultiVectorMask(), Normalize(module_input_name="token_embeddings")]
    return MultiVectorEncoder(modules=chain, prompts=prompts, device="cpu")
