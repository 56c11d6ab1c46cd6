"""The terminal's two channels: answers in five formats on stdout, talk on stderr.

Names in exports are hostile: they may hold escape sequences that move the cursor, marks that turn
the writing direction, or a formula. Every format shows the same fields in the same order; only a
table on a terminal leaves out what would not fit there. JSON holds the exact text, the others show
it harmless.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import shutil
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Sized
from dataclasses import dataclass
from datetime import date, datetime
from itertools import islice
from typing import IO, Any, TypeVar

import click

_Command = TypeVar("_Command", bound=Callable[..., Any])

FORMATS = ("table", "json", "jsonl", "csv", "md")

#: A table shows so many rows and says how many there are; nobody reads further on a screen.
TABLE_ROWS = 1000
_PAGE_ROWS = 32_000
#: So many lines are written together.
_LOT = 1000

#: What could act on a terminal or lie to a reader: control characters, line and paragraph
#: separators, lone surrogates, and invisible format characters, bidi marks and tags among them.
#: The two joiners U+200C and U+200D stay: Persian and Indic names need them.
_HARMFUL = re.compile(
    "[\x00-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\ud800-\udfff\U000e0000-\U000e007f]"
)
#: Leading characters that make a spreadsheet take a text for a formula.
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_MARKDOWN = re.compile(r"([\\|`*_\[\]~#])")
#: Columns whose cells are copied or short, and are never broken over lines.
_WHOLE = frozenset(
    {"severity", "rule_id", "rule", "verdict", "means", "finding_id", "finding", "change", "hop"}
)
#: Cells that stand out, as escape sequences of a terminal.
_STYLES = {
    "critical": "\x1b[1;31m",
    "high": "\x1b[31m",
    "medium": "\x1b[33m",
    "violation": "\x1b[31m",
    "conflict": "\x1b[31m",
    "not-evaluable": "\x1b[33m",
    "not evaluable": "\x1b[33m",
}


@dataclass(frozen=True, slots=True)
class Pages:
    """Rows that are made a page at a time, so that none is made which is not printed."""

    count: int
    page: Callable[[int, int], Iterable[Mapping[str, Any]]]  # from this row on, at most so many

    def __len__(self) -> int:
        return self.count

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        at, size = 0, TABLE_ROWS
        while at < self.count:
            yield from self.page(at, min(size, self.count - at))
            # Whoever goes on after the first page wants everything: larger pages cost less.
            at, size = at + size, _PAGE_ROWS


@dataclass(slots=True)
class Voice:
    """How this run speaks: its colours, and how much of its talk is wanted."""

    color: str = "auto"
    quiet: bool = False
    verbose: bool = False
    debug: bool = False

    def colored(self, stream: IO[str]) -> bool:
        """Whether to colour what goes to this stream; an option wins over the environment.

        Source: no-color.org and force-color.org; the variables count when they are not empty.
        """
        if self.color != "auto":
            return self.color == "always"
        if os.environ.get("NO_COLOR"):
            return False
        if os.environ.get("FORCE_COLOR"):
            return True
        return stream.isatty() and os.environ.get("TERM") != "dumb"

    def talk(self, text: str) -> None:
        """One line about the work, unless quiet was asked for."""
        if not self.quiet:
            self._say(text)

    def detail(self, text: str) -> None:
        """One line that only `--verbose` shows."""
        if self.verbose and not self.quiet:
            self._say(text)

    def warn(self, text: str) -> None:
        """A line that stands out; quiet silences it."""
        if not self.quiet:
            self._say(text, kind="warning", fg="yellow")

    def error(self, text: str, *, kind: str = "error") -> None:
        """What stopped the work; never silenced."""
        self._say(text, kind=kind, fg="red")

    def _say(self, text: str, *, kind: str | None = None, fg: str | None = None) -> None:
        colored = self.colored(sys.stderr)
        mark = click.style(f"{kind}:", fg=fg, bold=True) + " " if kind else ""
        lines = "\n".join(harmless(line) for line in text.split("\n"))
        click.echo(mark + lines, err=True, color=colored)


def voice() -> Voice:
    """The voice of the command that is running; a plain one outside of any command."""
    ctx = click.get_current_context(silent=True)
    found = ctx.find_object(Voice) if ctx else None
    return found or Voice()


def talk(text: str) -> None:
    """Say one line on stderr, unless quiet was asked for."""
    voice().talk(text)


def must_fit(form: str) -> bool:
    """Whether the answer is a table on a terminal: then it has only columns that fit there."""
    return form == "table" and sys.stdout.isatty()


def format_option(command: _Command) -> _Command:
    """The option `--format` of a command that answers in rows; its value arrives as `form`."""
    option = click.option(
        "--format",
        "form",
        type=click.Choice(FORMATS),
        default="table",
        show_default=True,
        help="How to print the answer.",
    )
    return option(command)


def harmless(text: str) -> str:
    r"""The text with everything that could act on a terminal shown as its escape, like `\x1b`.

    Errs: a backslash is left alone, so an escape in the source looks like one made here; JSON
    tells them apart.
    """
    # Whatever is harmful is not printable; most texts are, and are known to be in no time.
    return text if text.isprintable() else _HARMFUL.sub(_as_escape, text)


def _as_escape(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]


def csv_safe(text: str) -> str:
    """The text with a `'` before it if a spreadsheet would take it for a formula.

    To undo: drop one leading `'` from a cell whose second character is one of `= + - @`.
    """
    return f"'{text}" if text.startswith(_FORMULA) else text


def emit(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    *,
    form: str,
    about: Mapping[str, Any] | None = None,
) -> None:
    """Print rows on stdout in one of `FORMATS`: the same fields, in the same order, in each.

    A cell is a text, number, bool, date, None, or a list of those; a list of mappings appears as
    JSON text in the flat formats. `about` (the question, its date, what was not evaluable) comes
    before the rows in `json` only; say it on stderr for the others. Keys that are not in
    `columns` are not printed.

    A table shows the first `TABLE_ROWS` rows and how many there are; every other format has all,
    written row by row.

    Cost: of `Pages`, only what is printed is made; other iterables are gone through to their end.
    """
    out = sys.stdout
    if form == "json":
        _whole_json(rows, columns, about or {}, out)
    elif form == "jsonl":
        _write((_json(_picked(row, columns)) + "\n" for row in rows), out)
    elif form == "csv":
        out.write(_csv([columns]))
        cells = ([_csv_cell(row.get(name)) for name in columns] for row in rows)
        while some := list(islice(cells, _LOT)):
            out.write(_csv(some))
    elif form == "md":
        _markdown(rows, columns, out)
    else:
        _table(rows, columns, out)
    # What is said beside the answer on stderr must come after it in a log of both.
    out.flush()


def _write(lines: Iterable[str], out: IO[str]) -> None:
    """Many lines at a time: where output is not buffered, every writing costs as much."""
    going = iter(lines)
    while text := "".join(islice(going, _LOT)):
        out.write(text)


def _csv(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _csv_cell(cell: Any) -> str:
    text = cell if isinstance(cell, str) else flat(cell)
    # Nearly every text is as it stands.
    if text.isprintable() and not text.startswith(_FORMULA):
        return text
    return csv_safe(harmless(text))


def flat(cell: Any) -> str:
    """One cell as text: nothing for None, `yes` or `no`, ISO dates, lists joined by `; `."""
    if cell is None or isinstance(cell, str):
        return cell or ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, (date, datetime)):
        return cell.isoformat()
    if isinstance(cell, Mapping):
        return _json(cell)
    if isinstance(cell, (list, tuple)):
        return "; ".join(flat(part) for part in cell)
    return str(cell)


def _picked(row: Mapping[str, Any], columns: Sequence[str]) -> dict[str, Any]:
    return {name: row.get(name) for name in columns}


def _json(value: Any, *, over_lines: bool = False) -> str:
    """JSON in readable letters, except those that are harmful, which stay escaped."""
    text = (_OVER_LINES if over_lines else _ON_A_LINE).encode(value)
    if text.isprintable():
        return text
    # Outside of strings only line feeds and spaces stand; json itself escapes those inside.
    return _HARMFUL.sub(lambda match: match[0] if match[0] == "\n" else _escaped(match[0]), text)


def _whole_json(
    rows: Iterable[Mapping[str, Any]],
    columns: Sequence[str],
    about: Mapping[str, Any],
    out: IO[str],
) -> None:
    """One object as `json.dumps` with an indent of 2 would print it, without holding its rows."""
    members = (f"\n  {_json(name)}: {_nested(value, 2)}," for name, value in about.items())
    out.write("{" + "".join(members) + '\n  "rows": [')
    names = [f"\n      {_json(name)}: " for name in columns]
    between = ""
    for row in rows:
        cells = (name + _nested(row.get(key), 6) for name, key in zip(names, columns, strict=True))
        out.write(f"{between}\n    {{{','.join(cells)}\n    }}")
        between = ","
    out.write("\n  ]\n}\n" if between else "]\n}\n")


def _nested(value: Any, depth: int) -> str:
    """JSON over several lines, so deep in other JSON. JSON has no line break inside of a text."""
    # Only containers are broken over lines, and json is several times faster when asked for none.
    if not isinstance(value, (Mapping, list, tuple, set, frozenset)):
        return _json(value)
    return _json(value, over_lines=True).replace("\n", "\n" + " " * depth)


def _escaped(letter: str) -> str:
    return json.dumps(letter)[1:-1] if letter != "\x7f" else "\\u007f"


def _plain(value: Any) -> Any:
    if isinstance(value, (date, datetime)):
        return value.isoformat()
    if isinstance(value, (frozenset, set)):
        return sorted(value)
    if isinstance(value, Mapping):
        return dict(value)
    return str(value)


_ON_A_LINE = json.JSONEncoder(ensure_ascii=False, default=_plain)
_OVER_LINES = json.JSONEncoder(ensure_ascii=False, default=_plain, indent=2)


def _markdown(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], out: IO[str]) -> None:
    out.write(f"| {' | '.join(_marked(name) for name in columns)} |\n")
    out.write(f"|{' --- |' * len(columns)}\n")
    told = ((_marked(harmless(flat(row.get(name)))) for name in columns) for row in rows)
    _write((f"| {' | '.join(cells)} |\n" for cells in told), out)


def _marked(text: str) -> str:
    """Text that Markdown shows as it is, HTML and table bars included."""
    if text.isalnum():
        return text
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _MARKDOWN.sub(r"\\\1", text)


def _table(rows: Iterable[Mapping[str, Any]], columns: Sequence[str], out: IO[str]) -> None:
    from sod_analyzer.cli.tables import Look, drawn

    reading = iter(rows)
    shown = [
        [harmless(flat(row.get(name))) for name in columns] for row in islice(reading, TABLE_ROWS)
    ]
    if not shown:
        out.write("(none)\n")
        return
    unicode = (getattr(out, "encoding", None) or "utf-8").lower().startswith("utf")
    look = Look(
        width=shutil.get_terminal_size().columns if out.isatty() else None,
        whole=_WHOLE,
        styles=_STYLES if voice().colored(out) else {},
        rule="─" if unicode else "-",
    )
    # At once: where output is not buffered, every writing is one of its own.
    out.write("\n".join([*drawn(columns, shown, look), ""]))
    count = len(rows) if isinstance(rows, Sized) else len(shown) + sum(1 for _ in reading)
    if count > len(shown):
        # With the answer, not beside it: a table must never pass for all there is.
        out.write(f"{len(shown):,} of {count:,} shown; --format csv for all\n")
