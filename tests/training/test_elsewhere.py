"""Other corpora on which the kept weights must not lose."""

import logging
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import tiny
import tiny_training
from listill import tables
from listill.errors import UserError
from listill.evaluation.measures import per_query
from listill.retrieval.dense import DenseRetriever
from listill.retrieval.encoder import Encoder
from listill.retrieval.runs import with_ids
from listill.settings.students import Student
from listill.settings.training import Recipe
from listill.stages import encode
from listill.stages.job import Job
from listill.training import elsewhere
from listill.training.elsewhere import Other, losing
from listill.training.loop import MIXTURES
from listill.training.state import Weights, mixture

SIZE = 30
MEASURE = "nDCG@10"


def recipe(**settings: Any) -> Recipe:
    return Recipe.model_validate({"selection": {"retention": {"corpora": ["general"], "max_loss": 0.01}}, **settings})


@pytest.fixture(scope="module")
def encoder(tiny_model: Path) -> Encoder:
    return Encoder(Student(model=str(tiny_model), precision="fp32"))


@pytest.fixture(scope="module")
def general(tiny_model: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The tables of another corpus: five train topics, one dev topic, two test topics, and three synthetic dev queries."""
    folder = tmp_path_factory.mktemp("general")
    rows = tiny.tiny_documents(SIZE, seed=5)
    ids, titles = [row["_id"] for row in rows], [row["title"] for row in rows]

    def write(name: str, data: dict[str, list[Any]]) -> Path:
        path = folder / f"{name}.parquet"
        tables.write(path, name, data, tables.Provenance(name, f"f {name}", corpus="general"))
        return path

    splits = ["train"] * 5 + ["dev"] + ["test"] * 2
    topics = [f"t{i}" for i in range(len(splits))]
    corpus = write(
        "corpus", {"doc_id": ids, "title": titles, "text": [r["text"] for r in rows], "duplicate_of": [None] * SIZE}
    )
    judged = {"query_id": topics, "doc_id": ids[:8], "relevance": [1] * 8, "split": splits}
    files = [
        corpus,
        write("topics", {"query_id": topics, "text": titles[:8], "split": splits}),
        write("qrels", judged),
        write("queries", _queries(ids, titles)),
    ]
    settings = encode.EncodeStage(system="s", student=Student(model=str(tiny_model), precision="fp32"))
    tokens, matrix = folder / "tokens.parquet", folder / "embeddings.parquet"
    encode.run(settings, Job("encode", "f", {}, settings, 1, "general"), corpus, matrix, tokens_out=tokens)
    return [*files, tokens, matrix]


def _queries(ids: list[str], titles: list[str]) -> dict[str, list[Any]]:
    """Return synthetic queries, of which three are dev queries."""
    return {
        "query_id": [f"s{i}" for i in range(6)],
        "text": titles[10:16],
        "type": ["title"] * 6,
        "doc_id": ids[10:16],
        "split": ["train"] * 3 + ["dev"] * 3,
        "generator": ["g"] * 6,
        "prompt": ["p"] * 6,
        "seed": [0] * 6,
        **{name: [None] * 6 for name in ("finish_reason", "start", "end")},
    }


def without_topics(files: list[Path], folder: Path) -> list[Path]:
    """Return the files with copies of topics and judgements that are all of the test split."""
    found = []
    for path in files:
        if path.stem in ("topics", "qrels"):
            data = tables.read(path, path.stem)
            data = data[data["split"] == "test"]
            path = folder / path.name
            tables.write(path, path.stem, data, tables.Provenance(path.stem, "g", corpus="general"))
        found.append(path)
    return found


def test_train_and_dev_topics_are_asked_and_the_base_is_measured(encoder: Encoder, general: list[Path]) -> None:
    (other,) = elsewhere.load(general, encoder, recipe(), 1, ["c"])
    assert (other.name, other.max_loss) == ("general", 0.01)
    assert other.selector.query_ids == [f"t{i}" for i in range(6)]
    assert len(other.selector.collection) == SIZE
    texts = [other.selector.collection.rendered(i) for i in range(SIZE)]
    matrix = encoder.encode(encoder.tokenise(texts, "document"), "document")
    run = DenseRetriever("", other.selector.collection, encoder, matrix).run(
        other.selector.query_ids, other.selector.queries, 10
    )
    ranking = with_ids(run, other.selector.query_ids, other.selector.collection)
    expected = per_query(ranking, other.selector.qrels, [MEASURE])["value"].mean()
    assert other.base == pytest.approx(expected)
    assert other.selector.measure(encoder) == pytest.approx(expected, abs=1e-6)


def test_without_such_topics_synthetic_dev_queries_are_asked(
    encoder: Encoder, general: list[Path], tmp_path: Path
) -> None:
    files = without_topics(general, tmp_path)
    (other,) = elsewhere.load(files, encoder, recipe(), 1, ["c"])
    assert other.selector.query_ids == ["s3", "s4", "s5"]
    with pytest.raises(UserError, match=r"corpus general has neither train or dev topics nor synthetic dev queries"):
        elsewhere.load([path for path in files if path.stem != "queries"], encoder, recipe(), 1, ["c"])


def test_queries_and_documents_are_sampled_like_those_of_the_corpus(encoder: Encoder, general: list[Path]) -> None:
    small = {"queries": 2, "documents": 25, "retention": {"corpora": ["general"]}}
    (other,) = elsewhere.load(general, encoder, recipe(selection=small), 1, ["c"])
    assert (len(other.selector.queries), len(other.selector.collection)) == (2, 25)


def test_of_a_student_whose_queries_alone_are_trained_the_documents_stay(encoder: Encoder, general: list[Path]) -> None:
    (other,) = elsewhere.load(general, encoder, recipe(tower="query"), 1, ["c"])
    assert other.selector.fixed is not None
    assert other.selector.fixed.shape == (SIZE, encoder.dimension)


def test_without_the_key_nothing_is_read(encoder: Encoder) -> None:
    assert elsewhere.load([Path("missing.parquet")], encoder, Recipe(), 1, ["c"]) == []


def test_errors(encoder: Encoder, general: list[Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"^corpus general: pass its qrels with --retention$"):
        elsewhere.load([path for path in general if path.stem != "qrels"], encoder, recipe(), 1, ["c"])
    with pytest.raises(UserError, match=r"selection\.retention: pass the tables of corpus general with --retention$"):
        elsewhere.load([], encoder, recipe(), 1, ["c"])
    assert elsewhere.load([], encoder, recipe(), 1, ["general"]) == []
    foreign = tmp_path / "topics.parquet"
    pd.DataFrame({"query_id": ["q"]}).to_parquet(foreign)
    with pytest.raises(UserError, match=r"topics\.parquet: is no table of a listill run"):
        elsewhere.load([*general, foreign], encoder, recipe(), 1, ["c"])


def test_what_loses() -> None:
    others = [Other(name, None, 0.5, 0.01) for name in "ab"]  # type: ignore[arg-type]
    assert losing(others, {"a": 0.491, "b": 0.489}) == ["b"]


SELECTION = {"evaluations": 2, "average": None, "merge": "use"}
# Measures on the corpus and on the other one, whose base has 0.5 and may lose 0.01; the base has 0.2 on the corpus.
WHOLE = {"step 1": 0.4, "step 2": 0.6}


@pytest.mark.parametrize(
    ("merge", "elsewhere_", "kept", "best_step"),
    [
        ("use", {"step 1": 0.5, "step 2": 0.5}, "step", 2),
        ("use", {"step 1": 0.5, "step 2": 0.4}, "merge 0.5", 2),
        ("no", {"step 1": 0.5, "step 2": 0.4}, "step", 1),
        ("no", {"step 1": 0.4, "step 2": 0.4}, "step", 0),
        ("report", {"step 1": 0.4, "step 2": 0.4}, "step", 0),
    ],
)
def test_the_best_weights_that_keep_enough_are_kept(
    tiny_model: Path,
    merge: str,
    elsewhere_: dict[str, float],
    kept: str,
    best_step: int,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Of the mixtures with the best weights on the corpus, 0.25 and 0.5 keep enough; 0.5 is the better one."""
    caplog.set_level(logging.INFO)
    mixed = {"merge 0.25": 0.41, "merge 0.5": 0.55, "merge 0.75": 0.58}
    own = WHOLE | mixed
    other = elsewhere_ | {"merge 0.25": 0.5, "merge 0.5": 0.495, "merge 0.75": 0.45}
    training = tiny_training.training(tiny_model, {"selection": SELECTION | {"merge": merge}})
    names: list[str] = []

    def next_name(encoder: Encoder) -> float:
        names.append(["step 1", "step 2", *mixed][len(names)])
        return own[names[-1]]

    monkeypatch.setattr(training.parts[0].selector, "measure", next_name)
    asked = tiny_training.selector(tiny_training.collection(5))
    monkeypatch.setattr(asked, "measure", lambda encoder: other[names[-1]])
    training.others = [Other("general", asked, 0.5, 0.01)]
    measured: dict[str, Weights] = {}
    measure = training._measure

    def remember(state: Any, name: str, candidate: Weights, eligible: bool = True) -> float:
        value = measure(state, name, candidate, eligible)
        measured[names[-1]] = candidate
        return value

    monkeypatch.setattr(training, "_measure", remember)
    result = training.run(base=0.2)
    assert (result.kept, {0: 0, 11: 1, 22: 2}[result.best_step]) == (kept, best_step)
    name = kept if kept.startswith("merge") else f"step {best_step}"
    expected = training.untrained if not best_step else measured[name]
    for key, value in training.encoder.model.state_dict().items():
        assert value.equal(expected[key])
    for share in MIXTURES if merge == "use" else ():
        whole = mixture([(1 - share, training.untrained), (share, measured["step 2"])])
        assert all(value.equal(whole[key]) for key, value in measured[f"merge {share:g}"].items())
    loss = [line for line in caplog.messages if "lose too much to be kept" in line]
    assert len(loss) == sum(value < 0.49 for key, value in other.items() if key in measured)
    advice = "lose more than selection.retention.max_loss elsewhere: lower training.learning_rate"
    assert (advice in caplog.text) == (best_step == 0)
