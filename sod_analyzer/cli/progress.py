"""What is being done now, as a moving line on a terminal and as nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sod_analyzer.cli.output import voice


@contextmanager
def progress() -> Iterator[Callable[[str], None]]:
    """A function to call with each step. Its line disappears when the work ends or fails."""
    say = voice()
    if say.quiet or not sys.stderr.isatty():
        yield say.detail
        return
    from rich.console import Console
    from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not say.colored(sys.stderr))
    columns = (SpinnerColumn(), TextColumn("{task.description}", markup=False), TimeElapsedColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda text: bar.update(task, description=text)
