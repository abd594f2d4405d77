"""The stage ask: shards, resuming, the table of queries, and its use in the stage generate."""

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import chat_server
import tiny
from listill import tables
from listill.errors import UserError
from listill.frozen import canonical
from listill.settings.config import Settings
from listill.stages import ask, generate
from listill.stages.command import Job

SIZE = 8
HELDOUT = "d003"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The results folder of a corpus of 8 documents, one of them held out, with one train and one test topic."""
    rows = tiny.tiny_documents(SIZE)
    documents = {
        "doc_id": [row["_id"] for row in rows],
        "title": [row["title"] for row in rows],
        "text": [row["text"] for row in rows],
        "duplicate_of": [None] * SIZE,
    }
    topics = {"query_id": ["t1", "t2"], "text": ["a topic", "another topic"], "split": ["train", "test"]}
    qrels = {"query_id": ["t1", "t2"], "doc_id": ["d000", "d001"], "relevance": [1, 1], "split": ["train", "test"]}
    heldout = {"doc_id": [HELDOUT], "split": ["heldout"]}
    (tmp_path / "config").mkdir()
    for name, data in {"corpus": documents, "topics": topics, "qrels": qrels, "heldout": heldout}.items():
        tables.write(tmp_path / f"{name}.parquet", name, data, tables.Provenance(name, f"fingerprint of {name}"))
    return tmp_path


def config(url: str, shards: int = 1, **keys: Any) -> Settings:
    generator = {"kind": "openai", "model": "m", "base_url": url, "concurrency": 1, "retries": 1} | keys
    generation = {"generator": generator, "shards": shards}
    source = {"kind": "files", "path": "x"}
    return Settings.model_validate(
        {"corpora": {"c": {"source": source}}, "students": {"s": {"model": "m"}}, "generation": generation}
    )


def job(stage: str, settings: Any, inputs: list[Path]) -> Job:
    lineage = tables.merge_lineages(inputs)
    fingerprint = tables.digest(canonical([stage, settings.identity(), lineage]))
    return Job(stage, fingerprint, lineage, settings, 1)


def ask_queries(folder: Path, config: Settings, shard: str = "1-of-1") -> pd.DataFrame:
    settings = ask.settings(config, "c", shard)
    assert settings == ask.AskStage.model_validate(json.loads(canonical(settings.model_dump(mode="json"))))
    inputs = [folder / "corpus.parquet", folder / "heldout.parquet"]
    out = folder / "generated" / f"{shard}.parquet"
    ask.run(settings, job("ask", settings, inputs), inputs[0], out, inputs[1])
    return tables.read(out, "queries")


def test_the_table_of_queries(folder: Path) -> None:
    with chat_server.serve() as chat:
        queries = ask_queries(folder, config(chat.url, types={"question": 1, "claim": 2}))
    assert len(queries) == SIZE * 3
    assert set(queries["generator"]) == {"openai:m"}
    assert set(queries["finish_reason"]) == {"stop"}
    assert queries["split"].value_counts().to_dict() == {"train": 21, "heldout": 3}
    assert set(queries.loc[queries["split"] == "heldout", "doc_id"]) == {HELDOUT}
    assert queries["start"].isna().all()
    row = queries.set_index("query_id").loc["d002:claim:1"]
    assert (row["type"], row["doc_id"]) == ("claim", "d002")
    assert row["text"].startswith(f"m {row['seed']} ")
    provenance = tables.provenance(folder / "generated/1-of-1.parquet")
    assert provenance.key == "generated/1-of-1"
    assert provenance.details["tokens"] == {"prompt": 240, "cached": 96}
    types = provenance.details["types"]
    assert {name: details["words"] for name, details in types.items()} == {"question": 20, "claim": 24}
    assert {row.prompt for row in queries.itertuples()} == {
        tables.digest(details["prompt"]) for details in types.values()
    }
    assert not (folder / ".work").exists()


def test_without_chat_the_server_completes_patterns(folder: Path) -> None:
    with chat_server.serve(answer=chat_server.complete) as chat:
        queries = ask_queries(folder, config(chat.url, chat=False, types={"claim": 1, "keywords": 1}))
    types = tables.provenance(folder / "generated/1-of-1.parquet").details["types"]
    assert {name: len(details["examples"]) for name, details in types.items()} == {"claim": 3, "keywords": 3}
    assert len(chat.requests) == len(queries) == 2 * SIZE
    for request, (_, row) in zip(chat.requests, queries.iterrows(), strict=True):
        assert request["prompt"].startswith(types[row["type"]]["prompt"])
        assert request["prompt"].endswith({"claim": "\nThe passage shows that", "keywords": ":"}[row["type"]])
        assert all(example in request["prompt"] for example in types[row["type"]]["examples"])


@pytest.mark.parametrize("change", [{"label": "Claim:"}, {"phrases": 3}, {}], ids=str)
def test_the_prompts_are_part_of_the_fingerprint(folder: Path, change: dict[str, Any]) -> None:
    """A file with the same settings but another type gives another fingerprint; the same file gives the same."""
    example = {"passage": "Bees dance.", "query": "how bees talk"}
    content: dict[str, Any] = {"instruction": "Write.", "words": 9, "label": "Query:", "examples": [example]}
    fingerprints = []
    with chat_server.serve(answer=chat_server.complete) as chat:
        for now in ({}, change):
            (folder / "own.yaml").write_text(json.dumps(content | now))
            ask_queries(folder, config(chat.url, chat=False, types={"own": 1}, types_from=str(folder / "own.yaml")))
            fingerprints.append(tables.provenance(folder / "generated/1-of-1.parquet").fingerprint)
    assert (fingerprints[0] != fingerprints[1]) is bool(change)


@pytest.mark.parametrize("shards", [2, 5, 60])
def test_shards_are_parts_of_all_requests(folder: Path, shards: int) -> None:
    with chat_server.serve() as chat:
        whole = ask_queries(folder, config(chat.url))
        sent = [json.dumps(request) for request in chat.requests]
        chat.requests.clear()
        settings = config(chat.url, shards)
        names = settings.generation.shard_names
        parts = pd.concat([ask_queries(folder, settings, shard) for shard in names], ignore_index=True)
    pd.testing.assert_frame_equal(parts, whole)
    assert [json.dumps(request) for request in chat.requests] == sent


def test_an_interrupted_run_is_resumed(folder: Path) -> None:
    with chat_server.serve() as chat:
        undisturbed = ask_queries(folder, config(chat.url))
    with chat_server.serve({20: (400, {}, "no")}) as chat:
        with pytest.raises(UserError, match="status 400"):
            ask_queries(folder, config(chat.url))
        before = len(chat.requests)
        # The address of the server and the timeout do not change the requests, so answers are reused.
        queries = ask_queries(folder, config(chat.url.replace("127.0.0.1", "localhost"), timeout=50, concurrency=2))
    pd.testing.assert_frame_equal(queries, undisturbed)
    assert before == 21
    assert len(chat.requests) == before + len(undisturbed) - 20


@pytest.mark.parametrize("change", [{"model": "n"}, {"temperature": 0.1}, {"shots": 1}, {"extra": {"x": 1}}], ids=str)
def test_answers_are_not_reused_after_a_change_of_settings(folder: Path, change: dict[str, Any]) -> None:
    with chat_server.serve({20: (400, {}, "no")}) as chat:
        with pytest.raises(UserError, match="status 400"):
            ask_queries(folder, config(chat.url))
        queries = ask_queries(folder, config(chat.url, **change))
    assert len(chat.requests) == 21 + len(queries)


def test_answers_are_not_reused_after_a_change_of_examples(folder: Path) -> None:
    pairs = folder / "pairs.jsonl"
    pairs.write_text('{"query": "one", "passage": "two"}\n')
    with chat_server.serve({20: (400, {}, "no")}) as chat:
        settings = config(chat.url, examples={"claim": str(pairs)})
        with pytest.raises(UserError, match="status 400"):
            ask_queries(folder, settings)
        pairs.write_text('{"query": "three", "passage": "two"}\n')
        queries = ask_queries(folder, settings)
    assert len(chat.requests) == 21 + len(queries)
    assert "two\nAnswer: three" in chat.requests[21]["messages"][0]["content"]


ANSWERS = {
    "claim": ("I'm sorry, but I cannot help with that.", "stop", "refusal"),
    "keywords": ("", "stop", "empty"),
    "question": ("what was asked here and why", "length", "cut off"),
    "title": ("word " * 16, "stop", "long"),
    "user_query": ("another topic", "stop", "topic overlap"),
}


def test_cleaning_counts_by_reason_and_type(folder: Path) -> None:
    texts = {row["_id"]: row["text"] for row in tiny.tiny_documents(SIZE)}

    def answer(request: dict[str, Any]) -> dict[str, Any]:
        prompt = request["messages"][0]["content"]
        name = next((n for n, start in starts.items() if prompt.startswith(start)), "")
        text, reason, _ = ANSWERS.get(name, ("", "stop", ""))
        if name == "user_query_styled":
            doc_id = next(doc_id for doc_id, passage in texts.items() if passage in prompt)
            text = {"d000": texts["d000"].split(".")[0], "d001": "one and the same", "d002": "One and the same"}.get(
                doc_id, f"a query for {doc_id}"
            )
        return {"choices": [{"message": {"content": text}, "finish_reason": reason}]}

    starts = {name: details["prompt"].split("\n")[0] for name, details in _types().items()}
    with chat_server.serve(answer=answer) as chat:
        settings = config(chat.url, 2)
        files = [folder / "generated" / f"{shard}.parquet" for shard in ("1-of-2", "2-of-2")]
        for file in files:
            ask_queries(folder, settings, file.stem)
    frozen = generate.settings(settings, "c")
    assert "openai" not in canonical(frozen.model_dump(mode="json"))
    inputs = [folder / f"{name}.parquet" for name in ("corpus", "topics", "qrels")]
    generate_job = job("generate", frozen, [*inputs, *files])
    generate.run(frozen, generate_job, *inputs, folder / "queries.parquet", folder / "funnel.parquet", None, files)
    queries = tables.read(folder / "queries.parquet", "queries")
    assert queries["type"].value_counts().to_dict() == {"user_query_styled": SIZE - 2, "human": 1}
    funnel = tables.read(folder / "funnel.parquet", "funnel")
    counts = funnel.groupby(["type", "reason"])["queries"].sum().to_dict()
    expected = {(name, "generated"): SIZE for name in [*ANSWERS, "user_query_styled"]}
    expected |= {(name, reason): SIZE for name, (_, _, reason) in ANSWERS.items()}
    expected |= {("user_query_styled", "copied"): 1, ("user_query_styled", "duplicate"): 1}
    expected |= {("user_query_styled", "kept"): SIZE - 2, ("human", "generated"): 1, ("human", "kept"): 1}
    assert counts == expected


def _types() -> dict[str, Any]:
    from listill.queries.query_types import resolve_types
    from listill.queries.requests import prefix

    return {
        query_type.name: {"prompt": prefix(query_type)}
        for query_type in resolve_types(config("http://x").generation.generator, 42)
    }


def test_without_a_generator_the_output_of_ask_is_required(folder: Path) -> None:
    frozen = generate.settings(config("http://x"), "c")
    inputs = [folder / f"{name}.parquet" for name in ("corpus", "topics", "qrels")]
    with pytest.raises(UserError, match="pass the output files of the stage ask with --generated"):
        generate.run(frozen, job("generate", frozen, inputs), *inputs, folder / "q.parquet", folder / "f.parquet")


def test_passages_can_be_limited_to_relevant_ones(folder: Path) -> None:
    with chat_server.serve() as chat:
        plain = config(chat.url, types={"question": 1})
        corpora = {"c": {"source": {"kind": "files", "path": "x"}, "passages_from": "relevant"}}
        chosen = Settings.model_validate({**plain.model_dump(exclude_unset=True), "corpora": corpora})
        settings = ask.settings(chosen, "c", "1-of-1")
        names = ["corpus", "heldout", "qrels"]
        inputs = [folder / f"{name}.parquet" for name in names]
        out = folder / "generated" / "1-of-1.parquet"
        ask.run(settings, job("ask", settings, inputs), inputs[0], out, inputs[1], inputs[2])
        queries = tables.read(out, "queries").set_index("doc_id")["split"].to_dict()
        assert queries == {"d000": "train", HELDOUT: "heldout"}  # d001 is relevant to a test topic only
        with pytest.raises(UserError, match="passages_from is relevant, but there are no judgements"):
            ask.run(settings, job("ask", settings, inputs), inputs[0], out, inputs[1])


# What servers put into replies with status 200, by number of the request, and whether a query is in it.
ODD: list[tuple[Any, bool]] = [
    ({"choices": [{"message": {"content": "is the loaf hot \ud83d now"}, "finish_reason": "stop"}]}, True),
    ({"choices": [{"message": {"content": [{"type": "text", "text": "how old is the loaf"}]}}]}, True),
    ({"choices": [{"message": {"content": ["why does", " it burn"]}, "finish_reason": ["stop"]}], "usage": 7}, True),
    ({"choices": [{"message": {"content": 42}, "finish_reason": "stop"}]}, False),
    ({"choices": [{"message": {"content": {"a": 1}}, "finish_reason": {"x": 1}}], "usage": "much"}, False),
    ({"choices": []}, False),
    ({"error": {"message": "moderated \ud83d"}}, False),
]


@pytest.mark.parametrize("stopped_at", [None, 0, 3, 7])
def test_odd_replies_are_dropped_and_never_block_a_rerun(folder: Path, stopped_at: int | None) -> None:
    def answer(request: dict[str, Any]) -> Any:
        number = seeds.setdefault(request["seed"], len(seeds))
        return ODD[number][0] if number < len(ODD) else chat_server.echo(request)

    seeds: dict[int, int] = {}
    faults = {} if stopped_at is None else {stopped_at: (400, {}, "no")}
    with chat_server.serve(faults, answer) as chat:
        settings = config(chat.url, types={"question": 1})
        if stopped_at is not None:
            with pytest.raises(UserError, match="status 400"):
                ask_queries(folder, settings)
        queries = ask_queries(folder, settings)
    assert len(chat.requests) == SIZE + len(faults)
    assert (queries["finish_reason"] == "unusable reply").sum() == sum(not usable for _, usable in ODD) - 1
    assert {"is the loaf hot  now", "how old is the loaf", "why does it burn"} <= set(queries["text"])
    frozen = generate.settings(settings, "c")
    generated = folder / "generated" / "1-of-1.parquet"
    inputs = [folder / f"{name}.parquet" for name in ("corpus", "topics", "qrels")]
    out, funnel = folder / "queries.parquet", folder / "funnel.parquet"
    generate.run(frozen, job("generate", frozen, [*inputs, generated]), *inputs, out, funnel, None, [generated])
    reasons = tables.read(funnel, "funnel").groupby("reason")["queries"].sum()
    assert reasons["unusable reply"] == 3
    assert reasons["empty"] == 1
    assert reasons["kept"] >= 3


def test_replies_of_which_none_is_an_answer_are_not_kept(folder: Path) -> None:
    right: list[bool] = []
    with chat_server.serve(answer=lambda request: chat_server.echo(request) if right else ["no"]) as chat:
        with pytest.raises(UserError, match=r"not a chat completion: .*; check base_url"):
            ask_queries(folder, config(chat.url))
        right.append(True)
        assert set(ask_queries(folder, config(chat.url))["finish_reason"]) == {"stop"}
