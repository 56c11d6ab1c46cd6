"""Work done by several threads and handed over in order; Arrow's kernels run beside each other."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

_T = TypeVar("_T")

#: More threads than this only wait for memory and for the file.
_THREADS = 4
#: Results that may wait to be taken, so that a slow file does not fill the memory.
_AHEAD = 2


def in_order(tasks: Iterable[Callable[[], _T]]) -> Iterator[_T]:
    """What the tasks give, in their order; a few are done ahead of the one that is taken.

    The first task that raises ends it.
    """
    threads = min(_THREADS, os.cpu_count() or 1)
    with ThreadPoolExecutor(threads, thread_name_prefix="sod-writer") as pool:
        waiting: deque[Future[_T]] = deque()
        try:
            for task in tasks:
                waiting.append(pool.submit(task))
                if len(waiting) > _AHEAD:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
