"""The modes of the benchmark run, and the page takes what they measured."""

from __future__ import annotations

import re
import sys
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tests.benchmarks import answers, growth, page, questions, shapes
from tests.benchmarks.comparing import Compared, same
from tests.benchmarks.running import Run, RunError, python, run
from tests.benchmarks.world import make, size_of

TINY = size_of("1000")


def _compared(tmp_path: Path) -> Compared:
    facts = make(TINY, tmp_path / "world")
    return Compared(
        facts,
        floor=Run("floor-texts", 2.0, 3.0, 700.0),
        whole=Run("sod run", 5.0, 8.0, 1_000.0),
        stage=Run("sod stage", 1.0, 1.0, 500.0, {"read": 0.1, "reach": 0.5}),
        peers=(
            Run("duckdb-union-whole", 6.0, 9.0, 800.0, {"reach": 2.0}),
            Run("duckdb-masks-codes", 7.0, 9.0, 800.0, {"reach": 1.5}),
            Run("networkx-condensation", 30.0, 30.0, 900.0, {"reach": 11.0}),
            Run(
                "networkx-per-person",
                100.0,
                99.0,
                3_000.0,
                {"reach": 4.0},
                {"sample": 10, "people": 1_000},
            ),
        ),
        written_mb=12.0,
    )


@pytest.mark.parametrize("name", list(shapes.SHAPES))
def test_a_bad_shape_is_judged_rightly(tmp_path: Path, name: str) -> None:
    make_shape, _ = shapes.SHAPES[name]
    shapes.write(make_shape(2_000), tmp_path / name)

    shapes.judge(tmp_path / name, tmp_path / "out")


@pytest.mark.parametrize("length", [1, 50])
def test_bots_that_hold_bots_are_followed_to_the_end(length: int) -> None:
    shapes.judge_bots(length)


def test_a_sample_stands_for_everybody(tmp_path: Path) -> None:
    slow = _compared(tmp_path).peers[-1]

    assert slow.scale == 100
    assert slow.reach == pytest.approx(400.0)
    assert slow.whole == pytest.approx(100.0 + 396.0)


def test_the_table_tells_ratios_to_the_floor_and_to_ours(tmp_path: Path) -> None:
    lines = page.comparison(_compared(tmp_path))

    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert cells[3] == ["`sod run`", "5.00", "2.5", "1.00", "8.00", "1,000", "0.50", "1.0"]
    assert cells[4][:4] == ["DuckDB, UNION, the whole job", "6.00", "3.0", "1.20"]
    assert cells[7][0].endswith("(extrapolated from 10 of 1,000 people)")
    assert cells[7][6:] == ["400", "800.0"]


def test_targets_are_held_against_the_best_of_each_peer(tmp_path: Path) -> None:
    told = {what: found for what, found, _ in page.targets({"clean": _compared(tmp_path)})}

    assert told["whole process, x floor, at most"] == pytest.approx(2.5)
    assert told["reach and rules, DuckDB's best x ours, at least"] == pytest.approx(3.0)
    assert told["reach and rules, per person x ours, at least"] == pytest.approx(800.0)
    assert told["whole process, fastest peer that does it all x ours, at least"] == pytest.approx(
        1.2
    )
    lines = page.target_lines(page.targets({"clean": _compared(tmp_path)}))
    assert [line for line in lines if "not met" in line] == [
        "| reach and rules, per person x ours, at least | 1,000 | 800.00 | not met |"
    ]


def test_the_page_keeps_what_stands_around_its_marks(tmp_path: Path) -> None:
    where = tmp_path / "page.md"
    where.write_text("a\n<!-- measured: M -->\nold\n<!-- end of M -->\nb\n", encoding="utf-8")

    page.put("M", ["new"], page=where)
    page.put("M", ["newer"], page=where)

    text = where.read_text(encoding="utf-8")
    assert text == "a\n<!-- measured: M -->\n\nnewer\n\n<!-- end of M -->\nb\n"
    with pytest.raises(ValueError, match="no place for L"):
        page.put("L", [], page=where)


def test_the_page_has_a_place_for_everything_that_is_measured() -> None:
    text = page.PAGE.read_text(encoding="utf-8")

    assert re.findall(r"<!-- measured: (\w+) -->", text) == [
        "L", "M", "S", "growth", "shapes", "cloud"
    ]  # fmt: skip


def test_the_plot_is_a_picture_with_a_point_for_each_measurement() -> None:
    drawn = growth.drawn({"one": [(3, 4.0), (20, 22.5)], "other": [(3, 1.0), (20, 7.0)]})

    root = ET.fromstring(drawn)  # noqa: S314 - our own text
    circles = [part for part in root if part.tag.endswith("circle")]
    assert len(circles) == 4


def test_a_wrong_answer_and_a_failing_process_are_refused(tmp_path: Path) -> None:
    shapes.write(shapes.collector(3), tmp_path / "one")
    shapes.write(shapes.crowd(5), tmp_path / "two")
    one, two = (answers.expected(tmp_path / name) for name in ("one", "two"))
    same(one, two, name="both break it, person 0")

    with pytest.raises(RunError, match="1 are missing, 0 are not so"):
        same(one[:0], one, name="nobody")
    with pytest.raises(RunError, match="world failed: usage"):
        run("world", python("tests.benchmarks.world"))


def test_a_process_is_measured_by_itself_and_not_with_whoever_starts_it() -> None:
    """This one has numpy loaded; the smallest process must still look small."""
    small = run("small", [sys.executable, "-S", "-c", "pass"])
    large = run("large", [sys.executable, "-S", "-c", "bytearray(200_000_000)"])

    assert small.peak_mb < 40
    assert large.peak_mb > 190
    assert 0 < small.cpu <= small.wall * 4


def test_questions_are_measured_on_the_folder_of_a_run(tmp_path: Path) -> None:
    make(TINY, tmp_path / "world")
    config = tmp_path / "world" / "sod.yaml"
    command = python("sod_analyzer", "import", "--config", config, "--out", tmp_path / "out")
    run("sod import", command)

    runs = questions.ask(tmp_path / "out")

    assert len(runs) == 4
    assert all(one.wall > 0 and one.peak_mb > 5 for one in runs)
    assert len(questions.lines(runs)) == 6
