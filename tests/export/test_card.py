"""The model card: huggingface_hub reads its front matter, and the page says what matters."""

import dataclasses
from pathlib import Path

from huggingface_hub import ModelCard

from listill.export import card
from listill.export.results import Figures

FIGURES = Figures(
    split="test",
    queries="12 test topics",
    measures=["nDCG@10", "RR@10"],
    values={"nDCG@10": 0.60004, "RR@10": 0.5},
    rows=[["s (base)", "0.500", "0.400", "", ""], ["**s.v**", "0.600", "0.500", "+0.100", "+0.05 to +0.15"]],
    retention=[["other", "9 test topics", "0.500", "0.490", "-0.010", "-0.020 to +0.001"]],
    confidence="95%",
)
CARD = card.Card(
    name="s.v", corpus="tiny", trained_on=["tiny"], base="org/base", hub_base="org/base", language="german",
    language_code="de", licence_id="apache-2.0",
    licence="This model is published under `apache-2.0`.", query_prompt='`"query: "`',
    document_prompt="none", template="{title} {text}", max_length=48, dimension=32, similarity="cosine", pooling="mean",
    query_only=False, documents=60, source="beir", generator="extractive", teachers="one (bm25)", trained="3 human",
    losses="listwise 1", temperatures="student 0.03", weights="all", kept="those of step 7", versions="torch 2",
    fingerprint="f00d", check="It ranks as measured.", onnx=True, int8="The loss is 0.001.", figures=FIGURES,
)  # fmt: skip


def test_the_hub_reads_the_front_matter(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(card.text(CARD))
    data = ModelCard.load(tmp_path / "README.md").data
    assert data.base_model == "org/base"
    assert (data.language, data.license) == ("de", "apache-2.0")
    assert (data.library_name, data.pipeline_tag) == ("sentence-transformers", "sentence-similarity")
    assert {"listill", "onnx", "sentence-transformers"} <= set(data.tags)
    results = {(one.metric_type, one.metric_value, one.dataset_name, one.dataset_split) for one in data.eval_results}
    assert results == {("ndcg_at_10", 0.6, "tiny (test)", "test"), ("mrr_at_10", 0.5, "tiny (test)", "test")}


def test_what_is_not_known_is_left_out() -> None:
    unknown = dataclasses.replace(
        CARD, hub_base=None, language_code=None, licence_id=None, onnx=False, figures=Figures()
    )
    front = card.front_matter(unknown)
    assert not any(key in front for key in ("base_model", "language:", "license", "model-index", "- onnx"))
    page = card.text(unknown)
    assert "The system was not evaluated." in page
    assert "Not measured: the model may have lost quality" in page
    assert "ONNX" not in page


def test_a_joint_model_names_the_corpora_that_it_was_trained_on() -> None:
    page = card.text(dataclasses.replace(CARD, trained_on=["one", "two"]))
    assert "A dense retriever for the corpora `one`, `two`. It was trained" in page
    assert "| trained on | one, two |\n| measured on | tiny: 60 documents" in page
    assert "A dense retriever for the corpus `tiny`. It was trained" in card.text(CARD)


def test_the_page() -> None:
    page = card.text(CARD)
    for text in [
        "| system | nDCG@10 | RR@10 | difference in nDCG@10 from the base | interval |\n|---|---|---|---|---|\n",
        "| **s.v** | 0.600 | 0.500 | +0.100 | +0.05 to +0.15 |",
        "| other | 9 test topics | 0.500 | 0.490 | -0.010 | -0.020 to +0.001 |",
        '| prompt of queries | `"query: "` |',
        "**Saved as trained.** It ranks as measured.",
        "The loss is 0.001.",
        "This model is published under `apache-2.0`.",
        'documents = model.encode_document(["..."])',
    ]:
        assert text in page


def test_documents_of_a_model_whose_queries_were_trained() -> None:
    page = card.text(dataclasses.replace(CARD, query_only=True))
    assert 'documents_model = SentenceTransformer("org/base")  # only queries were trained' in page
    assert "documents = documents_model.encode_document" in page
