"""What is being done now, as a moving line on a terminal and as nothing elsewhere.

Stages only store numbers. A thread of its own looks at them a few times a second and draws, so
that work is never held up by a terminal, and a stage that is over at once is never seen. The
library that draws is loaded by that thread when there is something to draw.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sod_analyzer.cli.output import Voice, harmless, voice

if TYPE_CHECKING:
    from sod_analyzer.pipeline.progress import Progress

#: A stage that ends before so many seconds is not shown.
PATIENCE_S = 1.0
#: The line is drawn anew after so many seconds.
_TICK_S = 0.2
_SIZES = ("bytes", "kB", "MB", "GB", "TB")
_PER_SIZE = 1000


@contextmanager
def progress(*, steps: int) -> Iterator[Progress]:
    """What to tell the beginning of each of so many stages, and how far each one is.

    On a terminal, a stage of more than a second is a line with its number, count, rate and time;
    the line disappears with the stage, and when the work fails. Elsewhere, `--verbose` prints the
    stages' names.
    """
    say = voice()
    if say.quiet or not sys.stderr.isatty() or os.environ.get("TERM") in ("dumb", "unknown"):
        yield Names(say.detail)
        return
    board = Board(steps)
    painter = _Painter(board, say)
    painter.start()
    try:
        yield board
    finally:
        painter.finish()


class Names:
    """Tells the stages' names and nothing else."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell

    def __call__(self, text: str, /) -> None:
        """Tell the name."""
        self._tell(text)

    def of(self, total: int | None, *, unit: str) -> None:
        """Tell nothing."""

    def advance(self, count: int = 1) -> None:
        """Tell nothing."""


@dataclass(slots=True)
class Stage:
    """One stage as far as it is known; `total` and `unit` are missing when it counts nothing."""

    number: int
    text: str
    began: float = field(default_factory=time.monotonic)
    unit: str | None = None
    total: int | None = None
    done: int = 0
    counting_since: float = 0.0

    def counted(self, now: float) -> str:
        """How many are done, of how many, and how many in a second; empty when nothing counts."""
        if self.unit is None:
            return ""
        text = _amount(self.done, self.unit if self.total is None else None, self.unit)
        if self.total is not None:
            text += f" of {_amount(self.total, self.unit, self.unit)}"
        passed = now - self.counting_since
        if self.done and passed > 0:
            text += f", {_amount(round(self.done / passed), self.unit, self.unit)}/s"
        return text


class Board:
    """Where stages write down how far they are, for the thread that draws."""

    def __init__(self, steps: int) -> None:
        self.steps = steps
        self.stage: Stage | None = None

    def __call__(self, text: str, /) -> None:
        """Begin a stage."""
        number = 1 if self.stage is None else self.stage.number + 1
        self.stage = Stage(number, harmless(text))

    def of(self, total: int | None, *, unit: str) -> None:
        """Begin to count in this stage."""
        if self.stage is not None:
            self.stage.total, self.stage.done = total, 0
            self.stage.counting_since = time.monotonic()
            self.stage.unit = unit

    def advance(self, count: int = 1) -> None:
        """Count on."""
        if self.stage is not None:
            self.stage.done += count


def _amount(count: int, unit: str | None, kind: str) -> str:
    """A number for readers, with its unit unless that is said later; bytes in larger units."""
    if kind != "bytes":
        return f"{count:,} {unit}" if unit else f"{count:,}"
    size, power = float(count), 0
    while size >= _PER_SIZE and power < len(_SIZES) - 1:
        size, power = size / _PER_SIZE, power + 1
    return f"{size:,.0f} {_SIZES[power]}" if power == 0 else f"{size:,.1f} {_SIZES[power]}"


class _Painter(threading.Thread):
    """Draws the stage that goes on, once it has gone on for long enough."""

    def __init__(self, board: Board, say: Voice) -> None:
        # A daemon: whatever happens to the work, drawing never keeps the process alive.
        super().__init__(name="progress", daemon=True)
        self._board = board
        self._say = say
        self._over = threading.Event()

    def finish(self) -> None:
        """Stop drawing; nothing is left on the terminal when this returns."""
        self._over.set()
        self.join()

    def run(self) -> None:
        """Look at the board until the work is over."""
        drawn: Drawing | None = None
        try:
            while not self._over.wait(_TICK_S):
                stage, now = self._board.stage, time.monotonic()
                if drawn is not None and stage is not drawn.stage:
                    drawn.clear()
                    drawn = None
                if stage is not None and now - stage.began >= PATIENCE_S:
                    drawn = drawn or Drawing(stage, self._board.steps, self._say)
                    drawn.update(now)
        finally:
            if drawn is not None:
                drawn.clear()


class Drawing:
    """The line of one stage on the terminal."""

    def __init__(self, stage: Stage, steps: int, say: Voice) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self.stage = stage
        console = Console(stderr=True, no_color=not say.colored(sys.stderr))
        step = f"{stage.number}/{max(steps, stage.number)}"
        self._bar = Progress(
            TextColumn(step),
            BarColumn(bar_width=20),
            TimeElapsedColumn(),
            TextColumn("{task.description}", markup=False),
            console=console,
            transient=True,
            auto_refresh=False,
            redirect_stdout=False,
            redirect_stderr=False,
            get_time=time.monotonic,
        )
        self._bar.add_task(stage.text, total=None)
        self._task = self._bar.tasks[0]
        # The clock began with the stage, not with its line.
        self._task.start_time = stage.began
        self._bar.start()

    def update(self, now: float) -> None:
        """Draw what is known now."""
        stage = self.stage
        counted = stage.counted(now)
        text = f"{stage.text}: {counted}" if counted else stage.text
        self._task.description = text
        self._task.total = stage.total
        # Counts that turn out larger than was said show a full bar, not a wrong one.
        self._task.completed = stage.done if stage.total is None else min(stage.done, stage.total)
        self._bar.refresh()

    def clear(self) -> None:
        """Take the line away."""
        self._bar.stop()
