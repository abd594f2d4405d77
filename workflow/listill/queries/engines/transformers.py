"""A causal language model with plain transformers, batched by length: for small models, on a GPU or the CPU.

Each request is sampled with its own random numbers, using the Gumbel-max trick (Gumbel 1954; Maddison et al. 2014,
arXiv 1411.0030): the argmax of ``logits / temperature + g``, with standard Gumbel noise g, is a sample from the softmax
of ``logits / temperature``. A query therefore does not depend on the other requests in its batch, except for rounding.
"""

from collections.abc import Iterator
from typing import Any

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig, LogitsProcessor, TopPLogitsWarper

from listill.errors import UserError
from listill.models.device import device, wants_bf16
from listill.models.locate import folder_or_hub_name
from listill.queries.answers import TOO_LONG, Answer, blocks
from listill.queries.chat import chat_tokens, check_start, plain_tokens
from listill.queries.generators.transformers import Transformers
from listill.queries.requests import Request


class Sampler(LogitsProcessor):
    """Turns greedy decoding into sampling, with one seed per row [rows]."""

    def __init__(self, seeds: list[int], temperature: float, top_p: float) -> None:
        self.generators = [torch.Generator().manual_seed(seed) for seed in seeds]
        self.temperature = temperature
        self.top_p = TopPLogitsWarper(top_p) if top_p < 1 else None

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """Return scores [rows, vocabulary] whose argmax is the sample."""
        logits = scores.float() / self.temperature
        if self.top_p:
            logits = self.top_p(input_ids, logits)
        # Drawn on the CPU, so that the same seed gives the same noise on every device.
        noise = torch.stack([torch.rand(logits.shape[1], generator=generator) for generator in self.generators])
        return logits - (-noise.log()).log().to(logits.device)


class Model:
    """A model and its tokenizer."""

    def __init__(self, settings: Transformers) -> None:
        """Load the model and the tokenizer; UserError if they cannot be loaded."""
        self.settings = settings
        self.device = device()
        name = folder_or_hub_name(settings.model)
        hub_options: dict[str, Any] = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
        dtype = torch.bfloat16 if wants_bf16(settings.precision, self.device) else torch.float32
        try:
            self.tokenizer: Any = AutoTokenizer.from_pretrained(name, **hub_options)
            model: Any = AutoModelForCausalLM.from_pretrained(name, use_safetensors=True, dtype=dtype, **hub_options)
            self.model = model.to(self.device).eval()
            if settings.chat:
                check_start(self.tokenizer, self.tokens(Request("", "", "", "", 0, "x")))
        except OSError as error:
            raise UserError(
                f"model {settings.model}: cannot be loaded: {str(error).splitlines()[0]}; if it is gated, request "
                "access on the hub and log in; without network, set model to a local folder"
            ) from None
        except (ValueError, KeyError) as error:
            raise UserError(f"model {settings.model}: cannot be used: {str(error).splitlines()[0]}") from None
        positions = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        self.limit = (positions or 2**31) - settings.max_tokens
        self.ends = sorted({*self._model_ends(), *self._line_ends()})
        # Only the sampling settings of the config apply, not those in the model's generation_config.json.
        self.model.generation_config = GenerationConfig()
        pad = self.tokenizer.pad_token_id
        self.pad = pad if pad is not None else self.ends[0]

    def tokens(self, request: Request) -> list[int]:
        """Return the tokens of a prompt."""
        if self.settings.chat:
            return chat_tokens(self.tokenizer, request.messages, self.settings.chat_template_kwargs)
        return plain_tokens(self.tokenizer, request.text)

    def _model_ends(self) -> list[int]:
        ends = self.model.generation_config.eos_token_id
        ends = ends if isinstance(ends, list) else [ends]
        return [end for end in {*ends, self.tokenizer.eos_token_id} if end is not None]

    def _line_ends(self) -> list[int]:
        """Return all tokens that contain a line end: generation stops at a line end, even within a token."""
        return [i for i in range(len(self.tokenizer)) if "\n" in self.tokenizer.decode([i])]

    def answers(self, batch: list[tuple[Request, list[int]]]) -> list[Answer]:
        """Answer a batch of requests with their tokens; if memory runs out, the batch is split in half."""
        try:
            return self._answers(batch)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise UserError(
                    f"model {self.settings.model}: out of memory with a single request; lower passage_characters, or "
                    "use a smaller model or precision: bf16"
                ) from None
        torch.cuda.empty_cache()
        return self.answers(batch[: len(batch) // 2]) + self.answers(batch[len(batch) // 2 :])

    def _answers(self, batch: list[tuple[Request, list[int]]]) -> list[Answer]:
        longest = max(len(tokens) for _, tokens in batch)
        rows = [[self.pad] * (longest - len(tokens)) + tokens for _, tokens in batch]
        mask = [[0] * (longest - len(tokens)) + [1] * len(tokens) for _, tokens in batch]
        settings = self.settings
        sampler = Sampler([request.seed for request, _ in batch], settings.temperature or 1.0, settings.top_p)
        config = GenerationConfig(
            max_new_tokens=settings.max_tokens, do_sample=False, eos_token_id=self.ends, pad_token_id=self.pad
        )
        with torch.inference_mode():
            out = self.model.generate(
                torch.tensor(rows, device=self.device),
                attention_mask=torch.tensor(mask, device=self.device),
                generation_config=config,
                logits_processor=[sampler] if settings.temperature else [],
            )
        generated = out[:, longest:].tolist()
        return [self._answer(request, prompt, new) for (request, prompt), new in zip(batch, generated, strict=True)]

    def _answer(self, request: Request, prompt: list[int], new: list[int]) -> Answer:
        end = next((i for i, token in enumerate(new) if token in self.ends), None)
        text = self.tokenizer.decode(new[:end] if end is not None else new, skip_special_tokens=True)
        if end is not None:  # the text before the line end in the last token is part of the line
            text += self.tokenizer.decode([new[end]], skip_special_tokens=True).partition("\n")[0]
        return Answer(request.query_id, text, "length" if end is None else "stop", len(prompt))


def answers(settings: Transformers, requests: list[Request]) -> Iterator[list[Answer]]:
    """Yield the answers in batches, shortest prompts first."""
    model = Model(settings)
    tokenized = sorted(((request, model.tokens(request)) for request in requests), key=lambda pair: len(pair[1]))
    if too_long := [
        Answer(request.query_id, "", TOO_LONG, len(tokens))
        for request, tokens in tokenized
        if len(tokens) > model.limit
    ]:
        yield too_long
    for batch in blocks([pair for pair in tokenized if len(pair[1]) <= model.limit], settings.batch):
        yield model.answers(batch)
