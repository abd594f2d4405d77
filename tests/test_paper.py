"""config/paper.yaml against the papers' constants, setting by setting, as they reach the stages.

The constants are copied from the scripts of arXiv 2502.19712 and 2505.19274: [A] manveertamber/enhancing_domain_adaptation
8f96eb1, [B] manveertamber/cadet-dense-retrieval b2f0831.
"""

import json
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import ir_datasets
import pytest
import yaml

from listill.plan import Plan

FILE = Path(__file__).parents[1] / "config" / "paper.yaml"
TEXT = FILE.read_text()
PLAN = Plan(yaml.safe_load(TEXT), str(FILE))

CORPORA = {
    "trec-covid": "beir/trec-covid",
    "nfcorpus": "beir/nfcorpus",
    "fiqa": "beir/fiqa",
    "arguana": "beir/arguana",
    "touche": "beir/webis-touche2020/v2",
    "dbpedia-entity": "beir/dbpedia-entity",
    "scidocs": "beir/scidocs",
    "climate-fever": "beir/climate-fever",
    "scifact": "beir/scifact",
    "msmarco": "beir/msmarco",
}
BGE_PROMPT = "Represent this sentence for searching relevant passages: "
# model, query prefix, passage prefix, pooling
STUDENTS = {
    "bge": ("BAAI/bge-base-en-v1.5", BGE_PROMPT, None, "cls"),
    "gte": ("Alibaba-NLP/gte-base-en-v1.5", None, None, "cls"),
    "snowflake": ("Snowflake/snowflake-arctic-embed-m-v1.5", BGE_PROMPT, None, "cls"),
    "e5": ("intfloat/e5-base-unsupervised", "query: ", "passage: ", "mean"),
}
LOSSES = {
    "infonce": {"infonce": 1.0},
    "listwise": {"listwise": 1.0},
    "combined": {"listwise": 1.0, "infonce": 0.1},
}
TYPES = {"question", "claim", "title", "keywords", "user_query", "user_query_styled"}
# The variants with a single type: their losses are those of another variant, and they are trained on some corpora only.
ALONE = {name.replace("_", "-"): ("combined", [name]) for name in TYPES}
ALONE_ON = {"scifact", "fiqa", "trec-covid", "nfcorpus", "msmarco"}
EPOCHS = 30

RANKT5 = {
    "kind": "t5",
    "model": "Soyoung97/RankT5-3b",
    "max_length": 512,
    "precision": "bf16",
    "prompt": ["Query: {query} Document:", "{document}", "</s>"],
    "true_token": "<extra_id_10>",  # token 32089
    "false_token": None,
}
# What the papers say, by stage and setting (patterns).
PAPERS: dict[str, dict[str, Any]] = {
    "corpus": {"corpus.template": "{text}", "corpus.heldout": 100},
    "ask.1-of-1": {
        "generator.kind": "vllm",
        "generator.model": "meta-llama/Llama-3.1-8B-Instruct",
        "generator.temperature": 0.8,
        "generator.max_tokens": 50,
        "generator.top_p": 1.0,
        "generator.shots": 3,
        "generator.passage_characters": 2048,
        **{f"generator.types.{name}": 1.0 for name in TYPES},
        "passages": 100_000,
        "passages_from": "all",
    },
    "queries": {"human": False, "passages": None, "passages_from": "all"},  # these two are settled in ask
    "candidates": {
        "bm25": False,
        "mining.depth": 20,
        "mining.consistency.top": 20,
        "mining.consistency.require": "student",
        "mining.additional": {},
        "mining.random": 0,
    },
    "gate": {"teacher.normalise": "percentile"},
    "rerank": {"teacher.normalise": "percentile", "depth": 1000},
    "scores": {},
    "lists.*": {
        "found_within": 20,
        "lists.length": 20,
        "lists.choose": "top",
        "lists.top1": True,
        "lists.retrievers": "student",
        "lists.min_score": {},
        "lists.near_positive": "keep",
        "lists.quality_percentile": 25.0,
        "lists.quality_of": "all",
        "normalise": "percentile",
        "weights.rankt5": 1.0,
    },
    "train.*": {
        "recipe.batch": 16 * 256,
        "recipe.learning_rate": 2e-4,
        "recipe.weight_decay": 0.01,
        "recipe.clip": 1.0,
        "recipe.dropout": 0.0,
        "recipe.epochs": EPOCHS,
        "recipe.floor": 0.1,
        "recipe.query_length": 64,
        "recipe.max_length": 512,
        "recipe.temperatures.teacher": 0.3,
        "recipe.temperatures.student": 0.05,
        "recipe.temperatures.infonce": 0.01,
        "recipe.temperatures.offset": 0.0,
        "recipe.negatives.denoise": 0.6,
        "recipe.negatives.listwise": False,
        "recipe.negatives.guide": None,
        "recipe.tower": "both",
        "recipe.anchor_texts": None,
        "recipe.lora": None,
        "recipe.matryoshka": [],
        "recipe.selection.base": False,  # the scripts always keep trained weights
        "recipe.selection.patience": 2,
        "recipe.selection.evaluations": EPOCHS,
        "recipe.types": None,
        "recipe.max_lists": None,
    },
    "search.*": {"depth": 1000},
    "fuse.*": {"depth": 1000, "k": 60.0},
    "evaluate": {},
    "encode.*": {},
}
# What is not the papers': names, how the work is done, our own methods and checks. A setting that is neither here nor above
# fails the test: a new one has to be looked up in the scripts first.
OURS = [
    *(
        "version",
        "seed",
        "name",
        "system",
        "student",
        "variant",
        "shard",
        "shards",
        "retriever",
        "guide",
        "pool",
        "generator",
    ),
    *("corpus.source.*", "corpus.dev_share", "corpus.empty_text", "corpus.passages", "corpus.passages_from"),
    *("corpus.topics_are_documents", "corpus.min_dev_topics", "corpus.language"),
    *("generator.examples", "generator.types_from", "generator.python", "generator.gpu_memory_utilization"),
    *(
        "generator.max_model_len",
        "generator.save_every",
        "generator.engine",
        "generator.chat_template_kwargs.enable_thinking",
    ),
    *("generator.chat", "generator.revision", "generator.trust_remote_code", "cleaning.*"),
    *("mining.index.*", "teacher.shards"),  # exact search, one job: how, not what
    *("*bm25", "*bm25.*", "mining.retrievers", "*teacher.gate.*", "lists.candidates_from", "lists.judgement_margin"),
    "lists.near_positive_share",  # not used
    "lists.positives",  # without human topics, a query has one positive
    *("*members.rankt5.format", "*members.rankt5.weight", "*members.rankt5.revision"),
    *("*members.rankt5.trust_remote_code", "*members.rankt5.backend"),
    *(
        "*student*.revision",
        "*student*.trust_remote_code",
        "*student*.preset.remote_code",
        "*student*.preset.max_length",
    ),
    *("*student*.pooling", "*student*.prompts"),  # null: what is known of the model holds, see STUDENTS
    *("recipe.warmup", "recipe.checkpoint", "recipe.memory", "recipe.seed", "recipe.tensorboard"),
    *("recipe.negatives.guide_margin", "recipe.negatives.count"),
    *("recipe.selection.average", "recipe.selection.merge", "recipe.selection.queries", "recipe.selection.documents"),
    "recipe.selection.retention",
    *("confidence", "resamples", "measures", "students"),
]


def flat(data: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(data, dict) and data:
        for key, value in data.items():
            yield from flat(value, f"{place}.{key}" if place else key)
    else:
        yield place, data


def stages(plan: Plan) -> list[str]:
    """All but the report, whose settings are the whole config."""
    found = [f"ask.{shard}" for shard in plan.shares("generated")]
    found += [f"encode.{name}" for name in [*plan.retrievers, *plan.trained]]
    found += [f"search.{name}" for name in ["bm25", *plan.students, *plan.trained]]
    found += [f"{kind}.{name}{end}" for kind, end in [("lists", ""), ("fuse", "+bm25")] for name in plan.students]
    found += [f"train.{name}" for name in plan.trained]
    return ["corpus", "queries", "candidates", "gate", "rerank", "scores", "evaluate", *found]


def of_student(name: str) -> dict[str, Any]:
    model, query, document, pooling = STUDENTS[name]
    prompts = {kind: text for kind, text in [("query", query), ("document", document)] if text}
    said: dict[str, Any] = {f"preset.prompts.{kind}": text for kind, text in prompts.items()} or {"preset.prompts": {}}
    return {"model": model, "max_length": 512, "precision": "bf16", "preset.pooling": pooling} | said


def expected(stage: str) -> dict[str, Any]:
    """Return what the papers say of a stage."""
    (values,) = [values for pattern, values in PAPERS.items() if fnmatchcase(stage, pattern)]
    values = dict(values)
    kind, _, rest = stage.partition(".")
    if kind in ("encode", "search", "train") and rest != "bm25":
        values |= {f"student.{key}": value for key, value in of_student(rest.partition(".")[0]).items()}
    if kind in ("rerank", "scores"):
        values |= {"students": {}, "bm25": None}  # RankT5 uses neither
    if kind in ("candidates", "gate"):
        names = ["bge", "gte", "snowflake"] if kind == "candidates" else list(STUDENTS)
        values |= {f"students.{name}.{key}": value for name in names for key, value in of_student(name).items()}
    if kind in ("gate", "rerank", "scores"):
        place = "members" if kind == "scores" else "teacher.members"
        values |= {f"{place}.rankt5.{key}": value for key, value in RANKT5.items()}
    if kind == "gate":
        values |= {
            f"mining.{key}": value
            for key, value in [("depth", 20), ("consistency.top", 20), ("additional", {}), ("random", 0)]
        }
        values |= {"mining.consistency.require": "none"}  # it measures teachers and keeps no query from anything
    if kind == "train":
        variant = rest.partition(".")[2]
        values |= {
            f"recipe.losses.{key}": value for key, value in LOSSES[ALONE.get(variant, (variant, None))[0]].items()
        }
        values["recipe.types"] = ALONE.get(variant, (variant, None))[1]
    return values


@pytest.mark.parametrize("stage", stages(PLAN))
def test_every_setting_is_the_papers_or_known_to_be_ours(stage: str) -> None:
    found = dict(flat(json.loads(PLAN.frozen("scidocs", stage))))
    theirs = expected(stage)
    assert {key: found.get(key, "missing") for key in theirs} == theirs
    assert [key for key in found if key not in theirs and not any(fnmatchcase(key, name) for name in OURS)] == []


def test_what_is_trained() -> None:
    assert sorted(CORPORA) == PLAN.corpora
    assert sorted(STUDENTS) == PLAN.students == PLAN.retrievers
    assert sorted([*LOSSES, *ALONE]) == PLAN.variants
    for corpus in PLAN.corpora:
        alone = {f"e5.{name}" for name in ALONE} if corpus in ALONE_ON else set()
        assert set(PLAN.trained_on(corpus)) == {f"{one}.{name}" for one in STUDENTS for name in LOSSES} | alone
    assert PLAN.miners == ["bge", "gte", "snowflake"]
    assert PLAN.asking == ("vllm", 1)
    retriever = {name: json.loads(PLAN.frozen("fiqa", f"lists.{name}"))["retriever"] for name in STUDENTS}
    assert retriever == {"bge": None, "gte": None, "snowflake": None, "e5": "bge"}


def test_corpora() -> None:
    """Up to 100,000 passages of each, of MS MARCO 200,000 that are relevant to a train topic; no human topic selects."""
    for name, data_set in CORPORA.items():
        corpus = json.loads(PLAN.frozen(name, "corpus"))["corpus"]
        asked = json.loads(PLAN.frozen(name, "ask.1-of-1"))
        assert corpus["source"]["id"] == data_set
        assert (corpus["template"], corpus["heldout"], corpus["empty_text"]) == ("{text}", 100, "keep")
        large = name == "msmarco"
        assert (asked["passages"], asked["passages_from"]) == ((200_000, "relevant") if large else (100_000, "all"))
        assert set(corpus["source"]["splits"]) <= ({"train", "test"} if large else {"test"})
        assert not large or corpus["dev_share"] == 0
        assert corpus["topics_are_documents"] == (name == "arguana")


def test_the_data_sets_are_in_the_catalogue() -> None:
    from listill.corpus.sources.ir_datasets import IrDatasets, find_splits

    for name in CORPORA:
        source = PLAN.settings.corpora[name].source
        assert isinstance(source, IrDatasets)
        chosen = source.splits or find_splits(source.id)
        assert set(chosen) == ({"train", "test"} if name == "msmarco" else {"test"})
        assert ir_datasets.load(source.id).has_docs()
        assert all(ir_datasets.load(split).has_qrels() for split in chosen.values())


def test_warm_up_is_half_an_epoch() -> None:
    """There max(10, steps of an epoch // 2) steps, which on small corpora are several epochs."""
    assert PLAN.settings.training.warmup == pytest.approx(0.5 / EPOCHS, abs=1e-4)


def test_measures_of_the_papers() -> None:
    assert {"nDCG@10", "R@100", "RR@10", "R@1000"} == set(PLAN.settings.evaluation.measures)


def test_the_second_teacher_that_waits_in_a_comment() -> None:
    before, start, rest = TEXT.partition("    # gemma:")
    block, end, after = (start + rest).partition("layerwise")
    plan = Plan(yaml.safe_load(before + (block.replace("# ", "") + "layerwise") + after), str(FILE))
    assert start
    assert end
    member = json.loads(plan.frozen("scidocs", "scores"))["members"]["gemma"]
    assert member["model"] == "BAAI/bge-reranker-v2.5-gemma2-lightweight"
    assert member["layerwise"] == {"cutoff": 25, "compress_ratio": 2, "compress_layers": [8]}
    assert member["max_length"] == 512
    assert "Predict whether passage B contains an answer to query A." in member["prompt"]
