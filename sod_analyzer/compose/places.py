"""Places as a reader knows them: key, title, tier, and how severe a rule is there."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from sod_analyzer.catalogue.places import PlaceKind
from sod_analyzer.compose.sentences import PLACE_TITLES
from sod_analyzer.compose.texts import dense
from sod_analyzer.detect.judge import PLACES_OF
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.closure import Keys
from sod_analyzer.model.finding import PLACE_ALL
from sod_analyzer.model.ruleset import Rule, ScopeKind, Severity


@dataclass(frozen=True, slots=True)
class NamedPlaces:
    """The distinct places of many rows; `place` gives each row's."""

    place: npt.NDArray[np.int32]
    key: list[str]
    title: list[str]
    tier: list[str | None]
    rank: Keys  # in the order of the keys


class PlaceNames:
    """Looks up places by number; the number after the last stands for all of them."""

    def __init__(self, engine: Engine, names: Names) -> None:
        self.engine = engine
        self.names = names

    def named(self, number: int) -> tuple[str, str, str | None]:
        """Key, title and tier of a place."""
        if number == self.engine.n_places:
            return PLACE_ALL, PLACE_TITLES[PLACE_ALL], None
        place = self.engine.columns.atlas.places[number]
        if place.kind is PlaceKind.APPLICATION:
            row = self.names.applications[place.key]
            return place.key, row["title"] or place.key, row["tier"]
        if place.kind is PlaceKind.RESOURCE:
            return place.label, place.label, None
        return place.key, PLACE_TITLES.get(place.key, place.key), None

    def severity(self, rule: Rule, number: int) -> Severity:
        """How severe a rule is in a place; of all places, the most severe."""
        if number == self.engine.n_places:
            tiers = [row["tier"] for row in self.names.applications.values()]
            tiers = [t for t in tiers if not rule.only_tiers or t in rule.only_tiers]
            return max((rule.severity_of(t) for t in tiers), default=rule.severity, key=_rank)
        _, _, tier = self.named(number)
        return rule.severity_of(tier)

    def severities(self, rule: Rule, numbers: Keys) -> Keys:
        """The rank of a rule's severity in each of some places."""
        known, (place,) = dense(self.engine.n_places + 1, numbers)
        ranks = [self.severity(rule, number).rank for number in known.tolist()]
        return np.array(ranks, dtype=np.int64)[place]

    def table(self, numbers: Keys) -> NamedPlaces:
        """What readers call the places that occur, by column."""
        known, (place,) = dense(self.engine.n_places + 1, numbers)
        named = [self.named(number) for number in known.tolist()]
        keys = [key for key, _, _ in named]
        rank = {key: n for n, key in enumerate(sorted(set(keys)))}
        return NamedPlaces(
            place,
            keys,
            [title for _, title, _ in named],
            [tier for _, _, tier in named],
            np.array([rank[key] for key in keys], dtype=np.int64),
        )

    def number(self, scope: ScopeKind, key: str, *, cover: bool = False) -> int | None:
        """The place number behind a place key of a rule with this scope; None for "all"."""
        if key == PLACE_ALL:
            return None
        kinds = (PlaceKind.COVER,) if cover else PLACES_OF[scope]
        places = self.engine.columns.atlas.places
        return next(n for n, p in enumerate(places) if p.kind in kinds and p.label == key)


def _rank(severity: Severity) -> int:
    return severity.rank
