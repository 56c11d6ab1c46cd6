"""The sheets for people but for the Summary: Cover and Method."""

from __future__ import annotations

from collections.abc import Mapping

from sod_analyzer.report import facts, registers, words
from sod_analyzer.report.example import example
from sod_analyzer.report.workbook.grid import Placed
from sod_analyzer.report.workbook.heights import lines_of
from sod_analyzer.report.workbook.sheet import Book, Sheet

_COVER = (2.0, 24.0, 74.0, 14.0)
#: Rows of the cover that can still be read on one page.
_ONE_PAGE = 75
_METHOD = (2.0, 7.0, 26.0, 84.0, 14.0)


def cover(sheet: Sheet, book: Book, grids: Mapping[str, Placed]) -> None:
    """Title, verdict, digests, limits, index, and room to sign."""
    report = book.report
    headline = facts.headline(report)
    columns(sheet, _COVER)
    sheet.made.set_row(0, 8)
    titled(sheet, 1, "Segregation of duties: evidence", report.name)
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
        if label == "Ruleset":
            row = _approvals(sheet, row, book)
    row = section(sheet, row + 1, "Limits of this work", 3)
    for limit in (*report.limits, _changes(book)):
        sheet.height(row, [(limit, _COVER[1] + _COVER[2])])
        sheet.made.merge_range(row, 1, row, 3, "", book.formats["wrap"])
        sheet.text(row, 1, limit, "wrap")
        row += 1
    row = section(sheet, row + 1, "Sheets", 3)
    row = _index(sheet, row, grids)
    row = section(sheet, row + 1, "Sign-off", 3)
    for label in ("Name", "Role", "Date", "Conclusion", "Ticket"):
        sheet.made.set_row(row, 24)
        sheet.text(row, 1, label, "label")
        sheet.text(row, 2, "", "blank")
        row += 1
    sheet.made.print_area(0, 0, row, 3)
    if row <= _ONE_PAGE:
        sheet.made.fit_to_pages(1, 1)


def _approvals(sheet: Sheet, row: int, book: Book) -> int:
    """Whether what was used is what was approved: the ruleset, then everything else."""
    for number, line in enumerate(registers.approvals(book.report)):
        text = line.text + ("; see sheet Changes since approval" if line.changes else "")
        sheet.height(row, [(text, _COVER[2])])
        sheet.text(row, 1, "Approval" if number == 0 else "", "label")
        sheet.text(row, 2, text, line.tone)
        row += 1
    return row


def method(sheet: Sheet, book: Book) -> None:
    """How it works, what words mean, and one finding of this run traced by hand."""
    report = book.report
    columns(sheet, _METHOD)
    sheet.made.set_row(0, 8)
    titled(sheet, 1, "Method", "How the findings come about, and how to check one by hand")
    row = section(sheet, 4, "How it works", 4)
    for number, line in enumerate(words.METHOD, start=1):
        row = _line(sheet, row, str(number), line)
    row = section(sheet, row + 1, "Limits of this work", 4)
    for number, line in enumerate(report.limits or ("None stated.",), start=1):
        row = _line(sheet, row, str(number), line)
    row = section(sheet, row + 1, "Trace one finding by hand", 4)
    row = _example(sheet, row, book)
    row = section(sheet, row + 1, "Words", 4)
    for word, meaning in words.GLOSSARY:
        sheet.height(row, [(meaning, _METHOD[3])])
        sheet.text(row, 2, word, "bold")
        sheet.text(row, 3, meaning, "wrap")
        row += 1
    row = section(sheet, row + 1, "Reading this workbook", 4)
    for number, line in enumerate(words.WORKBOOK, start=1):
        row = _line(sheet, row, str(number), line)
    sheet.made.print_area(0, 0, row, 4)


def columns(sheet: Sheet, widths: tuple[float, ...]) -> None:
    """Set the widths of the sheet's columns."""
    for column, width in enumerate(widths):
        sheet.made.set_column(column, column, width)


def titled(sheet: Sheet, row: int, title: str, under: str) -> None:
    """A title and a line under it."""
    sheet.made.set_row(row, 30)
    sheet.text(row, 1, title, "title")
    sheet.made.set_row(row + 1, 17)
    sheet.text(row + 1, 1, under.replace("\n", " "), "subtitle")


def section(sheet: Sheet, row: int, title: str, last: int) -> int:
    """A heading over the columns up to the last; the row after it."""
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
        for part in made.parts:
            about = f"{made.grid.about}. {part.note}" if part.note else made.grid.about
            listed.append((part.name, about, part.rows))
        if made.left:
            listed.append(("", f"{made.grid.title}: further rows, in {made.grid.file}", made.left))
    listed.append(("Method", "how it works, a finding traced by hand, words", None))
    for name, about, rows in listed:
        if name:
            sheet.link(row, 1, name)
        sheet.height(row, [(about, _COVER[2])])
        sheet.text(row, 2, about, "wrap")
        sheet.number(row, 3, rows)
        row += 1
    return row


def _example(sheet: Sheet, row: int, book: Book) -> int:
    found = example(book.report)
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
