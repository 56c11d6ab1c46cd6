"""What is being done now, as a moving line on a terminal and as nothing elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from sod_analyzer.cli.output import voice


@contextmanager
def progress(*, steps: int) -> Iterator[Callable[[str], None]]:
    """A function to call at the beginning of each of so many steps.

    The bar disappears when the work ends or fails.
    """
    say = voice()
    if say.quiet or not sys.stderr.isatty():
        yield say.detail
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

    console = Console(stderr=True, no_color=not say.colored(sys.stderr))
    columns = (
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False),
    )
    with Progress(*columns, console=console, transient=True) as bar:
        # A step is done when the next one begins.
        task = bar.add_task("starting", total=steps, completed=-1)

        def step(text: str) -> None:
            bar.update(task, description=text, advance=1)

        yield step
