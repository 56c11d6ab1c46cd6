"""The grid of duties: which pairs are forbidden, by which rules, how badly."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace

from openpyxl import load_workbook

from sod_analyzer.model.ruleset import Control, Rule, RuleKind, Selector, Severity
from sod_analyzer.report.matrix import write_page, write_sheet
from sod_analyzer.rulebench.crosswalk import crosswalk
from sod_analyzer.rulebench.matrix import Matrix, matrix
from tests.rulebench.small import counting, duty, rule, ruleset

DUTIES = tuple(duty(name, Selector("p", (name,))) for name in ("a", "b", "c", "d", "idle"))


def drawn(*rules: Rule) -> Matrix:
    return matrix(ruleset(*rules, duties=DUTIES))


def texts(grid: Matrix) -> dict[tuple[str, str], str]:
    return {pair: cell.text for pair, cell in grid.cells.items() if pair[0] <= pair[1]}


def test_a_pair_shows_its_rules_and_the_worst_severity() -> None:
    grid = drawn(
        rule("R1-01", duties=("a", "b"), severity=Severity.LOW),
        rule("R1-02", duties=("b", "a"), tiers={"money": Severity.CRITICAL}),
    )

    assert texts(grid) == {("a", "b"): "critical: R1-01, R1-02"}
    assert grid.cell("b", "a") == grid.cell("a", "b")
    assert [each.duty_id for each in grid.duties] == ["a", "b"]


def test_what_takes_more_than_the_pair_is_marked() -> None:
    three = rule("R1-01", duties=("a", "b", "c"), count=3)
    two = rule("R1-02", duties=("a", "b", "c"), count=2)
    team = counting(RuleKind.MIN_PEOPLE, 2, "a", "b", rule_id="R1-03")

    grid = drawn(three, two, team)

    assert texts(grid) == {
        ("a", "b"): "high: R1-01 (3 of 3), R1-02, R1-03 (at least 2 people together)",
        ("a", "c"): "high: R1-01 (3 of 3), R1-02",
        ("b", "c"): "high: R1-01 (3 of 3), R1-02",
    }


def test_rules_about_one_duty_stand_on_the_diagonal() -> None:
    grid = drawn(
        rule("R1-01", duties=("a",), count=1),
        rule("R1-02", kind=RuleKind.ONLY, duties=("a",), count=1),
        counting(RuleKind.MAX_HOLDERS, 7, "b", rule_id="R1-03"),
        rule("R1-04", duties=("c", "d"), count=1),
    )

    assert texts(grid) == {
        ("a", "a"): "high: R1-01, R1-02 (only some)",
        ("b", "b"): "high: R1-03 (at most 7 people)",
        ("c", "c"): "high: R1-04",
        ("d", "d"): "high: R1-04",
    }


def test_legs_made_of_duties_stand_for_those() -> None:
    grid = drawn(
        rule("R1-01", duties=("a+b[prod]", "c[prod]")),
        rule("R1-02", kind=RuleKind.MAY_HOLD_ONLY, duties=("d!a",), count=1),
        rule("R1-03", kind=RuleKind.HYGIENE, duties=(), count=0),
    )

    assert texts(grid) == {
        ("a", "c"): "high: R1-01",
        ("b", "c"): "high: R1-01",
        ("d", "d"): "high: R1-02 (nothing else)",
    }
    assert grid.left_out == ("R1-03",)


def test_rows_are_square_and_symmetric() -> None:
    grid = drawn(rule("R1-01", duties=("a", "b")), rule("R1-02", duties=("b", "c")))

    assert grid.columns == ("duty", "a", "b", "c")
    assert grid.rows() == [
        {"duty": "a", "a": "", "b": "high: R1-01", "c": ""},
        {"duty": "b", "a": "high: R1-01", "b": "", "c": "high: R1-02"},
        {"duty": "c", "a": "", "b": "high: R1-02", "c": ""},
    ]


def hostile() -> Matrix:
    """A grid whose title and duty would act in a sheet and on a page."""
    named = (replace(DUTIES[0], title="=1+1<script>x</script>"), DUTIES[1])
    return matrix(ruleset(rule("R1-01", duties=("a", "b")), duties=named))


def test_the_sheet_has_the_same_cells_as_texts() -> None:
    stream = io.BytesIO()

    write_sheet(hostile(), stream)

    sheet = load_workbook(stream)["Duties"]
    assert [cell.value for cell in sheet[3]] == [None, None, "a", "b"]
    assert [cell.value for cell in sheet[4]][:2] == ["a", "=1+1<script>x</script>"]
    assert sheet.cell(4, 2).data_type == "s"
    assert sheet.cell(4, 4).value == "high\nR1-01"
    assert sheet.cell(5, 3).value == "high\nR1-01"
    with zipfile.ZipFile(stream) as book:
        assert b"<f>" not in b"".join(book.read(name) for name in book.namelist())


def test_the_page_shows_the_same_and_runs_nothing() -> None:
    stream = io.BytesIO()

    write_page(hostile(), stream)

    text = stream.getvalue().decode()
    assert "=1+1&lt;script&gt;x&lt;/script&gt;" in text
    assert "<script" not in text
    assert text.count('<td class="high"><b>high</b>R1-01</td>') == 2
    assert "default-src 'none'; style-src 'sha256-" in text


def test_the_same_grid_gives_the_same_page_twice() -> None:
    one, other = io.BytesIO(), io.BytesIO()

    write_page(hostile(), one)
    write_page(hostile(), other)

    assert one.getvalue() == other.getvalue()


def test_the_crosswalk_lists_rules_and_controls_by_requirement() -> None:
    base = ruleset(
        rule("R1-01", references={"soc2": ("CC6.10", "CC6.3"), "iso": ("A.5.3",)}),
        rule("R1-02", references={"soc2": ("CC6.3",)}),
    )
    control = Control("CC-1", "Review", references={"soc2": ("CC6.3",)})

    assert crosswalk([replace(base, controls=(control,))]) == [
        {"framework": "iso", "requirement": "A.5.3", "rules": ["R1-01"], "controls": []},
        {
            "framework": "soc2",
            "requirement": "CC6.3",
            "rules": ["R1-01", "R1-02"],
            "controls": ["CC-1"],
        },
        {"framework": "soc2", "requirement": "CC6.10", "rules": ["R1-01"], "controls": []},
    ]


def test_a_title_that_looks_like_markup_is_a_text() -> None:
    markup = '<r><t/></r></is></c></row><row r="9"><c r="A9" t="inlineStr"><is><r><t>x</t></r>'
    titled = tuple(replace(each, title=markup) for each in DUTIES)
    grid = matrix(ruleset(rule("R1-01", duties=("a", "b")), duties=titled))
    stream = io.BytesIO()

    write_sheet(grid, stream)

    sheet = load_workbook(io.BytesIO(stream.getvalue()))["Duties"]
    assert sheet["B4"].value == markup
