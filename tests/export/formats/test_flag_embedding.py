"""Lists for FlagEmbedding, read back by its own data set where it is installed."""

import importlib
import json
from pathlib import Path
from types import SimpleNamespace
from unittest import mock

import pytest
from datasets import load_dataset

import tiny_export
from listill.export.formats import flag_embedding


def test_the_columns(tmp_path: Path) -> None:
    flag_embedding.write(tiny_export.lists(), tmp_path)
    data = load_dataset("json", data_files=str(tmp_path / "train.jsonl"), split="train", cache_dir=str(tmp_path / "c"))
    assert data.column_names == ["query", "pos", "neg", "pos_scores", "neg_scores"]
    assert data[0] == {
        "query": "what flows",
        "pos": ["Lava: it flows", "Ash «falls»"],
        "neg": ["The tide"],
        "pos_scores": [1.0, 0.75],
        "neg_scores": [0.25],
    }
    assert len(data) == 2


def test_flag_embedding_reads_it(tmp_path: Path) -> None:
    pytest.importorskip("FlagEmbedding", reason="FlagEmbedding is not installed")
    module = importlib.import_module("FlagEmbedding.abc.finetune.embedder.AbsDataset")
    flag_embedding.write(tiny_export.lists(), tmp_path)
    arguments = SimpleNamespace(
        train_data=[str(tmp_path / "train.jsonl")],
        cache_path=str(tmp_path / "c"),
        max_example_num_per_dataset=100,
        knowledge_distillation=True,
        train_group_size=3,
        shuffle_ratio=0.0,
        query_instruction_for_retrieval="",
        query_instruction_format="{}{}",
        passage_instruction_for_retrieval=None,
        small_threshold=0,
        drop_threshold=0,
    )
    with mock.patch("torch.distributed.get_rank", return_value=1):
        data = module.AbsEmbedderSameDatasetTrainDataset(arguments, default_batch_size=2, seed=1, tokenizer=None)
        queries, passages, scores, _ = data[0]
    score_of = {passage.text: passage.score for one in tiny_export.lists().contrastive for passage in one.passages}
    assert sorted(queries) == ["tide", "what flows"]
    assert len(passages) == len(scores) == 6
    # "The tide" has another score for each query.
    assert all(score in (score_of[text], 0.25, 1.0) for text, score in zip(passages, scores, strict=True))


def test_texts_are_not_escaped(tmp_path: Path) -> None:
    flag_embedding.write(tiny_export.lists(), tmp_path)
    line = (tmp_path / "train.jsonl").read_text(encoding="utf-8").splitlines()[0]
    assert "«falls»" in line
    assert json.loads(line)["query"] == "what flows"
