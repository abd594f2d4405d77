"""Corpora in other languages than English, through all stages that need neither a model nor a GPU."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from listill import tables
from listill.settings.config import Settings
from listill.stages import corpus, evaluate, generate, search
from listill.stages.job import Job

# By language: four subjects of the documents, a document about one, and a topic about one.
LANGUAGES: dict[str, tuple[list[str], str, str]] = {
    "chinese": (
        ["火山", "面包店", "港口", "蜂箱"],
        "没有工人的{}很快就会损坏。每个{}都需要新的材料和时间。",
        "{}需要什么",
    ),
    "japanese": (
        ["火山", "パン屋", "港", "蜂の巣箱"],
        "職人のいない{}はすぐに壊れます。どの{}も新しい材料と時間を必要とします。",
        "{}に必要",
    ),
    "thai": (
        ["ภูเขาไฟ", "ร้านขนมปัง", "ท่าเรือ", "รังผึ้ง"],
        "{}ที่ไม่มีคนงานจะเสียหายเร็วมาก ทุก{}ต้องการวัสดุใหม่และเวลา",
        "{}ต้องการอะไร",
    ),
    "korean": (
        ["화산", "빵집", "항구", "벌통"],
        "일꾼이 없는 {}은 아주 빨리 망가진다. 모든 {}에는 새로운 재료와 많은 시간이 필요하다.",
        "{}에게 필요한 것",
    ),
    "hindi": (
        ["ज्वालामुखी", "बेकरी", "बंदरगाह", "मधुमक्खी"],
        "हर {} को नया सामान और बहुत समय चाहिए। बिना लोगों के {} जल्दी खराब हो जाता है।",
        "{} को क्या चाहिए",
    ),
    "arabic": (
        ["البركان", "المخبز", "الميناء", "المنحل"],
        "يحتاج {} إلى مواد جديدة ووقت طويل. بدون العمال يتلف {} بسرعة كبيرة جدا.",
        "ماذا يحتاج {}",
    ),
    "russian": (
        ["вулкан", "пекарня", "гавань", "улей"],
        "Каждый {} требует новых материалов и времени. Без рабочих {} очень быстро придёт в негодность.",
        "что нужно {}",
    ),
    "greek": (
        ["ηφαίστειο", "φούρνος", "λιμάνι", "κυψέλη"],
        "Κάθε {} χρειάζεται νέα υλικά και χρόνο. Χωρίς εργάτες το {} πολύ γρήγορα χαλάει.",
        "τι χρειάζεται {}",
    ),
    "french": (
        ["volcan", "boulangerie", "port", "ruche"],
        "À chaque saison, le {} demande du temps et du travail. Également, un {} sans ouvriers se dégrade vite.",
        "que demande {}",
    ),
    "english": (
        ["volcano", "bakery", "harbour", "hive"],
        "every {} needs new material and a lot of time. a {} without any workers breaks down very soon.",
        "what does a {} need",
    ),
}


def run(folder: Path, language: str, setting: str) -> dict[str, pd.DataFrame]:
    subjects, document, topic = LANGUAGES[language]
    rows = [
        {
            "_id": f"d{i}",
            "title": "",
            "text": f"{document.format(*[subjects[i % 4]] * 2)} {document.format('x', 'y')} {i}",
        }
        for i in range(8)
    ]
    (folder / "qrels").mkdir(parents=True)
    (folder / "corpus.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    topics = [{"_id": f"q{i}", "text": topic.format(subjects[i])} for i in range(4)]
    (folder / "queries.jsonl").write_text("".join(json.dumps(row) + "\n" for row in topics))
    judged = "".join(f"q{i}\td{i}\t1\n" for i in range(4))
    (folder / "qrels" / "test.tsv").write_text(f"query-id\tcorpus-id\tscore\n{judged}")
    types = {"lead": 1, "cloze": 1, "crop": 1, "keyphrases": 1}
    config = Settings.model_validate(
        {
            "corpora": {"c": {"source": {"kind": "beir", "path": str(folder)}, "heldout": 0, "language": setting}},
            "students": {"s": {"model": "m"}},
            "generation": {"generator": {"kind": "extractive", "types": types}},
        }
    )
    names = ("corpus", "topics", "qrels", "heldout", "queries", "funnel", "bm25", "per_query", "summary")
    path = {name: folder / f"{name}.parquet" for name in names}

    def do(stage: Any, settings: Any, *files: Any) -> None:
        stage.run(settings, Job(stage.__name__, "f", {}, settings, 1), *files)

    do(corpus, corpus.settings(config, "c"), *(path[name] for name in names[:4]))
    do(
        generate,
        generate.settings(config, "c"),
        *(path[name] for name in ("corpus", "topics", "qrels", "queries", "funnel")),
    )
    do(
        search,
        search.settings(config, "c", "bm25"),
        *(path[name] for name in ("corpus", "topics", "qrels", "queries", "bm25")),
    )
    inputs = [path[name] for name in ("topics", "qrels", "queries", "corpus", "per_query", "summary")]
    do(evaluate, evaluate.settings(config, "c"), [path["bm25"]], *inputs)
    return {name: tables.read(path[name], "runs" if name == "bm25" else name) for name in names}


@pytest.mark.parametrize("own", [False, True], ids=["default", "its own"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_queries_are_extracted_and_bm25_answers(
    tmp_path: Path, language: str, own: bool, caplog: pytest.LogCaptureFixture
) -> None:
    made = run(tmp_path / "data", language, language if own else "english")
    texts = dict(zip(made["corpus"]["doc_id"], made["corpus"]["text"], strict=True))
    by_type = made["queries"].groupby("type")["doc_id"].nunique().to_dict()
    assert by_type.keys() == {"lead", "cloze", "crop", "keyphrases"}
    assert by_type["lead"] == by_type["crop"] == 8
    for row in made["queries"].itertuples():
        if row.type == "lead":
            assert row.start == 0
        if row.type in ("lead", "cloze"):
            assert row.end - row.start < len(texts[row.doc_id]) / 2  # a sentence, not the text
    figures = made["per_query"].query("measure == 'RR@10'")["value"]
    assert (figures >= 0.5).all()  # each document has a twin about the same subject
    assert "corpora.<name>.language" not in caplog.text


def test_topics_in_another_language_are_reported_early_and_count_as_0(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    chinese = LANGUAGES["chinese"]
    monkeypatch.setitem(LANGUAGES, "chinese", (chinese[0], chinese[1], "what is needed"))
    made = run(tmp_path / "data", "chinese", "chinese")
    assert "only 0 of 4 topics share a word with a relevant document" in caplog.text
    assert "bm25 finds documents for only 0 of 4 queries: if queries and documents are in one language" in caplog.text
    assert made["bm25"].empty
    assert (made["per_query"]["value"] == 0).all()
    assert len(made["per_query"]) == 4 * 3
