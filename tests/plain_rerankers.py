"""The tiny rerankers, each with a reference implementation of its score: one pair at a time, with transformers only."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import torch
import transformers

import tiny_rerankers
from listill.frozen import parse
from listill.settings.teacher import TeacherEnsemble
from listill.teachers.reranker import Reranker


def member(**settings: Any) -> Any:
    """Return the settings of a teacher, validated as in a config."""
    return parse(TeacherEnsemble, {"members": {"reranker": settings}}, "config").members["reranker"]


@torch.inference_mode()
def pair_logit(folder: Path, query: str, text: str) -> float:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSequenceClassification.from_pretrained(folder).eval()
    inputs = tokenizer(query, text, truncation=True, max_length=128, return_tensors="pt")
    return float(model(**inputs).logits[0, 0])


@torch.inference_mode()
def generated(folder: Path, prompt: str) -> torch.Tensor:
    """Return the logits of the first token in ``generate``, as in the scripts of the papers."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    model = transformers.AutoModelForSeq2SeqLM.from_pretrained(folder).eval()
    inputs = tokenizer(prompt, return_tensors="pt")
    out = model.generate(**inputs, max_length=2, return_dict_in_generate=True, output_logits=True)
    return out.logits[0][0].float()


def rankt5(folder: Path, query: str, text: str) -> float:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    logits = generated(folder, f"Query: {query} Document: {text}")
    return float(logits[tokenizer.convert_tokens_to_ids("<extra_id_10>")])


def monot5(folder: Path, query: str, text: str) -> float:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    logits = generated(folder, f"Query: {query} Document: {text} Relevant:")
    true, false = logits[tokenizer.convert_tokens_to_ids(["▁true", "▁false"])].double().softmax(0).log()
    return float(true - false)


def last_logits(folder: Path, ids: list[int]) -> torch.Tensor:
    model = transformers.AutoModelForCausalLM.from_pretrained(folder).eval()
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0, -1].float()


def bge_gemma(folder: Path, query: str, text: str) -> float:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    task = (
        "Given a query A and a passage B, determine whether the passage contains an answer to the query by providing a "
    )
    task += "prediction of either 'Yes' or 'No'."
    ids = [tokenizer.bos_token_id]
    for piece in (f"A: {query}", "\n", f"B: {text}", "\n", task):
        ids += tokenizer(piece, add_special_tokens=False)["input_ids"]
    return float(last_logits(folder, ids)[tokenizer("Yes", add_special_tokens=False)["input_ids"][0]])


def qwen3(folder: Path, query: str, text: str) -> float:
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    system = (
        "Judge whether the Document meets the requirements based on the Query and the Instruct provided. "
        'Note that the answer can only be "yes" or "no".'
    )
    prefix = f"<|im_start|>system\n{system}<|im_end|>\n<|im_start|>user\n"
    suffix = "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n"
    task = "Given a web search query, retrieve relevant passages that answer the query"
    body = f"<Instruct>: {task}\n<Query>: {query}\n<Document>: {text}"
    ids = [i for piece in (prefix, body, suffix) for i in tokenizer(piece, add_special_tokens=False)["input_ids"]]
    answers = last_logits(folder, ids)[tokenizer.convert_tokens_to_ids(["no", "yes"])].double()
    return float(torch.logit(answers.log_softmax(0)[1].exp()))


def naive_maxsim(query: torch.Tensor, text: torch.Tensor) -> float:
    """Return MaxSim of two token matrices, computed token by token."""
    total = 0.0
    for q in query.double():
        total += max(float(q @ t) for t in text.double())
    return total / len(query)


class Case(NamedTuple):
    """A reranker: the function that saves it, its settings, and the reference implementation of its score."""

    make: Callable[..., Path]
    settings: dict[str, Any]
    plain: Callable[[Path, str, str], float]

    def member(self, folder: Path, **more: Any) -> Reranker:
        settings = {"model": str(folder), "precision": "fp32"} | self.settings | more
        return member(**settings)  # type: ignore[no-any-return]


def untied(folder: Path) -> Path:
    return tiny_rerankers.t5(folder, tied=False)


CASES = {
    "bert": Case(tiny_rerankers.bert_classifier, {"kind": "cross_encoder", "max_length": 128}, pair_logit),
    "roberta": Case(tiny_rerankers.roberta_classifier, {"kind": "cross_encoder", "max_length": 128}, pair_logit),
    "rankt5": Case(tiny_rerankers.t5, {"kind": "t5", "format": "rankt5"}, rankt5),
    "monot5": Case(untied, {"kind": "t5", "format": "monot5"}, monot5),
    "llama": Case(tiny_rerankers.llama, {"kind": "causal", "format": "bge-gemma"}, bge_gemma),
    "gemma2": Case(tiny_rerankers.gemma2, {"kind": "causal", "format": "bge-gemma"}, bge_gemma),
    "qwen3": Case(tiny_rerankers.qwen3, {"kind": "causal", "format": "qwen3-reranker"}, qwen3),
}
