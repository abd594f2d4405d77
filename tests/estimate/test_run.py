from pathlib import Path
from typing import Any

import flow
import pytest

from listill.errors import UserError
from listill.estimate import run
from listill.estimate.probe import READ
from listill.estimate.rates import Rates
from listill.plan import Plan

STARTS = {"plain": 1.0, "text": 1.0, "model": 1.0}


def rates(jobs: Any, value: float = 1000.0) -> Rates:
    return Rates({name: value for job in jobs for name in job.work}, STARTS)


def test_the_tables_of_a_run_are_used_if_the_config_is_theirs(
    settings: dict[str, Any], finished: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(finished)
    estimate = run.of_config(Plan(settings), Path("results"))
    assert estimate.read == READ
    assert estimate.known[flow.CORPUS].documents == 60
    another = flow.changed(settings, f"corpora.{flow.CORPUS}.heldout", 1)
    estimate = run.of_config(Plan(another), Path("results"))
    assert estimate.read != READ
    assert sum(estimate.known[flow.CORPUS].heldout.values()) == 2


def test_the_whole_text(settings: dict[str, Any], tmp_path: Path) -> None:
    settings = flow.changed(settings, "estimate", {"price_per_hour": {"here": 7.2, "h200": 3.0}})
    settings = flow.changed(settings, "training.seeds", 5)
    estimate = run.of_config(Plan(settings), tmp_path)
    said = estimate.text(rates(estimate.jobs()))
    assert said.startswith("tiny: 60 documents of ")
    stages = [line.split()[0] for line in said.partition("stage ")[2].partition("\n\n")[0].splitlines()[1:]]
    assert stages[:4] == ["corpus", "queries", "encode", "candidates"]
    total = sum(rates(estimate.jobs()).seconds(job) or 0 for job in estimate.jobs())
    assert f", {7.2 * total / 3600:,.2f} at 7.2 an hour" in said
    assert "h200 (one NVIDIA H200" in said
    assert " at 3 an hour" in said
    assert "training.seeds 1 instead of 5 saves" in said


def test_a_lever_counts_again(settings: dict[str, Any], tmp_path: Path) -> None:
    estimate = run.of_config(Plan(settings), tmp_path)
    changed = Plan(flow.changed(settings, "students.small.max_length", 24)).settings

    def encoded(jobs: Any) -> float:
        return float(next(job for job in jobs if job.stage == "encode.small").work["encode.small"])

    known = estimate.known[flow.CORPUS]
    assert encoded(estimate.jobs()) == pytest.approx(60 * known.tokens(48))
    assert encoded(estimate.jobs(changed)) == pytest.approx(60 * known.tokens(24))


def test_a_language_model_is_counted_by_query(settings: dict[str, Any], tiny_model: Path, tmp_path: Path) -> None:
    generator = {"kind": "transformers", "model": str(tiny_model), "types": {"claim": 2}, "shots": 1}
    estimate = run.of_config(Plan(flow.changed(settings, "generation.generator", generator)), tmp_path)
    size = estimate.sizes["generate"]
    assert size is not None
    prompt = 2 * estimate.known[flow.CORPUS].lengths
    assert estimate.flop("generate") == pytest.approx((prompt.mean() + 20) * size.flop(prompt))
    assert estimate.flop("small") < estimate.flop("generate")
    (ask,) = [job for job in estimate.jobs() if job.family == "ask"]
    assert ask.amount == 60 * 2


def test_a_model_that_is_not_here_has_no_size(settings: dict[str, Any], tmp_path: Path) -> None:
    settings = flow.changed(settings, "students.other", {"model": "/no/such/model"})
    estimate = run.of_config(Plan(settings), tmp_path)
    assert estimate.sizes["other"] is None
    assert estimate.sizes["small"] is not None


def test_prices(settings: dict[str, Any]) -> None:
    run.check_prices(Plan(flow.changed(settings, "estimate", {"price_per_hour": {"here": 1, "h200": 1}})))
    with pytest.raises(UserError, match=r"estimate\.price_per_hour: no machine 'h300': use here, h200, epyc-2"):
        run.check_prices(Plan(flow.changed(settings, "estimate", {"price_per_hour": {"h300": 1}})))
