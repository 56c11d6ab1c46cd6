"""How stages tell what they are doing."""

from __future__ import annotations

from collections.abc import Callable

#: Told what is being done now; a terminal shows it.
Progress = Callable[[str], None]


def silent(text: str) -> None:
    """No progress at all."""
    del text
