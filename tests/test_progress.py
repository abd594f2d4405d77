"""Progress in a log: a line every so often, and one at the end."""

import logging
import re
from pathlib import Path

import pytest

from listill import progress
from listill.progress import Progress, Whole, clock, state_file, step_name


@pytest.fixture(autouse=True)
def _no_terminal(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    monkeypatch.setattr(progress.sys.stderr, "isatty", lambda: False, raising=False)
    caplog.set_level(logging.INFO, "listill")


def test_lines_in_a_log(caplog: pytest.LogCaptureFixture) -> None:
    with Progress(10, "encode", "texts", every=0) as counter:
        counter.add(4, "dev nDCG@10 0.71")
        counter.add(6)
    first, second, last = caplog.messages
    assert re.fullmatch(r"encode: 4 of 10 texts, \S+ a second, 0:00 left, dev nDCG@10 0.71", first)
    assert re.fullmatch(r"encode: 10 of 10 texts, \S+ a second", second)
    assert last.startswith("encode: 10 texts in ")


def test_no_line_before_its_time(caplog: pytest.LogCaptureFixture) -> None:
    with Progress(10, "encode", "texts", every=3600) as counter:
        counter.add(10)
    assert len(caplog.messages) == 1


def test_a_part_of_other_work_is_silent(caplog: pytest.LogCaptureFixture) -> None:
    with Progress(10, "", "texts", every=0) as counter:
        counter.add(10)
    assert caplog.messages == []


def test_failed_work_has_no_rate(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(RuntimeError), Progress(10, "encode", "texts", every=3600):
        raise RuntimeError
    assert caplog.messages == []


def test_a_stage_of_a_whole_run_writes_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv(progress.FOLDER, str(tmp_path))
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    monkeypatch.setattr(Progress, "file", state_file("wiki scores"))
    with Progress(8, "late interaction", "pairs", every=0) as counter:
        counter.add(2)
        said = (tmp_path / "wiki scores").read_text()
        assert re.fullmatch(r"late interaction: 2 of 8 pairs, \S+ a second, \d+:\d\d left", said)
    assert not [*tmp_path.iterdir()]
    in_file_only = [hasattr(record, "file_only") for record in caplog.records]
    assert in_file_only == [True, False]  # the last line has the rate of the whole work


def test_work_does_not_depend_on_its_display(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Progress, "file", tmp_path / "gone" / "wiki scores")
    monkeypatch.setattr(progress, "_EVERY", 0.0)
    with Progress(8, "late interaction", "pairs") as counter:
        counter.add(8)


@pytest.mark.parametrize(
    ("log", "name"),
    [
        ("results/wiki/logs/train.minilm.infonce.log", "wiki train minilm.infonce"),
        ("results/wiki/logs/corpus.log", "wiki corpus"),
        ("results/logs/papers.log", "papers"),
        ("stage.log", "stage"),
    ],
)
def test_a_job_is_named_after_its_log(log: str, name: str) -> None:
    assert step_name(log) == name


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (65, "1:05"), (7265, "2:01:05")])
def test_times(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_parts_say_how_far_the_whole_is(caplog: pytest.LogCaptureFixture) -> None:
    with Whole(30, "texts") as whole:
        whole.skip(10)  # a part of an interrupted run
        for size in (8, 12):
            with Progress(size, "encode", "texts", every=0) as counter:
                counter.add(size)
                with Progress(3, "other", "pairs", every=0) as other:  # another unit is another work
                    other.add(3)
    said = [re.sub(r", \S+ a second.*| in .*", "", message) for message in caplog.messages]
    assert said == [
        *("encode: 8 of 20 texts", "other: 3 of 3 pairs", "other: 3 pairs", "encode: 8 texts"),
        *("encode: 20 of 20 texts", "other: 3 of 3 pairs", "other: 3 pairs", "encode: 12 texts"),
    ]
    with Progress(5, "encode", "texts", every=0) as counter:
        counter.add(5)
    assert caplog.messages[-2].startswith("encode: 5 of 5 texts")


def test_what_was_done_before_is_not_in_the_rate(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    clocks = iter([0.0, 2.0, 2.0, 4.0])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clocks))
    with Progress(100, "train", "queries", every=0, before=60) as counter:
        counter.add(20)
    assert caplog.messages == [
        "train: 80 of 100 queries, 10 a second, 0:02 left",
        "train: 20 queries in 4.0 s (5 a second)",
    ]
