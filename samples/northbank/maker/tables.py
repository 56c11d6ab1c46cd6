"""Writes the roster, the alias file and the change manager's export."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

from maker.world import World, draw

ROSTER = "hr/roster.csv"
ALIASES = "aliases.csv"
CHANGE_MANAGER = "changeman/access.csv"
_ROSTER_COLUMNS = (
    "employee_id", "name", "email", "manager", "department", "title", "status", "kind",
    "start_on", "end_on",
)  # fmt: skip

Counts = dict[str, int]


def write_tables(world: World) -> tuple[dict[str, bytes], dict[str, Counts]]:
    """The files by path, and how many lines of each are what."""
    roster, roster_counts = _roster(world)
    lines, line_counts = _change_manager(world)
    aliases = _text([("account", "employee_id", "since", "why"), *sorted(world.aliases)])
    files = {
        ROSTER: roster.encode(),
        ALIASES: aliases.encode(),
        CHANGE_MANAGER: lines.encode("cp1252", errors="replace"),
    }
    return files, {ROSTER: roster_counts, CHANGE_MANAGER: line_counts}


def _text(rows: Iterable[Sequence[str]], *, delimiter: str = ",", end: str = "\n") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator=end).writerows(rows)
    return out.getvalue()


def _roster(world: World) -> tuple[str, Counts]:
    """Everyone by number; one record was exported twice, and one title runs over two lines."""
    rows = []
    for number, person in sorted(world.people.items()):
        rows.append(
            (
                number,
                person.name,
                person.email,
                person.manager,
                person.department,
                person.title,
                person.status,
                person.kind,
                person.start_on,
                person.end_on,
            )
        )
    rows.insert(200, rows[17])
    text = _text([_ROSTER_COLUMNS, *rows])
    continued = sum(cell.count("\n") for row in rows for cell in row)
    return text, counts(
        lines=text.count("\n"), header=1, continued=continued, parsed=len(rows), duplicate=1
    )


def _change_manager(world: World) -> tuple[str, Counts]:
    """Lines in the order of logins, as a host prints them: semicolons, cp1252, CR LF, 31.10.2026.

    An empty line stands where the host began a new page, after which it repeated one record.
    """
    head = ("BENUTZER", "PERSNR", "NAME", "RECHTE", "ANWENDUNG", "GUELTIG_AB", "GUELTIG_BIS")
    rows = [
        (
            each.login,
            each.number,
            each.name,
            each.letters,
            each.code,
            _day(each.since),
            _day(each.until),
        )
        for each in sorted(world.lines, key=lambda line: (line.login, draw(str(line), 2**40)))
    ]
    middle = len(rows) // 2
    first = _text([head, *rows[:middle]], delimiter=";", end="\r\n")
    second = _text([rows[middle - 1], *rows[middle:]], delimiter=";", end="\r\n")
    text = f"{first}\r\n{second}"
    return text, counts(
        lines=text.count("\r\n"), header=1, blank=1, parsed=len(rows) + 1, duplicate=1
    )


def _day(iso: str) -> str:
    return ".".join(reversed(iso.split("-"))) if iso else ""


def counts(
    *,
    lines: int,
    parsed: int,
    header: int = 0,
    continued: int = 0,
    blank: int = 0,
    duplicate: int = 0,
    filtered: int = 0,
) -> Counts:
    """What becomes of a file's lines, checked to add up."""
    if lines - continued - header - blank != parsed:
        message = f"{lines} lines do not make {parsed} records"
        raise ValueError(message)
    return {
        "lines": lines,
        "continued": continued,
        "header": header,
        "blank": blank,
        "parsed": parsed,
        "rejected": 0,
        "duplicate": duplicate,
        "filtered": filtered,
        "loaded": parsed - duplicate - filtered,
    }
