"""The transformers engine with a small model: loading, batching, sampling."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoTokenizer

import tiny_chat
from listill.errors import UserError
from listill.queries.answers import TOO_LONG, Answer
from listill.queries.chat import chat_tokens
from listill.queries.engines import shared_prefix, transformers
from listill.queries.generators.transformers import Transformers
from listill.queries.requests import Request

REQUESTS = [Request(f"q{i}", f"d{i}", "question", "p", i, "Say " + "word " * (7 * i % 11)) for i in range(24)]


@pytest.fixture(scope="module", params=["llama3", "qwen"])
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_chat.make_chat_model(tmp_path_factory.mktemp("chat") / request.param, request.param)


def ask(model: Path, requests: list[Request] = REQUESTS, **keys: Any) -> dict[str, Answer]:
    settings = Transformers(kind="transformers", model=str(model), **({"precision": "fp32"} | keys))
    return {answer.query_id: answer for batch in transformers.answers(settings, requests) for answer in batch}


def greedy_tokens(model: Path, request: Request, count: int) -> list[int]:
    """Return the greedy tokens, with one full forward pass per token."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model, dtype=torch.float32).eval()
    prompt = chat_tokens(tokenizer, request.messages, {"enable_thinking": False})
    new: list[int] = []
    while len(new) < count:
        with torch.no_grad():
            new.append(int(network(torch.tensor([prompt + new])).logits[0, -1].argmax()))
        if new[-1] == tokenizer.eos_token_id or "\n" in tokenizer.decode([new[-1]]):
            break
    return new


def test_greedy_decoding_agrees_with_a_naive_loop(model: Path) -> None:
    tokenizer = AutoTokenizer.from_pretrained(model)
    answers = ask(model, temperature=0, max_tokens=12, batch=5)
    for request in REQUESTS[:6]:
        new = greedy_tokens(model, request, 12)
        ended = "\n" in tokenizer.decode([new[-1]]) or new[-1] == tokenizer.eos_token_id
        answer = answers[request.query_id]
        assert answer.finish_reason == ("stop" if ended else "length")
        text = tokenizer.decode(new, skip_special_tokens=True)
        assert answer.text == text.partition("\n")[0]
        assert answer.prompt_tokens == len(chat_tokens(tokenizer, request.messages, {"enable_thinking": False}))


def test_without_chat_the_text_is_continued(model: Path, tmp_path: Path) -> None:
    """A model without chat template will do."""
    tokenizer = AutoTokenizer.from_pretrained(model)
    tokenizer.chat_template = None
    network = AutoModelForCausalLM.from_pretrained(model)
    network.save_pretrained(tmp_path)
    tokenizer.save_pretrained(tmp_path)
    answers = ask(tmp_path, chat=False, temperature=0, max_tokens=8)
    for request in REQUESTS[:4]:
        prompt = tokenizer(request.text)["input_ids"]
        answer = answers[request.query_id]
        assert answer.prompt_tokens == len(prompt)
        with torch.no_grad():
            first = int(network(torch.tensor([prompt])).logits[0, -1].argmax())
        assert answer.text.startswith(tokenizer.decode([first], skip_special_tokens=True).partition("\n")[0])


def test_a_query_does_not_depend_on_its_batch(model: Path) -> None:
    whole = ask(model, batch=24)
    assert ask(model, batch=1) == ask(model, batch=7) == whole
    part = ask(model, REQUESTS[5:9])
    assert {name: answer.text for name, answer in part.items()} == {name: whole[name].text for name in part}
    assert len({answer.text for answer in whole.values()}) > 12


def sensitive(model: Path, folder: Path) -> Path:
    """Save a model with large random weights, in which a token that is missing or moved changes what follows."""
    config = AutoConfig.from_pretrained(model)
    config.initializer_range = 0.5
    torch.manual_seed(0)
    AutoModelForCausalLM.from_config(config).save_pretrained(folder)
    AutoTokenizer.from_pretrained(model).save_pretrained(folder)
    return folder


@pytest.mark.parametrize("chat", [True, False])
@pytest.mark.parametrize("temperature", [0, 1])
def test_the_shared_prefix_changes_nothing(
    model: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chat: bool, temperature: float
) -> None:
    """Log-probabilities and texts are those of whole prompts, in batches with much padding, for several prefixes."""
    model = sensitive(model, tmp_path)
    recorded: list[torch.Tensor] = []

    class Recorder(transformers.Sampler):
        def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
            recorded.append(scores.log_softmax(-1))
            return super().__call__(input_ids, scores)

    def answered(cached: bool) -> dict[str, Answer]:
        recorded.clear()
        if not cached:
            monkeypatch.setattr(shared_prefix, "common_length", lambda prompts: 0)
        return ask(model, requests, chat=chat, temperature=temperature, max_tokens=6, batch=4)

    monkeypatch.setattr(transformers, "Sampler", Recorder)
    starts = {"a": "The examples of one type. " * 4, "b": "Another type has other examples. " * 3}
    rows = [(prompt, i) for i in range(8) for prompt in starts]
    requests = [
        Request(f"{prompt}{i}", "d", prompt, prompt, i, f"{starts[prompt]}{i} " + "word " * (7 * i % 11) + "end")
        for prompt, i in rows
    ]
    cached = answered(True)
    with_cache = list(recorded)
    whole = answered(False)
    assert {name: answer.text for name, answer in cached.items()} == {
        name: answer.text for name, answer in whole.items()
    }
    assert len({answer.text for answer in whole.values()}) > 10
    assert len(with_cache) == len(recorded)
    assert len(recorded) > 8 if temperature else not recorded
    for ours, theirs in zip(with_cache, recorded, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=0, atol=1e-4)
    assert {answer.cached_tokens for answer in whole.values()} == {0}
    assert len({answer.cached_tokens for answer in cached.values()}) == 2
    assert all(answer.prompt_tokens > answer.cached_tokens > 15 for answer in cached.values())


def test_the_log_says_once_why_no_prefix_is_shared(
    model: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    requests = [Request(f"{prompt}{i}", "d", "t", prompt, i, f"Say {i}") for prompt in "ab" for i in range(2)]
    caplog.set_level(logging.INFO)
    plain = ask(model, requests, max_tokens=4)
    assert not caplog.messages
    monkeypatch.setattr(shared_prefix, "DynamicLayer", str)
    answers = ask(model, requests, max_tokens=4)
    assert {name: answer.text for name, answer in answers.items()} == {name: a.text for name, a in plain.items()}
    (message,) = caplog.messages
    assert message == (
        f"ask: model {model}: the examples are computed again with each prompt: "
        "its cache does not keep all tokens in the usual form"
    )


def test_answers_end_at_a_line_end_or_are_cut_off(model: Path) -> None:
    answers = ask(model, max_tokens=6)
    assert {answer.finish_reason for answer in answers.values()} == {"stop", "length"}
    assert not any("\n" in answer.text for answer in answers.values())


def test_shortest_prompts_first(model: Path) -> None:
    settings = Transformers(kind="transformers", model=str(model), batch=4, max_tokens=1)
    lengths = [answer.prompt_tokens for batch in transformers.answers(settings, REQUESTS) for answer in batch]
    assert lengths == sorted(lengths)
    assert len(set(lengths)) > 5


def test_a_prompt_that_is_too_long_does_not_affect_others(model: Path) -> None:
    long = Request("long", "d", "question", "p", 1, "word " * 2100)
    answers = ask(model, [*REQUESTS[:3], long], max_tokens=5)
    assert answers.pop("long").finish_reason == TOO_LONG
    assert answers == ask(model, REQUESTS[:3], max_tokens=5)


def test_a_batch_that_does_not_fit_is_halved(model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ask(model, max_tokens=8)
    sizes: list[int] = []
    plain = transformers.Model._answers

    def scarce(self: transformers.Model, batch: list[Any], *rest: Any) -> list[Answer]:
        sizes.append(len(batch))
        if len(batch) > 3:
            raise torch.OutOfMemoryError
        return plain(self, batch, *rest)

    monkeypatch.setattr(transformers.Model, "_answers", scarce)
    assert ask(model, max_tokens=8, batch=12) == whole
    assert sizes.count(3) == 8

    def none(self: transformers.Model, batch: list[Any], *rest: Any) -> list[Answer]:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(transformers.Model, "_answers", none)
    with pytest.raises(UserError, match="out of memory with a single request; lower passage_characters"):
        ask(model)


def test_errors_name_the_model(tmp_path: Path, model: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match="model /nowhere/model: no such folder"):
        ask(Path("/nowhere/model"))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UserError, match=r"model .*empty: cannot be (used|loaded): "):
        ask(tmp_path / "empty")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    with pytest.raises(UserError, match=r"model nobody/nothing: cannot be loaded: .* set model to a local folder"):
        transformers.Model(Transformers(kind="transformers", model="nobody/nothing"))
    monkeypatch.setenv("MODELS", str(model.parent))
    assert len(ask(Path(f"$MODELS/{model.name}"), REQUESTS[:1])) == 1
    tokenizer = AutoTokenizer.from_pretrained(model)
    network = AutoModelForCausalLM.from_pretrained(model)
    tokenizer.chat_template = None
    network.save_pretrained(tmp_path / "base")
    tokenizer.save_pretrained(tmp_path / "base")
    with pytest.raises(UserError, match="no chat template, so it is not instruction-tuned: choose an"):
        ask(tmp_path / "base")
