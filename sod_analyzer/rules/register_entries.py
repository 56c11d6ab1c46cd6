"""The entries of a register as somebody wrote them, from YAML or from a table, not yet checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sod_analyzer.documents import Document, Keyed, Listed, Scalar, Value, quoted, suggest
from sod_analyzer.errors import Problem, SourceRef
from sod_analyzer.rules.sheets import Cell, Grid

REGISTER_SOURCE = "mitigations"
#: The sheet of a workbook that has several.
SHEET = "Mitigations"

#: What must be written, and what it says.
NEEDED: Mapping[str, str] = {
    "rule": "which rule is broken, by id",
    "control": "which control stands for it, by id",
    "owner": "who answers for it, by employee id",
    "approver": "who approved it, by employee id",
    "performer": "who performs the control, by employee id",
    "approved_on": "on which day it was approved",
    "valid_until": "the last day on which it holds",
    "evidence": "where to see that the control is performed",
}
#: Either name may stand; both may hold one or several.
LISTS: Mapping[str, str] = {"person": "people", "place": "places"}
KEYS: tuple[str, ...] = (
    *NEEDED,
    *LISTS,
    *LISTS.values(),
    "frequency",
    "last_performed",
)
#: Columns of a table; the first that is there holds the id.
ID_COLUMNS = ("id", "mitigation")


@dataclass(frozen=True, slots=True)
class Field:
    """The texts of one key or cell; `fault` says why they cannot be taken."""

    texts: tuple[str, ...]
    where: SourceRef
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class Stated:
    """One entry as written, before lists are expanded."""

    mitigation_id: str
    fields: Mapping[str, Field]
    where: SourceRef


# -- from YAML -------------------------------------------------------------------------------------


def entries_of_document(document: Document, problems: list[Problem]) -> list[Stated]:
    """The entries under `mitigations`, in the order written; adds what is wrong to `problems`."""
    root = document.root
    if not isinstance(root, Keyed) or "mitigations" not in root.entries:
        line = root.line
        text = "key 'mitigations' is missing: a mapping of ids to mitigations"
        problems.append(Problem(text, SourceRef(document.path, line)))
    if not isinstance(root, Keyed):
        return []
    for key, entry in root.entries.items():
        if key != "mitigations":
            text = f"unknown key {quoted(key)}; known: 'mitigations'"
            problems.append(Problem(text, SourceRef(document.path, entry.line)))
    listed = root.entries.get("mitigations")
    if listed is None:
        return []
    if not isinstance(listed.value, Keyed):
        text = "mitigations: must be a mapping of ids to mitigations"
        problems.append(Problem(text, SourceRef(document.path, listed.line)))
        return []
    stated = []
    for name, entry in listed.value.entries.items():
        where = SourceRef(document.path, entry.line)
        if not isinstance(entry.value, Keyed):
            problems.append(Problem(f"{called(name)}: must be a mapping", where))
            continue
        fields = {
            key: _field(each.value, SourceRef(document.path, each.line))
            for key, each in entry.value.entries.items()
        }
        stated.append(Stated(name, fields, where))
    return stated


def _field(value: Value, where: SourceRef) -> Field:
    if isinstance(value, Scalar):
        return Field((value.text.strip(),), where)
    if isinstance(value, Listed):
        texts = tuple(each.text.strip() for each in value.elements if isinstance(each, Scalar))
        flat = len(texts) == len(value.elements)
        return Field(texts, where, None if flat else "a list of lists or mappings")
    return Field((), where, "a mapping")


# -- from a table ----------------------------------------------------------------------------------


def entries_of_grid(grid: Grid, shown: str, problems: list[Problem]) -> list[Stated]:
    """One entry for each row with an id; adds what is wrong to `problems`."""
    problems.extend(grid.problems)
    for name, cell in grid.columns.items():
        if name not in KEYS and name not in ID_COLUMNS:
            text = f"unknown column {quoted(cell.text)}{suggest(name, {*KEYS, 'id'})}"
            problems.append(Problem(text, cell.where))
    named = [name for name in ID_COLUMNS if name in grid.columns]
    if len(named) != 1:
        text = "columns 'id' and 'mitigation' say the same; keep one"
        problems.append(Problem(text if named else "there is no column 'id'", SourceRef(shown, 1)))
        return []
    lacking = [key for key in NEEDED if key not in grid.columns]
    for key in lacking:
        text = f"there is no column '{key}': {NEEDED[key]}"
        problems.append(Problem(text, SourceRef(shown, 1)))
    first: dict[str, SourceRef] = {}
    stated = []
    for row in grid.rows:
        cell = row.cells.get(named[0], Cell("", row.where))
        if cell.fault or not cell.text:
            problems.append(Problem(f"the id is {cell.fault or 'empty'}", cell.where))
            continue
        if cell.text in first:
            text = f"{called(cell.text)}: stands twice, first in {within(first[cell.text])}"
            problems.append(Problem(text, cell.where))
        first.setdefault(cell.text, row.where)
        fields = {
            key: Field(_cut(key, each.text), each.where, each.fault)
            for key, each in row.cells.items()
            if key in KEYS
        }
        # One missing column is one problem, not one for every row.
        for key in lacking:
            fields.setdefault(key, Field(("-",), row.where, ""))
        stated.append(Stated(cell.text, fields, row.where))
    return stated


def _cut(key: str, text: str) -> tuple[str, ...]:
    if key not in LISTS and key not in LISTS.values():
        return (text,)
    return tuple(piece.strip() for piece in text.split(";") if piece.strip())


def source_row(grid: Grid, shown: str, suffix: str) -> dict[str, object]:
    """The table's row of `sources`, so that a record in it can be printed with its row."""
    parsed = len(grid.rows)
    spread = grid.lines - parsed - 1
    return {
        "source_id": REGISTER_SOURCE,
        "system": None,
        "importer": suffix.removeprefix("."),
        "kind": "mitigations",
        "path": shown,
        "sha256": grid.sha256,
        "bytes": len(grid.content),
        "encoding": grid.encoding,
        # Written by hand, not extracted: it has no part in the age of the facts.
        "extracted_at": None,
        "extracted_at_basis": None,
        "status": "read",
        "unit": grid.unit,
        "record_template": f"{grid.unit} {{record}}",
        "lines": grid.lines,
        # A line of text may continue the cell above it; a row of a sheet is there or empty.
        "continued": spread if grid.unit == "line" else 0,
        "header": 1,
        "blank": 0 if grid.unit == "line" else spread,
        "parsed": parsed,
        "rejected": 0,
        "duplicate": 0,
        "filtered": 0,
        "loaded": parsed,
    }


def called(name: str) -> str:
    """An id as messages show it, quoted only where something could hide in it."""
    shown = quoted(name)
    return name if shown == f"'{name}'" else shown


def within(where: SourceRef | None) -> str:
    """A place in the same file."""
    if where is None:
        return "this file"
    return where.pointer or f"line {where.line}"
