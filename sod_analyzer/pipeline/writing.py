"""A report's files, two at a time where reporters allow it."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

from sod_analyzer.model.finding import Report, Reporter
from sod_analyzer.pipeline.progress import Progress
from sod_analyzer.store import atomic_file


class Writing:
    """Writes files of one report into a folder.

    A file mostly waits for the system to take it, so those whose reporters say `beside` are
    written by a second thread. All others are this thread's, one after the other: somebody may
    want to stop it.
    """

    def __init__(self, report: Report, folder: Path, progress: Progress) -> None:
        self._report = report
        self._folder = folder
        self._progress = progress
        self._lock = Lock()
        self._beside: deque[Reporter] = deque()

    def write(self, reporters: Iterable[Reporter]) -> None:
        """Every file; the first that cannot be written ends it.

        Raises:
            StoreError: a file cannot be written.
        """
        mine: list[Reporter] = []
        for reporter in reporters:
            (self._beside if getattr(reporter, "beside", False) else mine).append(reporter)
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="report") as threads:
            second = threads.submit(self._write_beside)
            try:
                for reporter in mine:
                    if second.done():
                        second.result()  # raises what went wrong there
                    self._write(reporter)
                self._write_beside()
            finally:
                self._begin_no_more()
            second.result()

    def _write_beside(self) -> None:
        try:
            while (reporter := self._next()) is not None:
                self._write(reporter)
        finally:
            self._begin_no_more()

    def _begin_no_more(self) -> None:
        with self._lock:
            self._beside.clear()

    def _next(self) -> Reporter | None:
        with self._lock:
            return self._beside.popleft() if self._beside else None

    def _write(self, reporter: Reporter) -> None:
        with self._lock:
            self._progress(f"writing {reporter.filename}")
        with atomic_file(self._folder / reporter.filename) as stream:
            reporter.render(self._report, stream)
        self._report.release()
