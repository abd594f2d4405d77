import pytest
from known_runs import MINILM, demo

from listill.errors import UserError
from listill.estimate.jobs import Job, jobs_of
from listill.estimate.rates import FIXED, SIMPLE, Rates, check_names, machines, rates_of

STARTS = {"plain": 1.0, "text": 2.0, "model": 5.0}


def test_the_duration_of_a_job() -> None:
    rates = Rates({"read": 10.0, "encode.a": 100.0}, STARTS)
    assert rates.seconds(Job("corpus", 1, "", {"read": 20.0})) == 1 + 2
    assert rates.seconds(Job("encode.a", 1, "", {"read": 20.0, "encode.a": 50.0}, "model")) == 5 + 2 + 0.5
    assert rates.seconds(Job("encode.b", 1, "", {"encode.b": 50.0})) is None
    assert rates.seconds(Job("encode.b", 1, "", {"encode.b": 0.0})) == 1
    assert rates.replaced({"encode.a": 1.0}).seconds(Job("encode.a", 1, "", {"encode.a": 3.0})) == 4


def test_a_rate_of_no_job_is_refused() -> None:
    jobs = [*jobs_of(demo())]
    check_names({"encode.minilm": 1.0, "pairs.maxsim": 2.0}, jobs)
    with pytest.raises(UserError, match=r"no job has the rate 'encode.minilmm' \(did you mean 'encode.minilm'\?\)"):
        check_names({"encode.minilmm": 1.0}, jobs)


@pytest.mark.parametrize("name", machines())
def test_a_named_machine_has_a_rate_for_every_job(name: str) -> None:
    jobs = [*jobs_of(demo())]
    rates = rates_of(machines()[name], {"minilm": MINILM}, lambda model: 2e7, jobs)
    assert all(rates.seconds(job) for job in jobs)
    assert {*SIMPLE, *FIXED} <= set(rates.per_second)
    assert not FIXED.keys() & machines()[name].keys()  # they stand in one place
    assert rates.per_second["encode.minilm"] == pytest.approx(machines()[name]["encode"] * 1e12 / 2e7)
    assert rates.per_second["check.minilm"] == rates.per_second["encode.minilm"]
    assert rates.per_second["train.minilm"] == pytest.approx(machines()[name]["train"] * 1e12 / 6e7)


def test_the_demo_on_the_machine_of_the_readme() -> None:
    """It took 158 s on two cores of an AMD EPYC, with two short jobs at a time (README.md)."""
    jobs = [*jobs_of(demo())]
    rates = rates_of(machines()["epyc-2"], {"minilm": MINILM}, lambda model: 2.2e7, jobs)
    assert 158 / 1.5 < sum(rates.seconds(job) or 0 for job in jobs) < 158 * 1.5


def test_a_model_of_unknown_size_has_no_rate() -> None:
    jobs = [*jobs_of(demo())]
    rates = rates_of(machines()["h200"], {"minilm": None}, lambda model: 1.0, jobs)
    assert "encode.minilm" not in rates.per_second
