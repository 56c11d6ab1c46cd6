"""Means and certainty as findings print them, compared as the engine compares them."""

from __future__ import annotations

import re

from sod_analyzer.evaluate.lens import Lens, best_pairs
from sod_analyzer.model.ruleset import Certainty, Means

_PAIR = re.compile(
    r"(?P<means>held|eligible|self-grant)(?: by (?P<changes>[0-9]+) own changes?)?, "
    r"(?P<certainty>sure|conditional)"
)


def as_good(one: str, other: str) -> bool:
    """Whether whoever has access as in `one` is at least as strong as in `other`.

    Two pairs of which each is better in one respect are not comparable: false both ways. A text
    that is no pair is as good as itself only.
    """
    lens, compared = _lens(one), _lens(other)
    if one == other or lens is None or compared is None:
        return one == other
    return lens == compared or compared not in best_pairs([lens, compared])


def _lens(pair: str) -> Lens | None:
    found = _PAIR.fullmatch(pair)
    if found is None:
        return None
    return Lens(
        means=Means(found["means"]),
        changes=int(found["changes"] or 0),
        conditional=found["certainty"] == Certainty.CONDITIONAL,
    )
