"""Lists for sentence-transformers: its trainer takes a step on them."""

from pathlib import Path

from datasets import Dataset
from sentence_transformers import SentenceTransformer, SentenceTransformerTrainer, SentenceTransformerTrainingArguments
from sentence_transformers.sentence_transformer.losses import DistillKLDivLoss

import tiny_export
from listill.export.formats import sentence_transformers


def test_one_file_for_each_number_of_passages(tmp_path: Path) -> None:
    sentence_transformers.write(tiny_export.lists(), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["passages-2.parquet", "passages-3.parquet"]
    pairs = Dataset.from_parquet(str(tmp_path / "passages-2.parquet"), cache_dir=str(tmp_path / "c"))
    assert pairs.column_names == ["query", "positive", "negative_1", "label"]
    assert pairs.to_list() == [
        {"query": "what flows", "positive": "Lava: it flows", "negative_1": "The tide", "label": [1.0, 0.25]},
        {"query": "what flows", "positive": "Ash «falls»", "negative_1": "The tide", "label": [0.75, 0.25]},
    ]


def test_the_trainer_takes_a_step_with_the_teachers_scores(tiny_model: Path, tmp_path: Path) -> None:
    sentence_transformers.write(tiny_export.lists(), tmp_path)
    model = SentenceTransformer(str(tiny_model), device="cpu")
    before = model[0].model.embeddings.word_embeddings.weight.detach().clone()
    files = sorted(tmp_path.glob("*.parquet"))
    data = {path.stem: Dataset.from_parquet(str(path), cache_dir=str(tmp_path / "c")) for path in files}
    arguments = SentenceTransformerTrainingArguments(
        output_dir=str(tmp_path / "out"), max_steps=2, per_device_train_batch_size=2, report_to="none", use_cpu=True,
        save_strategy="no", learning_rate=1e-3, warmup_steps=0, disable_tqdm=True,
    )  # fmt: skip
    trainer = SentenceTransformerTrainer(
        model=model, args=arguments, train_dataset=data, loss=DistillKLDivLoss(model, temperature=0.1)
    )
    result = trainer.train()
    assert result.training_loss > 0
    assert (model[0].model.embeddings.word_embeddings.weight != before).any()
