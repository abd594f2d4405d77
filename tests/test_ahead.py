"""Work that is prepared ahead: its order, how far ahead, errors, and an early end."""

import contextlib
import threading

import pytest

from listill.ahead import ahead


def test_all_items_in_order() -> None:
    assert list(ahead(lambda item: item**2, range(50))) == [item**2 for item in range(50)]
    assert list(ahead(str, [])) == []
    assert list(ahead(str, iter([1]))) == ["1"]


def test_the_next_item_is_prepared_in_a_thread_while_the_caller_has_the_last_one() -> None:
    begun = [threading.Event() for _ in range(5)]
    threads = set()

    def prepare(item: int) -> int:
        begun[item].set()
        threads.add(threading.current_thread())
        return item

    for item in ahead(prepare, range(5)):
        if item < 4:
            assert begun[item + 1].wait(10)
        assert not any(event.is_set() for event in begun[item + 2 :])
    assert len(threads) == 1
    assert threading.current_thread() not in threads


def test_an_error_is_raised_in_place_of_its_item() -> None:
    results = ahead(lambda item: 6 // item, [3, 2, 0, 1])
    assert [next(results), next(results)] == [2, 3]
    with pytest.raises(ZeroDivisionError):
        next(results)
    assert list(results) == []


def test_nothing_is_prepared_after_the_end() -> None:
    prepared: list[int] = []

    def prepare(item: int) -> int:
        prepared.append(item)
        return item

    def interrupted() -> None:
        with contextlib.closing(ahead(prepare, range(50))) as results:
            for item in results:
                if item == 3:
                    raise SystemExit(143)

    with pytest.raises(SystemExit):
        interrupted()
    assert 4 <= len(prepared) <= 5
    assert not any(thread.name.startswith("ahead") for thread in threading.enumerate())
