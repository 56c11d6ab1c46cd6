"""Worksheets on which every text is a text."""

from __future__ import annotations

from collections.abc import Sequence

from xlsxwriter.worksheet import Worksheet


class LiteralSheet(Worksheet):  # type: ignore[misc]
    """A worksheet that takes no text for markup, in workbooks of constant memory.

    XlsxWriter writes rich text as texts that begin with `<r>` and end with `</r>`, and so it takes
    any such text for that and writes it as it stands. Whoever may choose a name could write cells.
    """

    def _xml_rich_inline_string(
        self, string: str, attributes: Sequence[tuple[str, object]] = ()
    ) -> None:
        self._xml_inline_string(string, None, attributes)
