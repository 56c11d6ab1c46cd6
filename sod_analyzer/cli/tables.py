"""Tables of text: as wide as they need to be off a terminal, folded to fit on one."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

_BETWEEN = "   "
#: A column narrower than this cannot be read; before that, columns that are copied are folded too.
_READABLE = 4
_WORD = re.compile(r"\s*\S+\s*")
_HEAD = "\x1b[1m"
_PLAIN = "\x1b[0m"


@dataclass(frozen=True, slots=True)
class Look:
    """How a table is drawn."""

    width: int | None  # of the terminal; none: nothing is folded
    whole: Collection[str]  # columns whose cells are not broken over lines
    styles: Mapping[str, str]  # escape sequences by cell; empty: no colours
    rule: str = "─"


def drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], look: Look) -> list[str]:
    """The lines of a table: names of columns, a rule, then the rows. Cells have no line breaks.

    No line ends in blanks. Cost: one look at every cell; folding looks at those that are too long.
    """
    head = [name.replace("_", " ") for name in columns]
    natural = [
        max(map(_length, cells)) for cells in zip(*([head, *rows] if rows else [head]), strict=True)
    ]
    whole = [name in look.whole for name in columns]
    widths = natural if look.width is None else _fitted(natural, whole, look.width)
    total = sum(widths) + len(_BETWEEN) * (len(widths) - 1)
    lines = _lines(head, widths, dict.fromkeys(head, _HEAD) if look.styles else {})
    lines.append(look.rule * total)
    if look.width is None and not look.styles:
        lines += [_line(row, widths) for row in rows]
        return lines
    for row in rows:
        lines += _lines(row, widths, look.styles)
    return lines


def _length(text: str) -> int:
    if text.isascii():
        return len(text)
    from rich.cells import cell_len

    return cell_len(text)


def _fitted(natural: Sequence[int], whole: Sequence[bool], width: int) -> list[int]:
    """Widths of columns that fit together: the widest that may be folded give way first."""
    space = width - len(_BETWEEN) * (len(natural) - 1)
    if sum(natural) <= space:
        return list(natural)
    fixed = list(whole)
    left = space - sum(n for n, kept in zip(natural, fixed, strict=True) if kept)
    if left < _READABLE * fixed.count(False) or all(fixed):
        fixed, left = [False] * len(natural), space
    most = max(1, left)
    # Every column may be as wide as its fair share; what a narrow one does not need, others get.
    waiting = sorted(n for n, kept in zip(natural, fixed, strict=True) if not kept)
    while waiting:
        most = max(1, left // len(waiting))
        if waiting[0] > most:
            break
        left -= waiting.pop(0)
    return [n if kept else min(n, most) for n, kept in zip(natural, fixed, strict=True)]


def _line(cells: Sequence[str], widths: Sequence[int]) -> str:
    """One row as one line."""
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    if not count:
        return ""
    before = zip(cells[: count - 1], widths, strict=False)
    padded = [cell + " " * (width - _length(cell)) for cell, width in before]
    return _BETWEEN.join([*padded, cells[count - 1]])


def _lines(cells: Sequence[str], widths: Sequence[int], styles: Mapping[str, str]) -> list[str]:
    """One row as one line, or as several where a cell is folded."""
    folded = [_folded(cell, width) for cell, width in zip(cells, widths, strict=True)]
    marks = [styles.get(cell, "") for cell in cells] if styles else [""] * len(cells)
    lines = []
    for n in range(max(map(len, folded))):
        line = ""
        blank = 0  # what would end the line, unless something follows
        for parts, width, mark in zip(folded, widths, marks, strict=True):
            part = parts[n] if n < len(parts) else ""
            if part:
                line += " " * blank + (f"{mark}{part}{_PLAIN}" if mark else part)
                blank = 0
            blank += width - _length(part) + len(_BETWEEN)
        lines.append(line)
    return lines


def _folded(text: str, width: int) -> list[str]:
    """The text in lines of at most so many cells, broken at blanks where there are any."""
    if _length(text) <= width:
        return [text]
    from rich.cells import chop_cells

    lines: list[str] = []
    line = ""
    for word in _WORD.findall(text):
        if line and _length(line) + _length(word.rstrip()) > width:
            lines.append(line.rstrip())
            line = ""
        line += word if line else word.lstrip()
        if _length(line.rstrip()) > width:
            *full, line = chop_cells(line.rstrip(), width)
            lines += full
            line += " " * (len(word) - len(word.rstrip()))
    return [*lines, line.rstrip()] if line.strip() else lines or [""]
