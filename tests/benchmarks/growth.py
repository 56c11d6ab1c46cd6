"""Time from M to twice L, and its plot: it should be a straight line."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from tests.benchmarks import page
from tests.benchmarks.comparing import Compared, compare, floor_of, world_at
from tests.benchmarks.world import size_of
from tests.conftest import ROOT

#: By people: M, half of L, L, one and a half of L, twice L.
SIZES = ("M", "500000", "L", "1500000", "2000000")
PLOT = ROOT / "docs" / "images" / "growth.svg"

_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 56, 20, 20, 48

Points = Sequence[tuple[float, float]]


def measure(worlds: Path, scratch: Path, *, page_: Path, plot: Path = PLOT) -> None:
    """Run ours at every size and write a table and the plot."""
    done: list[Compared] = []
    for name in SIZES:
        world = world_at(size_of(name), worlds, kind="clean")
        done.append(compare(world, scratch, floor=floor_of(world, scratch), peers=()))
        sys.stdout.write(f"{name}: {done[-1].whole.wall:.1f} s\n")
    header = ("memberships", "floor, s", "`sod run`, s", "s per million", "peak MB",
        "reach and rules, s")  # fmt: skip
    rows = []
    for one in done:
        millions = one.facts.memberships / 1e6
        rows.append(
            (
                f"{one.facts.memberships:,}",
                page.seconds(one.floor.wall),
                page.seconds(one.whole.wall),
                f"{one.whole.wall / millions:.2f}",
                f"{one.whole.peak_mb:,.0f}",
                page.seconds(one.stage.reach or 0.0),
            )
        )
    page.put("growth", [page.machine(), "", *page.table(header, rows)], page=page_)
    at = [one.facts.memberships / 1e6 for one in done]
    plot.write_text(
        drawn(
            {
                "sod run": list(zip(at, (one.whole.wall for one in done), strict=True)),
                "pyarrow: read and code": list(
                    zip(at, (one.floor.wall for one in done), strict=True)
                ),
            }
        ),
        encoding="utf-8",
    )


def drawn(series: dict[str, Points]) -> str:
    """Lines through points from the origin's corner, as SVG: the x axis is memberships."""
    right = _round_up(max(x for points in series.values() for x, _ in points))
    top = _round_up(max(y for points in series.values() for _, y in points))

    def at(x: float, y: float) -> tuple[float, float]:
        across = _LEFT + x / right * (_WIDTH - _LEFT - _RIGHT)
        down = _HEIGHT - _BOTTOM - y / top * (_HEIGHT - _TOP - _BOTTOM)
        return round(across, 1), round(down, 1)

    size = f'viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12"'
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" {size} role="img">',
        "<title>Seconds by memberships</title>",
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for step in range(6):
        x, y = at(right * step / 5, 0)
        parts.append(f'<text x="{x}" y="{y + 18}" text-anchor="middle">{right * step / 5:g}</text>')
        x, y = at(0, top * step / 5)
        far, _ = at(right, 0)
        parts.append(f'<path d="M{x} {y}H{far}" stroke="#ddd"/>')
        parts.append(f'<text x="{x - 6}" y="{y + 4}" text-anchor="end">{top * step / 5:g}</text>')
    middle = (_WIDTH + _LEFT) // 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">million memberships</text>'
    )
    parts.append(f'<text x="8" y="{_TOP - 6}">seconds</text>')
    for number, (name, points) in enumerate(series.items()):
        colour = ("#0b5394", "#888")[number % 2]
        path = " ".join(f"{x},{y}" for x, y in (at(*point) for point in points))
        parts.append(f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>')
        parts += [
            f'<circle cx="{x}" cy="{y}" r="3.5" fill="{colour}"/>'
            for x, y in (at(*point) for point in points)
        ]
        parts.append(
            f'<text x="{_LEFT + 12}" y="{_TOP + 16 + 18 * number}" fill="{colour}">{name}</text>'
        )
    return "\n".join([*parts, "</svg>", ""])


def _round_up(value: float) -> float:
    """A round number not below this one, five times a round step."""
    step = 1.0
    while True:
        for factor in (1, 2, 4):
            if value <= 5 * step * factor:
                return 5 * step * factor
        step *= 10
