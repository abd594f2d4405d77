"""The systems that benchmarks/training.py compares: listill, sentence-transformers and the papers' method.

python sides.py SIDE TASK (JSON) THREADS prints the seconds of each step and the peak memory as one line of JSON. All
systems take the same training steps: the same texts, lists, model, lengths and precision (bf16 autocast over fp32
weights), AdamW, and gradient clipping at 1.
"""

import dataclasses
import json
import logging
import resource
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

T_STUDENT, T_TEACHER, T_INFONCE = 0.05, 0.3, 0.01
LEAN = 0.2  # GB for the activations of a step
WARMUP = 1  # steps that are not timed


@dataclass(frozen=True)
class Task:
    """``steps`` steps of ``batch`` queries with lists of ``length`` passages, truncated at ``tokens`` tokens.

    ``fits``: whether the step fits into memory. If not, all systems use gradient caching in chunks of ``chunk``
    queries.
    """

    model: str
    texts: str
    batch: int
    length: int
    tokens: int
    steps: int
    fits: bool
    chunk: int = 16

    def data(self) -> tuple[list[str], list[str], list[np.ndarray]]:
        """Return queries, passages, and for each query the passages of its list, the positive first.

        A query is the beginning of its passage. The rest of the list is near the passage in the order of names, so that
        the lists of neighbours share passages, as mined lists do.
        """
        passages = json.loads(Path(self.texts).read_text())
        draw = np.random.default_rng(0)
        count = self.batch * (self.steps + WARMUP)
        positives = np.resize(draw.permutation(len(passages)), count)
        lists = []
        for positive in positives:
            near = np.arange(positive - 40, positive + 41) % len(passages)
            near = near[near != positive]
            lists.append(np.concatenate([[positive], draw.choice(near, self.length - 1, replace=False)]))
        queries = [" ".join(passages[p].split()[:12]) for p in positives]
        return queries, passages, lists

    def scores(self) -> np.ndarray:
        """Return teacher scores [queries, length]; the positive has the highest."""
        draw = np.random.default_rng(1).random((self.batch * (self.steps + WARMUP), self.length), dtype=np.float32)
        return -np.sort(-draw, axis=1)


def listill(task: Task, memory: float | None = None) -> list[float]:
    """Train with listill and its listwise loss; ``memory``: GB for the activations of a step."""
    from listill.ragged import Ragged
    from listill.retrieval.encoder import Encoder
    from listill.settings.students import Student
    from listill.settings.training import Recipe
    from listill.training import allocator
    from listill.training.examples import Examples
    from listill.training.loop import Training
    from listill.training.parts import Part
    from listill.training.state import State

    allocator.keep_freed()  # as in the stage train
    queries, passages, lists = task.data()
    student = Student(model=task.model, precision="bf16", max_length=task.tokens)
    encoder = Encoder(student, trainable=True)
    everything = np.arange(len(passages))
    examples = Examples(
        query_ids=[str(q) for q in range(len(queries))],
        types=["lead"] * len(queries),
        queries=queries,
        lists=Ragged.of(lists),
        scores=Ragged.of(list(task.scores())),
        relevant=Ragged.of([row[:1] for row in lists]),
        texts=passages,
        group=everything,
        document=everything,
    )
    tokens = (encoder.tokenise(queries, "query"), encoder.tokenise(passages, "document"))
    temperatures = {"student": T_STUDENT, "teacher": T_TEACHER}
    negatives = {"listwise": False}  # the other systems do not support this
    keys = {"batch": task.batch, "temperatures": temperatures, "negatives": negatives, "memory": memory}
    recipe = Recipe.model_validate(keys)
    part = Part(examples, *tokens, recipe.temperatures, None)  # type: ignore[arg-type]
    training = Training(encoder, [part], recipe, seed=0)
    state = State(history=[{}])
    collated = training.collated(0)
    return timed(lambda step: training.advance(state, next(collated)), task, encoder.device)


def sentence_transformers(task: Task, attention: str | None = None) -> list[float]:
    """Train with SentenceTransformerTrainer and DistillKLDivLoss; steps that do not fit use gradient caching."""
    from datasets import Dataset
    from sentence_transformers import (
        SentenceTransformer,
        SentenceTransformerTrainer,
        SentenceTransformerTrainingArguments,
    )
    from sentence_transformers.base.losses.gradcache import CachedLossMixin
    from sentence_transformers.losses import DistillKLDivLoss
    from transformers import TrainerCallback

    class Cached(CachedLossMixin, DistillKLDivLoss):
        """DistillKLDivLoss with the gradient caching of the library."""

        mini_batch_size = task.chunk * task.length

        def forward(self, sentence_features, labels):  # type: ignore[no-untyped-def]
            return self.forward_cached(sentence_features, labels)

        def calculate_loss(self, reps, labels=None, *, with_backward=False):  # type: ignore[no-untyped-def]
            loss = self.compute_loss_from_embeddings([torch.cat(column) for column in reps], labels)
            if with_backward:
                loss.backward()
                loss = loss.detach()
            return loss

    class Clock(TrainerCallback):
        def __init__(self) -> None:
            self.times: list[float] = []

        def on_step_begin(self, args, state, control, **kwargs):  # type: ignore[no-untyped-def]
            if torch.cuda.is_available():
                torch.cuda.synchronize()
            self.times.append(time.perf_counter())

        on_train_end = on_step_begin

    queries, passages, lists = task.data()
    kwargs = {} if attention is None else {"model_kwargs": {"attn_implementation": attention}}
    model = SentenceTransformer(task.model, **kwargs)  # type: ignore[arg-type]
    model.max_seq_length = task.tokens
    columns = {f"p{i}": [passages[row[i]] for row in lists] for i in range(task.length)}
    data = Dataset.from_dict({"query": queries, **columns, "label": task.scores().tolist()})
    clock = Clock()
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(Path(task.texts).parent / "trainer"),
        per_device_train_batch_size=task.batch,
        max_steps=task.steps + WARMUP,
        bf16=True,
        use_cpu=not torch.cuda.is_available(),
        optim="adamw_torch_fused",
        learning_rate=2e-5,
        max_grad_norm=1.0,
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
        dataloader_pin_memory=torch.cuda.is_available(),
        logging_strategy="no",
    )
    kind = DistillKLDivLoss if task.fits else Cached
    loss = kind(model, student_temperature=T_STUDENT, teacher_temperature=T_TEACHER)
    SentenceTransformerTrainer(model=model, args=arguments, train_dataset=data, loss=loss, callbacks=[clock]).train()
    return np.diff(clock.times)[WARMUP:].tolist()


def papers(task: Task) -> list[float]:
    """Train as in the scripts of arXiv 2502.19712.

    The scripts use gradient caching over chunks of 16 queries, with gradient checkpointing inside. They encode every
    passage of every list, padded to the longest of the chunk, without dropout. Both losses are in float64, and weight
    decay applies to all parameters.
    """
    from sentence_transformers import SentenceTransformer

    queries, passages, lists = task.data()
    scores = torch.from_numpy(task.scores())
    model = SentenceTransformer(task.model)
    model.max_seq_length = task.tokens
    transformer = model[0].auto_model
    transformer.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    model.train()
    for module in model.modules():
        if isinstance(module, torch.nn.Dropout):
            module.p = 0.0
    adam = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)

    def encode(texts: list[str]) -> torch.Tensor:
        features = {
            k: v.to(model.device) if isinstance(v, torch.Tensor) else v for k, v in model.preprocess(texts).items()
        }
        with torch.autocast(model.device.type, torch.bfloat16):
            return torch.nn.functional.normalize(model(features)["sentence_embedding"].float(), dim=-1)

    def step(number: int) -> None:
        batch = np.arange(number * task.batch, (number + 1) * task.batch)
        chunks = [batch[i : i + task.chunk] for i in range(0, len(batch), task.chunk)]
        texts = [[passages[p] for q in chunk for p in lists[q]] for chunk in chunks]
        with torch.no_grad():
            first = [
                (encode([queries[q] for q in chunk]), encode(chunk_texts))
                for chunk, chunk_texts in zip(chunks, texts, strict=True)
            ]
        query = torch.cat([q for q, _ in first]).requires_grad_()
        passage = torch.cat([p for _, p in first]).requires_grad_()
        papers_loss(query, passage, scores[batch].to(query.device), [lists[q] for q in batch]).backward()
        assert query.grad is not None
        assert passage.grad is not None
        start = 0
        for chunk, chunk_texts in zip(chunks, texts, strict=True):
            q, p = encode([queries[i] for i in chunk]), encode(chunk_texts)
            query_rows, passage_rows = (
                slice(start, start + len(chunk)),
                slice(start * task.length, (start + len(chunk)) * task.length),
            )
            torch.autograd.backward([q, p], [query.grad[query_rows], passage.grad[passage_rows]])
            start += len(chunk)
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        adam.zero_grad(set_to_none=True)

    return timed(step, task, model.device)


def papers_loss(
    query: torch.Tensor, passage: torch.Tensor, scores: torch.Tensor, lists: list[np.ndarray]
) -> torch.Tensor:
    """KL + 0.1 InfoNCE over all passages of the step, in float64 (fact sheet, sections 1.6 and 1.10).

    Every copy of a passage counts.
    """
    count, length = scores.shape
    query, passage, scores = query.double(), passage.double(), scores.double()
    similarity = query @ passage.T
    in_list = similarity.view(count, count, length)[torch.arange(count), torch.arange(count)]
    target = torch.softmax(scores / T_TEACHER, dim=1)
    listwise = torch.nn.functional.kl_div(torch.log_softmax(in_list / T_STUDENT, dim=1), target, reduction="none").sum(
        1
    )
    mask = torch.ones_like(similarity)
    ids = np.concatenate(lists)
    for q in range(count):  # row by row, as in the scripts
        likely_relevant = {lists[q][i] for i in range(length) if i == 0 or scores[q, i] > 0.6 * scores[q, 0]}
        mask[q, torch.from_numpy(np.flatnonzero(np.isin(ids, list(likely_relevant))))] = 0
    values = torch.exp(similarity / T_INFONCE)
    positive = torch.exp(in_list[:, 0] / T_INFONCE)
    infonce = -torch.log(positive / (positive + (values * mask).sum(1)))
    return (listwise + 0.1 * infonce).mean()


def timed(step: Callable[[int], None], task: Task, device: torch.device) -> list[float]:
    """Return the seconds of each step after the warm-up."""
    times = []
    for number in range(task.steps + WARMUP):
        start = time.perf_counter()
        step(number)
        if device.type == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - start)
    return times[WARMUP:]


def peak() -> float:
    """Return the peak memory so far in MB: of the GPU, or of the process without a GPU."""
    if torch.cuda.is_available():
        return torch.cuda.max_memory_allocated() / 1e6
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3


SIDES: dict[str, Callable[[Task], list[float]]] = {
    "listill": listill,
    "listill-lean": lambda task: listill(task, LEAN),
    "sentence-transformers": sentence_transformers,
    "sentence-transformers-eager": lambda task: sentence_transformers(task, "eager"),
    "papers": papers,
}

if __name__ == "__main__":
    logging.disable(logging.WARNING)
    task = Task(**json.loads(sys.argv[2]))
    torch.set_num_threads(int(sys.argv[3]))
    seconds = SIDES[sys.argv[1]](task)
    print(json.dumps({"seconds": seconds, "peak": peak(), "task": dataclasses.asdict(task)}))
