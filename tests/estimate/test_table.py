import pytest
from known_runs import demo

from listill.estimate import table
from listill.estimate.jobs import Job
from listill.estimate.levers import Lever
from listill.estimate.rates import Rates

RATES = Rates({"read": 10.0, "encode.a": 1.0}, {"plain": 0.0, "text": 0.0, "model": 0.0}, {"train.a": "no such model"})
JOBS = [
    Job("corpus", 40, "documents", {"read": 40.0}, memory=1e8, disk=2e6),
    Job("encode.a", 3600, "tokens", {"encode.a": 3600.0}, memory=1.5e9, disk=1e6),
    Job("train.a.x", 5, "lists", {"train.a": 1.0}, memory=2e9, disk=0),
    Job("train.a.y", 7, "lists", {"read": 600.0}, memory=3e9, disk=3e9),
]


def test_a_row_for_each_stage() -> None:
    rows = [line.split() for line in table.stages(JOBS, RATES).splitlines()]
    assert rows[1:] == [
        ["corpus", "1", "40", "documents", "4", "s", "100", "MB", "2", "MB"],
        ["encode", "1", "3,600", "tokens", "60", "min", "1.5", "GB", "1", "MB"],
        ["train", "2", "12", "lists", "over", "60", "s", "3.0", "GB", "3.0", "GB"],
        ["sum", "4", "over", "61", "min", "3.0", "GB"],
    ]


def test_machines_and_prices() -> None:
    said = table.machines(JOBS[:2], {"here": ("this machine", RATES), "x": ("a card", RATES)}, {"x": 3.0})
    assert said.splitlines() == ["here (this machine): 60 min", "x (a card): 60 min, 3.00 at 3 an hour"]
    assert table.machines(JOBS[2:3], {"x": ("a card", RATES)}, {}) == "x (a card): ?"


def test_levers() -> None:
    found = [Lever("mining.depth", 50, 20, 40.0), Lever("training.seeds", 3, 1, 70.0)]
    assert table.levers(found, 3.6e6, 100.0).splitlines() == [
        "pairs scored: 3.6 million; mining.depth 20 instead of 50 saves 60% of the time",
        "  training.seeds 1 instead of 3 saves 30% of the time",
    ]
    assert table.levers([], 900, 100.0) == "pairs scored: 900"


def test_the_numbers_of_a_corpus() -> None:
    said = table.corpora({"python_api": demo()})
    assert said.startswith("python_api: 2,854 documents of 182 tokens on average; 100 passages get queries; 448 train")
    assert table.missing(RATES) == "train.a is not known: no such model"


@pytest.mark.parametrize(
    ("seconds", "text"), [(3, "3 s"), (119, "119 s"), (120, "2 min"), (7100, "118 min"), (7200, "2.0 h")]
)
def test_durations(seconds: float, text: str) -> None:
    assert table.duration(seconds) == text
