"""How stages tell what they are doing."""

from __future__ import annotations

from typing import Protocol


class Progress(Protocol):
    """Told what is being done now, and how far it is; a terminal shows it.

    `progress("reading grants")` begins a stage and ends the one before it. Whoever knows how much
    there is to do says `progress.of(10_000_000, unit="rows")`, and `progress.advance(50_000)`
    whenever so much more is done. A stage that counts nothing is shown with its time alone.

    Cost: a call stores a number. Call it per batch, not per row. One thread tells at a time.
    """

    def __call__(self, text: str, /) -> None:
        """Begin a stage."""
        ...

    def of(self, total: int | None, *, unit: str) -> None:
        """Say what the stage counts, in the plural, and how many there are, if that is known.

        Counting begins at nothing, so a stage may count several things one after the other. The
        unit `bytes` is shown in larger units.
        """
        ...

    def advance(self, count: int = 1) -> None:
        """Say that so many more are done."""
        ...


class Silent:
    """No progress at all."""

    def __call__(self, text: str, /) -> None:
        """Say nothing."""

    def of(self, total: int | None, *, unit: str) -> None:
        """Say nothing."""

    def advance(self, count: int = 1) -> None:
        """Say nothing."""


silent: Progress = Silent()
