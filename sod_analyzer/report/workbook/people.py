"""The sheets for people: Cover, Summary, Method."""

from __future__ import annotations

from collections.abc import Mapping

from sod_analyzer.report import facts, words
from sod_analyzer.report.workbook.grid import Part, Placed
from sod_analyzer.report.workbook.sheet import Book, Sheet, lines_of

_COVER = (2.0, 24.0, 74.0, 14.0)
_SUMMARY = (2.0, 26.0, 15.0, 15.0, 15.0, 15.0, 15.0, 15.0, 12.0)
_METHOD = (2.0, 7.0, 26.0, 84.0, 14.0)


def cover(sheet: Sheet, book: Book, grids: Mapping[str, Placed]) -> None:
    """Title, verdict, digests, limits, index, and room to sign."""
    report = book.report
    headline = facts.headline(report)
    _columns(sheet, _COVER)
    sheet.made.set_row(0, 8)
    _titled(sheet, 1, "Segregation of duties: evidence", report.name)
    row = 4
    style = {"findings": "incomplete"}.get(headline.tone, headline.tone)
    whole = headline.tone not in ("incomplete", "clean")
    first = headline.completeness if headline.tone == "incomplete" else headline.word
    second = (
        f"What could be judged: {headline.result}"
        if headline.tone == "incomplete"
        else f"{headline.result}. {headline.completeness}"
        if whole
        else headline.completeness
    )
    for text in (first, second):
        sheet.made.set_row(row, 13.5 * max(2, lines_of(text, 90)))
        sheet.made.merge_range(row, 1, row, 3, "", book.formats[style])
        sheet.text(row, 1, text, style)
        row += 1
    row += 1
    for label, value in (
        ("Entity", report.name),
        ("Access as at", report.as_of.isoformat()),
        ("Result", headline.result),
        ("Completeness", headline.completeness),
        ("Classification", report.classification),
        ("Ruleset", f"{report.ruleset}, version {report.ruleset_version}"),
        ("Ruleset digest", report.ruleset_digest),
        ("Snapshot digest", report.snapshot_digest),
        ("Findings digest", report.findings_digest),
    ):
        sheet.height(row, [(value, _COVER[2])])
        sheet.text(row, 1, label, "label")
        sheet.text(row, 2, value, "mono" if "digest" in label else "wrap")
        row += 1
    row = _section(sheet, row + 1, "Limits of this work", 3)
    for limit in (*report.limits, _changes(book)):
        sheet.height(row, [(limit, _COVER[1] + _COVER[2])])
        sheet.made.merge_range(row, 1, row, 3, "", book.formats["wrap"])
        sheet.text(row, 1, limit, "wrap")
        row += 1
    row = _section(sheet, row + 1, "Sheets", 3)
    row = _index(sheet, row, grids)
    row = _section(sheet, row + 1, "Sign-off", 3)
    for label in ("Name", "Role", "Date", "Conclusion", "Ticket"):
        sheet.made.set_row(row, 24)
        sheet.text(row, 1, label, "label")
        sheet.text(row, 2, "", "blank")
        row += 1
    sheet.made.print_area(0, 0, row, 3)


def summary(sheet: Sheet, book: Book, grids: Mapping[str, Placed]) -> None:
    """Key numbers, severity by verdict recounted by formula, and where most violations are."""
    report = book.report
    _columns(sheet, _SUMMARY)
    sheet.made.set_row(0, 8)
    _titled(sheet, 1, "Summary", facts.headline(report).completeness)
    row = _key_numbers(sheet, 4, book, grids)
    row = _matrix(sheet, row + 1, book, grids["Violations"].parts)
    for title, column in (("Rules", "rule_id"), ("Departments", "department")):
        row = _section(sheet, row + 1, f"{title} with most violations", 8)
        for number, head in enumerate((title[:-1], "Violations", "People"), start=1):
            sheet.text(row, number, head, "head" if number == 1 else "head-number")
        row += 1
        for value, violations, people in facts.top(report, column):
            sheet.height(row, [(value, _SUMMARY[1])])
            sheet.text(row, 1, value, "cell")
            sheet.number(row, 2, violations, "count")
            sheet.number(row, 3, people, "count")
            row += 1
    sheet.made.print_area(0, 0, row, 8)


def method(sheet: Sheet, book: Book) -> None:
    """How it works, what words mean, and one finding of this run traced by hand."""
    report = book.report
    _columns(sheet, _METHOD)
    sheet.made.set_row(0, 8)
    _titled(sheet, 1, "Method", "How the findings come about, and how to check one by hand")
    row = _section(sheet, 4, "How it works", 4)
    for number, line in enumerate(words.METHOD, start=1):
        row = _line(sheet, row, str(number), line)
    row = _section(sheet, row + 1, "Limits of this work", 4)
    for number, line in enumerate(report.limits or ("None stated.",), start=1):
        row = _line(sheet, row, str(number), line)
    row = _section(sheet, row + 1, "Trace one finding by hand", 4)
    row = _example(sheet, row, book)
    row = _section(sheet, row + 1, "Words", 4)
    for word, meaning in words.GLOSSARY:
        sheet.height(row, [(meaning, _METHOD[3])])
        sheet.text(row, 2, word, "bold")
        sheet.text(row, 3, meaning, "wrap")
        row += 1
    row = _section(sheet, row + 1, "Reading this workbook", 4)
    for number, line in enumerate(words.WORKBOOK, start=1):
        row = _line(sheet, row, str(number), line)
    sheet.made.print_area(0, 0, row, 4)


def _columns(sheet: Sheet, widths: tuple[float, ...]) -> None:
    for column, width in enumerate(widths):
        sheet.made.set_column(column, column, width)


def _titled(sheet: Sheet, row: int, title: str, under: str) -> None:
    sheet.made.set_row(row, 30)
    sheet.text(row, 1, title, "title")
    sheet.made.set_row(row + 1, 17)
    sheet.text(row + 1, 1, under.replace("\n", " "), "subtitle")


def _section(sheet: Sheet, row: int, title: str, last: int) -> int:
    sheet.made.set_row(row, 22)
    for column in range(1, last + 1):
        sheet.text(row, column, title if column == 1 else "", "section")
    return row + 1


def _line(sheet: Sheet, row: int, number: str, text: str) -> int:
    sheet.height(row, [(text, _METHOD[2] + _METHOD[3])])
    sheet.text(row, 1, number, "label")
    sheet.made.merge_range(row, 2, row, 3, "", sheet.book.formats["wrap"])
    sheet.text(row, 2, text, "wrap")
    return row + 1


def _changes(book: Book) -> str:
    return (
        f"Of all cells, {book.odd_texts:,} held control or hidden characters, which are shown as "
        f"\ufffd or ‹U+…›, and {book.cut_texts:,} were too long and are cut with a mark. "
        "The texts as read are in findings.json."
    )


def _index(sheet: Sheet, row: int, grids: Mapping[str, Placed]) -> int:
    for number, head in enumerate(("Sheet", "What it holds", "Rows"), start=1):
        sheet.text(row, number, head, "head-number" if head == "Rows" else "head")
    row += 1
    listed: list[tuple[str, str, int | None]] = [
        ("Summary", "key numbers, severities, where most violations are", None)
    ]
    for made in grids.values():
        listed += [(part.name, made.grid.about, part.rows) for part in made.parts]
    listed.append(("Method", "how it works, a finding traced by hand, words", None))
    for name, about, rows in listed:
        sheet.link(row, 1, name)
        sheet.text(row, 2, about)
        sheet.number(row, 3, rows)
        row += 1
    return row


def _counted(parts: list[Part], tests: Mapping[str, str]) -> str:
    """A sum of COUNTIFS, one for each sheet that the rows are spread over."""
    return "+".join(
        f"COUNTIFS({','.join(f'{part.cells(column)},{test}' for column, test in tests.items())})"
        for part in parts
    )


def _key_numbers(sheet: Sheet, row: int, book: Book, grids: Mapping[str, Placed]) -> int:
    row = _section(sheet, row, "Key numbers", 8)
    for number, head in enumerate(("Number", "Value", "Recounted", "Tie-out", "What it counts")):
        sheet.text(row, number + 1, head, "head-number" if number in (1, 2) else "head")
    for column in range(6, 9):
        sheet.text(row, column, "", "head")
    row += 1
    violations, places = grids["Violations"].parts, grids["Places"].parts
    alone = {"verdict": '"violation"', "folded": '"no"'}
    recounts = {
        "people_assessed": _counted(grids["Population"].parts, {"identity": '"?*"'}),
        "violations": _counted(violations, alone),
        "places": _counted(places, {**alone, "finding_verdict": '"violation"'}),
        "violations_folded": _counted(violations, {"verdict": '"violation"', "folded": '"yes"'}),
        "not_evaluable": _counted(violations, {"verdict": '"not-evaluable"'}),
        "dormant": _counted(grids["Dormant"].parts, {"rule_id": '"?*"'}),
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
        sheet.made.merge_range(row, 5, row, 8, "", book.formats["cell"])
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
            sheet.made.merge_range(row, 5, row, 8, "", book.formats["cell"])
            sheet.text(row, 5, words.OTHER_MEANINGS.get(name, ""), "cell")
            row += 1
    return row


def _matrix(sheet: Sheet, row: int, book: Book, parts: list[Part]) -> int:
    row = _section(sheet, row, "Findings by severity and verdict, recounted from Violations", 8)
    titles = [title.capitalize() for _, _, title in facts.COLUMNS]
    heads = ("Severity", *titles, "Sum of formulas", "Counted by the tool", "Tie-out")
    sheet.made.set_row(row, 30)
    for number, head in enumerate(heads, start=1):
        sheet.text(row, number, head, "head-number" if 1 < number < len(heads) else "head")
    row += 1
    first = row
    counts = facts.matrix(book.report)
    for severity, values in counts.items():
        sheet.text(row, 1, severity, "cell")
        for number, (verdict, folded, _) in enumerate(facts.COLUMNS):
            tests = {"severity": f"$B{row + 1}", "verdict": f'"{verdict}"', "folded": f'"{folded}"'}
            sheet.formula(row, 2 + number, f"={_counted(parts, tests)}", values[number])
        sheet.formula(row, 6, f"=SUM(C{row + 1}:F{row + 1})", sum(values))
        sheet.number(row, 7, sum(values), "count")
        _tie(sheet, row, 8, ("G", "H"), same=True)
        row += 1
    sheet.tone(first, row - 1, 1, ("critical", "high", "medium"))
    sheet.text(row, 1, "all", "bold")
    totals = [sum(column) for column in zip(*counts.values(), strict=True)]
    for number, total in enumerate([*totals, sum(totals)], start=2):
        letter = "ABCDEFG"[number]
        sheet.formula(row, number, f"=SUM({letter}{first + 1}:{letter}{row})", total, "total")
    sheet.number(row, 7, book.report["violations"].num_rows, "total")
    same = sum(totals) == book.report["violations"].num_rows
    _tie(sheet, row, 8, ("G", "H"), same=same)
    sheet.tone(first, row, 8, ("OK", "CHECK"))
    return row + 1


def _tie(sheet: Sheet, row: int, column: int, cells: tuple[str, str], *, same: bool) -> None:
    one, other = cells
    formula = f'=IF({one}{row + 1}={other}{row + 1},"OK","CHECK")'
    sheet.formula(row, column, formula, "OK" if same else "CHECK", "cell")


def _example(sheet: Sheet, row: int, book: Book) -> int:
    found = facts.example(book.report)
    if found is None:
        return _line(sheet, row, "", "There is no violation to trace.")
    finding, steps = found
    row = _line(sheet, row, "", f"{finding['finding_id']}: {finding['sentence']}")
    for number, head in enumerate(("Step", "File and record", "What stands there", "SHA-256"), 1):
        sheet.text(row, number, head, "head")
    row += 1
    for step in steps:
        where, says = f"{step.file}, {step.at}", f"{step.says} (for: {step.duty})"
        sheet.height(row, [(where, _METHOD[2]), (says, _METHOD[3])])
        sheet.text(row, 1, str(step.number), "label")
        sheet.text(row, 2, where, "wrap")
        sheet.text(row, 3, says, "wrap")
        sheet.text(row, 4, f"{step.sha256[:12]}…", "mono")
        row += 1
    return _line(sheet, row, "", "If every line says so, the finding stands.")
