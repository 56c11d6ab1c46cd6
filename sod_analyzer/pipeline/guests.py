"""What plugins of other packages may expect, and the built-in ones do without."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress

import pyarrow as pa

from sod_analyzer.plugins import Plugin


def receive(plugins: Iterable[Plugin]) -> None:
    """Let Arrow know pandas, if a plugin of another package is among those in use.

    The command line keeps Arrow from loading it; see `cli.stages`. Arrow would then take a
    column of pandas for any list, and not-a-number for a value.
    """
    if all(plugin.builtin for plugin in plugins):
        return
    with suppress(ImportError):  # not installed: nobody can have objects of it
        pa.array([0]).to_pandas()
