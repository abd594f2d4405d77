"""Costs from the benchmark files of Snakemake."""

from pathlib import Path

import pytest

from listill.errors import UserError
from listill.report import costs


def test_costs_come_from_benchmark_files(tmp_path: Path) -> None:
    """The file of a joint training lies in another folder."""
    (tmp_path / "joint").mkdir()
    quick, slow = tmp_path / "corpus.tsv", tmp_path / "joint" / "joint.both.tsv"
    quick.write_text("s\th:m:s\tmax_rss\tcpu_time\n0.5\t0:00:00\tNA\tNA\n")
    slow.write_text("s\th:m:s\tmax_rss\tcpu_time\n100\t0:01:40\t900\t180\n")
    assert costs.read([quick, slow]) == [
        costs.Cost("joint.both", 100.0, 180.0, 900.0),
        costs.Cost("corpus", 0.5, None, None),
    ]
    assert costs.read([]) == []
    assert [costs.clock(s) for s in (0.5, 45, 200, 7500)] == ["0.5 s", "45 s", "3:20 min", "2:05 h"]
    quick.write_text("not a benchmark\n")
    with pytest.raises(UserError, match=r"corpus\.tsv: not a Snakemake benchmark"):
        costs.read([quick])


def test_rates_are_those_of_jobs_whose_work_is_known() -> None:
    jobs = [costs.Cost("encode.m", 20.0, None, None), costs.Cost("gate", 5.0, None, None)]
    known = costs.with_rates(jobs, {"encode.m": (3000, "documents"), "other": (1, "x")})
    assert [cost.rate for cost in known] == ["150 documents/s", ""]
    assert costs.with_rates(jobs, {"gate": (8, "pairs")})[1].rate == "1.6 pairs/s"
