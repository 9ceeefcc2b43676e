"""Many memos are rendered by several processes, few of them here."""

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context
from typing import Any, Final

MANY: Final = 200
"""Experiments from which more than one process is worth its start."""

Submit = Callable[..., Callable[[], Any]]
"""Takes what a task takes, and returns what waits for its result."""


@contextmanager
def spread(task: Callable[..., Any], count: int, workers: int | None = None) -> Iterator[Submit]:
    """Give a function that does a task: here, or where there is much to do in other processes.

    Parameters
    ----------
    task : callable
        Of a module, so that other processes find it.
    count : int
        How many experiments there are.
    workers : int, optional
        Processes; default one for each processor where there are many experiments.

    Yields
    ------
    callable
        Begins a task, and returns what waits for its result. At the end of the block all are done.
    """
    processes = workers or (1 if count < MANY else os.cpu_count() or 1)
    if processes == 1:

        def here(*work: Any) -> Callable[[], Any]:  # noqa: ANN401
            done = task(*work)
            return lambda: done

        yield here
        return
    waiting: list[Future[Any]] = []
    # Fresh processes: those that are copies would share dbt's threads and the warehouse's file.
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:

        def elsewhere(*work: Any) -> Callable[[], Any]:  # noqa: ANN401
            begun = pool.submit(task, *work)
            waiting.append(begun)
            # No more batches are held in memory than are worked on.
            while len(waiting) > 2 * processes:
                waiting.pop(0).result()
            return begun.result

        yield elsewhere
        for future in waiting:
            future.result()
