"""Prepare the next piece of work in a thread while the caller works on the present one."""

from collections.abc import Callable, Generator, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Prepared = TypeVar("Prepared")


def ahead(prepare: Callable[[Item], Prepared], items: Iterable[Item]) -> Generator[Prepared, None, None]:
    """Yield ``prepare(item)`` of all items, in their order; the next one is prepared while the caller has the last one.

    At most two prepared items are in memory. An exception of ``prepare`` is raised where its item would be yielded. Close
    the generator (``contextlib.closing``) if not all items may be used: it then waits for the one that is being prepared.
    ``prepare`` is called by one thread, but not by the caller's: it must not use what the caller uses meanwhile.
    """
    with ThreadPoolExecutor(1, "ahead") as thread:
        present: Future[Prepared] | None = None
        for item in items:
            following = thread.submit(prepare, item)
            if present is not None:
                yield present.result()
            present = following
        if present is not None:
            yield present.result()
