"""A causal language model with plain transformers, batched by length: for small models, on a GPU or the CPU."""

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
from jinja2 import TemplateError
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from listill.errors import UserError
from listill.models import modules
from listill.models.device import device, wants_bf16
from listill.models.locate import folder_or_hub_name
from listill.models.readable import check_tokenizer, readable
from listill.queries.answers import TOO_LONG, Answer, blocks
from listill.queries.chat import chat_tokens, check_start, plain_tokens
from listill.queries.engines.sampler import Sampler
from listill.queries.engines.shared_prefix import SharedPrefix
from listill.queries.generators.transformers import Transformers
from listill.queries.requests import Request

log = logging.getLogger("listill")

# Batch sizes by kind of device. A step of a small model on a GPU takes the same time for one prompt as for hundreds.
BATCH = {"cpu": 16, "cuda": 512}

HUB = "if it is gated, request access on the hub and log in; without network, set model to a local folder"

Prompt = tuple[Request, list[int]]  # a request and the tokens of its prompt


class Model:
    """A model and its tokenizer."""

    def __init__(self, settings: Transformers) -> None:
        """Load the model and the tokenizer; UserError if they cannot be loaded."""
        self.settings = settings
        self.device = device()
        name = folder_or_hub_name(settings.model)
        modules.check_code(Path(name), settings.model, trust_remote_code=settings.trust_remote_code)
        hub_options: dict[str, Any] = {"revision": settings.revision, "trust_remote_code": settings.trust_remote_code}
        dtype = torch.bfloat16 if wants_bf16(settings.precision, self.device) else torch.float32
        with readable(settings.model, "download it again" if Path(name).is_dir() else HUB):
            self.tokenizer: Any = AutoTokenizer.from_pretrained(name, **hub_options)
            loader: Any = AutoModelForCausalLM
            model, info = loader.from_pretrained(
                name, use_safetensors=True, dtype=dtype, output_loading_info=True, **hub_options
            )
            modules.check_missing(info["missing_keys"], settings.model)
            modules.check_finite(model, settings.model)
            check_tokenizer(self.tokenizer, model, settings.model)
            self.model = model.to(self.device).eval()
        if settings.chat:
            self._check_template()
        positions = getattr(self.model.config.get_text_config(), "max_position_embeddings", None)
        self.limit = (positions or 2**31) - settings.max_tokens
        self.ends = sorted({*self._model_ends(), *self._line_ends()})
        # Only the sampling settings of the config apply, not those in the model's generation_config.json.
        self.model.generation_config = GenerationConfig()
        pad = self.tokenizer.pad_token_id
        self.pad = pad if pad is not None else self.ends[0]

    def _check_template(self) -> None:
        """Raise UserError if the model has no chat template, or one that cannot be used."""
        try:
            check_start(self.tokenizer, self.tokens(Request("", "", "", "", 0, "x")))
        except (ValueError, TypeError, TemplateError) as error:
            reason = str(error).splitlines()[0]
            raise UserError(f"model {self.settings.model}: its chat template cannot be used: {reason}") from None

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

    def answers(self, batch: list[Prompt], prefix: SharedPrefix) -> list[Answer]:
        """Answer a batch of requests with their tokens; if memory runs out, the batch is split in half."""
        try:
            return self._answers(batch, prefix)
        except torch.OutOfMemoryError:
            if len(batch) == 1:
                raise UserError(
                    f"model {self.settings.model}: out of memory with a single request; lower passage_characters, or "
                    "use a smaller model or precision: bf16"
                ) from None
        torch.cuda.empty_cache()
        half = len(batch) // 2
        return self.answers(batch[:half], prefix) + self.answers(batch[half:], prefix)

    def _answers(self, batch: list[Prompt], prefix: SharedPrefix) -> list[Answer]:
        rows, mask = prefix.pad([tokens for _, tokens in batch], self.pad)
        settings = self.settings
        sampler = Sampler([request.seed for request, _ in batch], settings.temperature or 1.0, settings.top_p)
        config = GenerationConfig(
            max_new_tokens=settings.max_tokens, do_sample=False, eos_token_id=self.ends, pad_token_id=self.pad
        )
        with torch.inference_mode():
            out = self.model.generate(
                torch.tensor(rows, device=self.device),
                attention_mask=torch.tensor(mask, device=self.device),
                past_key_values=prefix.expanded(len(rows)),
                generation_config=config,
                logits_processor=[sampler] if settings.temperature else [],
            )
        generated = out[:, len(rows[0]) :].tolist()
        pairs = zip(batch, generated, strict=True)
        return [self._answer(request, len(prompt), new, len(prefix)) for (request, prompt), new in pairs]

    def _answer(self, request: Request, prompt: int, new: list[int], cached: int) -> Answer:
        end = next((i for i, token in enumerate(new) if token in self.ends), None)
        text = self.tokenizer.decode(new[:end] if end is not None else new, skip_special_tokens=True)
        if end is not None:  # the text before the line end in the last token is part of the line
            text += self.tokenizer.decode([new[end]], skip_special_tokens=True).partition("\n")[0]
        return Answer(request.query_id, text, "length" if end is None else "stop", prompt, cached)


def groups(prompts: list[Prompt]) -> list[list[Prompt]]:
    """Return the prompts by the prefix that they share (see ``Request.prompt``), each group by length."""
    by_prefix: dict[str, list[Prompt]] = {}
    for prompt in sorted(prompts, key=lambda prompt: len(prompt[1])):
        by_prefix.setdefault(prompt[0].prompt, []).append(prompt)
    return list(by_prefix.values())


def answers(settings: Transformers, requests: list[Request]) -> Iterator[list[Answer]]:
    """Yield the answers in batches, prefix by prefix, shortest prompts first."""
    model = Model(settings)
    prompts = [(request, model.tokens(request)) for request in requests]
    too_long = [(request, tokens) for request, tokens in prompts if len(tokens) > model.limit]
    if too_long:
        yield [Answer(request.query_id, "", TOO_LONG, len(tokens)) for request, tokens in too_long]
    told = False
    for group in groups([prompt for prompt in prompts if len(prompt[1]) <= model.limit]):
        prefix = SharedPrefix(model.model, [tokens for _, tokens in group])
        if prefix.obstacle and not told:
            log.info(
                "ask: model %s: the examples are computed again with each prompt: %s", settings.model, prefix.obstacle
            )
            told = True
        for batch in blocks(group, settings.batch or BATCH[model.device.type]):
            yield model.answers(batch, prefix)
