"""The path of a finding as inline SVG: the subject at the left, one lane per duty and part.

Drawn in Python, so it needs no script, prints, and its text can be read and searched. Positions
follow from the number of hops: no box is ever cut.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from sod_analyzer.report.text import page_text

_BOX = 156
_HEIGHT = 58
_GAP = 76
#: Room before the first box: the fan from the subject, then the way back of a longer lane.
_FAN = 96
_TRUNK, _BACK = 12, 28
_PAD = 4
_TOP = 26
#: Boxes of a lane side by side; a longer lane goes on below, so the page need not scroll.
_ACROSS = 4
_ROW = _HEIGHT + 30
_LANE = _HEIGHT + 42
#: Letters that fit one line of a box in the widest common fonts.
_LETTERS = 18


@dataclass(frozen=True, slots=True)
class Node:
    """One box."""

    kind: str
    node_id: str
    name: str


@dataclass(frozen=True, slots=True)
class Edge:
    """One arrow to the next box."""

    kind: str
    note: str | None
    target: Node


@dataclass(frozen=True, slots=True)
class Lane:
    """One way from the subject to a right, or the reason why it is not known."""

    title: str
    edges: tuple[Edge, ...]
    unknown: str | None = None


def drawing(subject: Node, lanes: Sequence[Lane]) -> Markup:
    """The SVG of all lanes; empty text when there is no lane."""
    if not lanes:
        return Markup("")
    across = min(max(max(len(lane.edges), 1) for lane in lanes), _ACROSS)
    width = 2 * _PAD + (across + 1) * _BOX + _FAN + (across - 1) * _GAP
    tops, bottom = [], _TOP
    for lane in lanes:
        tops.append(bottom)
        bottom += _LANE + _ROW * ((max(len(lane.edges), 1) - 1) // _ACROSS)
    height = bottom - _LANE + _HEIGHT + _PAD
    middle = (tops[0] + tops[-1]) // 2
    said = "; ".join(f"{lane.title}: {_spoken(lane)}" for lane in lanes)
    parts = [
        Markup(
            '<svg class="path" role="img" width="%d" height="%d" viewBox="0 0 %d %d" '
            'aria-label="%s">'
        )
        % (width, height, width, height, page_text(f"Paths of {subject.name}. {said}")),
        _box(subject, _PAD, middle),
    ]
    parts += [_lane(lane, top, middle) for lane, top in zip(lanes, tops, strict=True)]
    return Markup("").join([*parts, Markup("</svg>")])


def _spoken(lane: Lane) -> str:
    if lane.unknown is not None:
        return f"not known, {lane.unknown}"
    return ", ".join(f"{edge.kind} {edge.target.name}" for edge in lane.edges)


def _lane(lane: Lane, top: int, from_top: int) -> Markup:
    fan = _PAD + _BOX
    first = fan + _FAN
    parts = [
        Markup('<text class="lane" x="%d" y="%d">%s</text>')
        % (first, top - 9, _short(lane.title, 3 * _LETTERS))
    ]
    known = bool(lane.edges)
    edges = lane.edges or (Edge("", None, Node("not known", "", lane.unknown or "no path")),)
    for number, edge in enumerate(edges):
        row, column = divmod(number, _ACROSS)
        left, box_top = first + column * (_BOX + _GAP), top + row * _ROW
        middle = box_top + _HEIGHT // 2
        room = _GAP
        if number == 0:
            line = f"M{fan} {from_top + _HEIGHT // 2}H{fan + _TRUNK}V{middle}"
            room = _FAN - _TRUNK
        elif column == 0:
            last = first + (_ACROSS - 1) * (_BOX + _GAP) + _BOX // 2
            line = f"M{last} {box_top - _ROW + _HEIGHT}V{box_top - 15}H{fan + _BACK}V{middle}"
            room = _FAN - _BACK
        else:
            line = f"M{left - _GAP} {middle}"
        at = (left - 3, middle, room)
        parts.append(_arrow(edge, f"{line}H{left - 8}", at, dashed=not known))
        parts.append(_box(edge.target, left, box_top, known=known))
    return Markup("").join(parts)


def _arrow(edge: Edge, line: str, at: tuple[int, int, int], *, dashed: bool) -> Markup:
    """The line, its tip at the given place, and its label in the room before the tip."""
    tip, height, room = at
    style = "edge dashed" if dashed or edge.note else "edge"
    middle = tip - room // 2 + 2
    label = Markup('<text class="by" x="%d" y="%d">%s</text>') % (
        middle,
        height - 7,
        _short(edge.kind, room * 10 // 58),
    )
    if edge.note:
        label += Markup('<text class="by note" x="%d" y="%d">%s<title>%s</title></text>') % (
            middle,
            height + 15,
            _short(edge.note.replace("conditional: ", "if "), room * 10 // 66),
            page_text(edge.note),
        )
    drawn = Markup('<path class="%s" d="%s"/><path class="tip" d="M%d %dl-7 -4v8z"/>')
    return drawn % (style, line, tip, height) + label


def _box(node: Node, left: int, top: int, *, known: bool = True) -> Markup:
    style = node.kind if known else "unknown"
    lines = _lines(node.name)
    first = 38 if len(lines) == 1 else 34
    text = Markup("").join(
        Markup('<text class="name" x="%d" y="%d">%s</text>')
        % (left + 12, top + first + 15 * number, line)
        for number, line in enumerate(lines)
    )
    full = f"{node.kind}: {node.name}" + (f" ({node.node_id})" if node.node_id else "")
    box = Markup(
        '<g class="box %s"><title>%s</title><rect x="%d" y="%d" width="%d" height="%d" rx="7"/>'
        '<path class="side" d="M%d %dv%d"/><text class="kind" x="%d" y="%d">%s</text>%s</g>'
    )
    side = (left + 4, top + 7, _HEIGHT - 14)
    word = (left + 12, top + 17, node.kind)
    return box % (style, page_text(full), left, top, _BOX, _HEIGHT, *side, *word, text)


def _lines(name: str) -> list[str]:
    """The name on one or two lines; the middle gives way, since both ends tell names apart."""
    shown = page_text(name).replace("\n", " ").replace("\t", " ").strip() or "(no name)"
    if _letters(shown) <= _LETTERS:
        return [shown]
    wide = _LETTERS * len(shown) // _letters(shown)
    cut = _break(shown, wide)
    head, tail = shown[:cut], shown[cut:].lstrip()
    if _letters(tail) > _LETTERS:
        tail = "…" + tail[-(wide - 1) :]
    return [head, tail]


def _break(text: str, wide: int) -> int:
    """Where to end the first line: after a separator near its end, else where it is full."""
    for position in range(wide, wide // 2, -1):
        if text[position - 1] in " /-,.@:":
            return position
    return wide


def _letters(text: str) -> int:
    """Width in letters; characters outside Latin, Greek and Cyrillic count double."""
    if text.isascii():
        return len(text)
    return sum(2 if character > "\u1100" else 1 for character in text)


def _short(text: str, most: int) -> str:
    shown = page_text(text).replace("\n", " ")
    return shown if len(shown) <= most else shown[: most - 1] + "…"
