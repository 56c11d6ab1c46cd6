"""The sheet Summary: key numbers and severities with their recounts, and where most of it is."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pyarrow.compute as pc
from xlsxwriter.utility import xl_col_to_name

from sod_analyzer.report import facts, registers, words
from sod_analyzer.report.counting import filled, is_word
from sod_analyzer.report.workbook.grid import Placed
from sod_analyzer.report.workbook.people import columns, section, titled
from sod_analyzer.report.workbook.sheet import Book, Sheet

_SUMMARY = (2.0, 26.0, 13.5, 13.5, 13.5, 13.5, 13.5, 13.5, 13.5, 13.5, 12.0)
_LAST = len(_SUMMARY) - 1
_NONE: Mapping[str, str] = {}


def summary(sheet: Sheet, book: Book, grids: Mapping[str, Placed]) -> None:
    """Key numbers, severity by verdict recounted by formula, and where most violations are."""
    report = book.report
    columns(sheet, _SUMMARY)
    sheet.made.set_row(0, 8)
    titled(sheet, 1, "Summary", facts.headline(report).completeness)
    row = _key_numbers(sheet, 4, book, grids)
    row = _matrix(sheet, row + 1, book, grids["Violations"])
    for title, column in (("Rules", "rule_id"), ("Departments", "department")):
        row = section(sheet, row + 1, f"{title} with most violations", _LAST)
        for number, head in enumerate((title[:-1], "Violations", "People"), start=1):
            sheet.text(row, number, head, "head" if number == 1 else "head-number")
        row += 1
        for value, violations, people in facts.top(report, column):
            sheet.height(row, [(value, _SUMMARY[1])])
            sheet.text(row, 1, value, "cell")
            sheet.number(row, 2, violations, "count")
            sheet.number(row, 3, people, "count")
            row += 1
    row = _controls(sheet, row + 1, book)
    row = _left(sheet, row + 1, grids)
    sheet.made.print_area(0, 0, row, _LAST)


def _controls(sheet: Sheet, row: int, book: Book) -> int:
    """How many findings one control excuses: much on one control is a risk of its own."""
    found = registers.controls(book.report)
    if not found:
        return row
    row = section(sheet, row, "Compensating controls, and how much rests on each", _LAST)
    heads = ("Control", "Places excused", "People excused", "Performers", "Do not stand")
    sheet.made.set_row(row, 30)
    for number, head in enumerate(heads, start=1):
        sheet.text(row, number, head, "head" if number == 1 else "head-number")
    row += 1
    for entry in found:
        sheet.height(row, [(entry.control, _SUMMARY[1])])
        sheet.text(row, 1, entry.control, "cell")
        values = (entry.excuses, entry.people, entry.performers, entry.failing)
        for number, value in enumerate(values, start=2):
            sheet.number(row, number, value, "count")
        row += 1
    return row


def _left(sheet: Sheet, row: int, grids: Mapping[str, Placed]) -> int:
    """Which rows no sheet has: recounts take them as plain numbers."""
    left = [made for made in grids.values() if made.left]
    if not left:
        return row
    row = section(sheet, row, "Rows that stand in other files only", _LAST)
    for made in left:
        text = (
            f"{made.grid.title}: {made.left:,} of {made.grid.table.num_rows:,} rows, "
            f"in {made.grid.file}; recounts add what they hold as a number"
        )
        sheet.text(row, 1, text)
        row += 1
    return row


def _counted(made: Placed, tests: Mapping[str, str], known: Mapping[str, str] = _NONE) -> str:
    """A sum of COUNTIFS, one for each sheet that the rows are spread over.

    Rows that no sheet has are counted here; `known` are the words in cells that a test names.
    """
    counts = [
        f"COUNTIFS({','.join(f'{part.cells(column)},{test}' for column, test in tests.items())})"
        for part in made.parts
    ]
    if made.left:
        chosen = np.ones(made.left, dtype=bool)
        for column, test in tests.items():
            values = made.rest(column)
            word = known.get(column, test).strip('"')
            if word == "?*":
                chosen &= filled(values) & ~is_word(values, "")
            elif word.startswith("<>"):
                chosen &= ~is_word(values, word.removeprefix("<>"))
            else:
                chosen &= is_word(values, word)
        counts.append(str(int(chosen.sum())))
    return "+".join(counts)


def _letter(column: int) -> str:
    return str(xl_col_to_name(column))


def _summed(made: Placed, column: str) -> str:
    """A sum over a column of counts, over each sheet that the rows are spread over."""
    sums = [f"SUM({part.cells(column)})" for part in made.parts]
    if made.left:
        sums.append(str(pc.sum(made.rest(column)).as_py() or 0))
    return "+".join(sums)


def _key_numbers(sheet: Sheet, row: int, book: Book, grids: Mapping[str, Placed]) -> int:
    row = section(sheet, row, "Key numbers", _LAST)
    for number, head in enumerate(("Number", "Value", "Recounted", "Tie-out", "What it counts")):
        sheet.text(row, number + 1, head, "head-number" if number in (1, 2) else "head")
    for column in range(6, _LAST + 1):
        sheet.text(row, column, "", "head")
    row += 1
    violations, places = grids["Violations"], grids["Places"]
    alone = {"verdict": '"violation"', "folded": '"no"'}
    recounts = {
        "people_assessed": _counted(grids["Population"], {"identity": '"?*"'}),
        "violations": _counted(violations, alone),
        "places": _counted(places, {**alone, "finding_verdict": '"violation"'}),
        "violations_folded": _counted(violations, {"verdict": '"violation"', "folded": '"yes"'}),
        "not_evaluable": _counted(violations, {"verdict": '"not-evaluable"'}),
        "mitigated": _counted(violations, {"verdict": '"mitigated"'}),
        "gated": _counted(violations, {"verdict": '"gated"'}),
        "excluded": _summed(grids["Exclusions"], "hidden"),
        "dormant": _counted(grids["Dormant"], {"rule_id": '"?*"'}),
    }
    first = row
    for figure in facts.figures(book.report):
        stated = book.report.numbers.get(figure.name)
        value = figure.value if stated is None else stated
        sheet.height(row, [(figure.meaning, sum(_SUMMARY[5:]))])
        sheet.text(row, 1, figure.title, "cell")
        sheet.number(row, 2, value, "count")
        if figure.name in recounts:
            sheet.formula(row, 3, f"={recounts[figure.name]}", figure.value)
            _tie(sheet, row, 4, ("C", "D"), same=value == figure.value)
        else:
            sheet.text(row, 3, "", "cell")
            sheet.text(row, 4, "", "cell")
        sheet.made.merge_range(row, 5, row, _LAST, "", book.formats["cell"])
        sheet.text(row, 5, figure.meaning, "cell")
        row += 1
    sheet.tone(first, row, 4, ("OK", "CHECK"))
    known = {figure.name for figure in facts.figures(book.report)}
    # By our own words: a report that was read back has its numbers in another order.
    order = {name: n for n, name in enumerate(words.OTHER_MEANINGS)}
    numbers = book.report.numbers.items()
    for name, value in sorted(numbers, key=lambda pair: (order.get(pair[0], len(order)), pair[0])):
        if name not in known:
            sheet.text(row, 1, name.replace("_", " ").capitalize(), "cell")
            sheet.number(row, 2, value, "count")
            sheet.text(row, 3, "", "cell")
            sheet.text(row, 4, "", "cell")
            sheet.made.merge_range(row, 5, row, _LAST, "", book.formats["cell"])
            sheet.text(row, 5, words.OTHER_MEANINGS.get(name, ""), "cell")
            row += 1
    return row


def _matrix(sheet: Sheet, row: int, book: Book, made: Placed) -> int:
    row = section(sheet, row, "Findings by severity and verdict, recounted from Violations", _LAST)
    titles = [title.capitalize() for _, _, title in facts.COLUMNS]
    heads = ("Severity", *titles, "Sum of formulas", "Counted by the tool", "Tie-out")
    sheet.made.set_row(row, 30)
    for number, head in enumerate(heads, start=1):
        sheet.text(row, number, head, "head-number" if 1 < number < len(heads) else "head")
    row += 1
    first = row
    after = 2 + len(facts.COLUMNS)
    compared = (_letter(after), _letter(after + 1))
    counts = facts.matrix(book.report)
    for severity, values in counts.items():
        sheet.text(row, 1, severity, "cell")
        for number, (verdict, folded, _) in enumerate(facts.COLUMNS):
            tests = {"severity": f"$B{row + 1}", "verdict": f'"{verdict}"', "folded": f'"{folded}"'}
            sheet.formula(
                row, 2 + number, f"={_counted(made, tests, {'severity': severity})}", values[number]
            )
        span = f"{_letter(2)}{row + 1}:{_letter(after - 1)}{row + 1}"
        sheet.formula(row, after, f"=SUM({span})", sum(values))
        sheet.number(row, after + 1, sum(values), "count")
        _tie(sheet, row, after + 2, compared, same=True)
        row += 1
    sheet.tone(first, row - 1, 1, ("critical", "high", "medium"))
    sheet.text(row, 1, "all", "bold")
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    for number, total in enumerate([*totals, sum(totals)], start=2):
        letter = _letter(number)
        sheet.formula(row, number, f"=SUM({letter}{first + 1}:{letter}{row})", total, "total")
    sheet.number(row, after + 1, book.report["violations"].num_rows, "total")
    same = sum(totals) == book.report["violations"].num_rows
    _tie(sheet, row, after + 2, compared, same=same)
    sheet.tone(first, row, after + 2, ("OK", "CHECK"))
    return row + 1


def _tie(sheet: Sheet, row: int, column: int, cells: tuple[str, str], *, same: bool) -> None:
    one, other = cells
    formula = f'=IF({one}{row + 1}={other}{row + 1},"OK","CHECK")'
    sheet.formula(row, column, formula, "OK" if same else "CHECK", "cell")
