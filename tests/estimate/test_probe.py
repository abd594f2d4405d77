from typing import Any

import flow
import numpy as np
import pytest

from listill.errors import UserError
from listill.estimate import probe
from listill.estimate.counts import counts
from listill.estimate.jobs import OneCorpus, jobs_of
from listill.estimate.models import Size
from listill.estimate.probe import READ, Probe, per_second
from listill.estimate.rates import FIXED
from listill.estimate.statistics import Contents, of_source, statistics
from listill.plan import Plan


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(probe, "SECONDS", 0.01)
    monkeypatch.setattr(probe, "INDEXED", 60)
    monkeypatch.setattr(probe, "STARTS", {"plain": "", "text": "", "model": "import sys; assert len(sys.argv) == 3"})


@pytest.fixture(scope="module")
def contents(settings: dict[str, Any]) -> Contents:
    plan = Plan(settings)
    return of_source(plan.settings.corpora[flow.CORPUS], plan.settings.seed)


def measured(settings: dict[str, Any], contents: Contents) -> tuple[OneCorpus, Probe]:
    plan = Plan(settings)
    known = statistics(contents, lambda texts: np.array([len(text.split()) for text in texts]))
    size = Size(weights=1000, computed=100, layers=2, hidden=32, limit=48)
    one = OneCorpus(plan, flow.CORPUS, known, counts(plan.settings, flow.CORPUS, known), {"small": size})
    return one, Probe(one, contents)


def test_every_rate_of_a_run_is_measured(settings: dict[str, Any], contents: Contents) -> None:
    one, of_machine = measured(settings, contents)
    jobs = [*jobs_of(one)]
    rates = of_machine.rates({name for job in jobs for name in job.work})
    assert rates.missing == {}
    assert {"encode.small", "check.small", "train.small", "pairs.maxsim", "bm25", "search", "index", "resample"} <= set(
        rates.per_second
    )
    assert all(value > 0 for value in rates.per_second.values())
    assert rates.per_second["read"] == READ
    assert all((rates.seconds(job) or 0) > 0 for job in jobs)


def test_known_rates_are_not_measured(settings: dict[str, Any], contents: Contents) -> None:
    _, of_machine = measured(settings, contents)
    rates = of_machine.rates({"encode.small", "index"}, known={"encode.small"})
    assert set(rates.per_second) == {"read", *FIXED, "index"}


def test_a_model_that_is_not_here(settings: dict[str, Any], contents: Contents) -> None:
    settings = flow.changed(settings, "mining.additional", {"other": {"kind": "dense", "model": "/no/such/model"}})
    settings = flow.changed(settings, "generation.generator", {"kind": "transformers", "model": "/no/such/model"})
    _, of_machine = measured(settings, contents)
    rates = of_machine.rates({"encode.other", "generate", "index"})
    assert set(rates.missing) == {"encode.other", "generate"}
    assert "no such folder" in rates.missing["encode.other"]
    assert "set estimate.rates.generate" in rates.missing["generate"]
    assert "index" in rates.per_second
    assert "set estimate.rates.mteb" in of_machine.rates({"mteb"}).missing["mteb"]


def test_a_model_of_the_hub_that_is_not_here(
    settings: dict[str, Any], contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(self: Probe, kind: str, model: str) -> float:
        raise UserError("model a/b: no such folder, and it cannot be downloaded from the hub (offline); download it")

    monkeypatch.setattr(Probe, "_measure", fail)
    _, of_machine = measured(settings, contents)
    assert of_machine.rates({"train.small"}).missing["train.small"] == (
        "model a/b is not on this machine, and the estimate downloads none: download it, or set estimate.rates.train.small"
    )


def test_rerankers_are_measured_in_tokens(
    settings: dict[str, Any], contents: Contents, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the teacher: its pairs a second times the tokens of a pair."""
    from listill.teachers.kinds.cross_encoder import CrossEncoder

    scored = []
    monkeypatch.setattr(CrossEncoder, "score", lambda self, pairs, resources: scored.append(len(pairs)))
    settings = flow.changed(settings, "teacher.members", {"cross": {"kind": "cross_encoder", "model": "there"}})
    one, of_machine = measured(settings, contents)
    monkeypatch.setattr(probe, "per_second", lambda work, most: work(7) or 10.0)
    tokens = one.known.tokens(512) + one.known.query_tokens(512)
    assert of_machine.rates({"score.cross"}).per_second["score.cross"] == pytest.approx(10 * tokens)
    assert scored == [7]


def test_scores_from_a_file_are_not_measured(settings: dict[str, Any], contents: Contents) -> None:
    """The file has the scores of the run's own pairs."""
    settings = flow.changed(settings, "teacher.members", {"mine": {"kind": "file", "path": "scores.parquet"}})
    one, of_machine = measured(settings, contents)
    scores = next(job for job in jobs_of(one) if job.stage == "scores")
    assert scores.work == {"rows": one.counts.pairs}
    assert of_machine.rates(scores.work).missing == {}


def test_teachers_are_given_the_ids_of_the_queries(settings: dict[str, Any], contents: Contents) -> None:
    _, of_machine = measured(settings, contents)
    pairs = of_machine._pairs(20, 3)
    texts = dict(zip(contents.topics["query_id"], contents.topics["text"], strict=True))
    assert len(pairs.query_ids) == len(contents.topics)
    assert [texts[query_id] for query_id in pairs.query_ids] == pairs.queries


def test_per_second_takes_more_items_until_they_take_long_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a clock that a work of n items moves by n / 100 seconds."""
    monkeypatch.setattr(probe, "SECONDS", 1.0)
    now, counted = [0.0], []

    def work(count: int) -> None:
        counted.append(count)
        now[0] += count / 100

    monkeypatch.setattr(probe.time, "perf_counter", lambda: now[0])
    assert per_second(work, 1000) == pytest.approx(100)
    assert counted[0] == counted[1] == 16
    assert counted[-1] >= 100
    counted.clear()
    assert per_second(work, 20) == pytest.approx(100)
    assert max(counted) == 20


def test_a_process_that_fails_is_no_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(probe.subprocess.CalledProcessError):
        probe.start("raise SystemExit(1)", [])
