"""Places of violations as mitigations are weighed against them: only those that it takes."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose.findings import Findings
from sod_analyzer.compose.gathered import means_of
from sod_analyzer.detect.standing import PlaceKey, place_key
from sod_analyzer.explain.walks import Walks
from sod_analyzer.graph.closure import UNREACHED, Keys
from sod_analyzer.model.finding import PLACE_ALL, UNRESTRICTED_RULE, Verdict
from sod_analyzer.model.mitigation import BrokenPlace, Mitigation


class Broken:
    """The broken places of some findings, before any mitigation.

    Cost: an object for each place that a register mentions. Of rules in which it mentions
    something that is not broken, one for every place, to find what may have been meant.
    """

    def __init__(self, found: Findings) -> None:
        self._found = found
        self._spots = found.gathered.spots
        self._heads = found.gathered.heads
        own = np.array([r.rule.rule_id == UNRESTRICTED_RULE for r in found.results], dtype=bool)
        rule = self._heads.rule[self._spots.finding]
        self._broken = (self._spots.verdict == Verdict.VIOLATION.rank) & ~own[rule]

    def __len__(self) -> int:
        return int(self._broken.sum())

    def all(self) -> list[BrokenPlace]:
        """Every broken place."""
        return self._made(np.flatnonzero(self._broken), None)

    def of(self, register: Iterable[Mitigation]) -> list[BrokenPlace]:
        """What it takes to weigh a register."""
        register = list(register)
        wanted = {place_key(m) for m in register}
        for m in register:
            for who in (m.performer, m.approver):
                wanted |= {(m.rule_id, who, m.place), (m.rule_id, who, PLACE_ALL)}
        spots = self.spots_of(wanted)
        missing = {m.rule_id for m in register if place_key(m) not in spots}
        rule = self._heads.rule[self._spots.finding]
        told = np.array([r.rule.rule_id in missing for r in self._found.results], dtype=bool)
        chosen = self._broken & told[rule]
        chosen[[spot for each in spots.values() for spot in each]] = True
        # One of every rule, so that a misspelt rule is told from a rule that nobody breaks.
        rows = np.flatnonzero(self._broken)
        first = np.full(len(told), -1, dtype=np.int64)
        first[rule[rows[::-1]]] = rows[::-1]
        chosen[first[first >= 0]] = True
        return self._made(np.flatnonzero(chosen), {s for each in spots.values() for s in each})

    def spots_of(self, keys: Collection[PlaceKey]) -> Mapping[PlaceKey, Sequence[int]]:
        """The broken spots behind some keys; those that are not broken are left out."""
        subjects = pa.array(sorted({subject for _, subject, _ in keys}), pa.string())
        known = pc.is_in(self._found.ids.key, value_set=subjects)
        near = np.asarray(known.to_numpy(zero_copy_only=False), dtype=bool)
        rows = np.flatnonzero(self._broken & near[self._spots.finding])
        found: dict[PlaceKey, list[int]] = {}
        for spot, key in zip(rows.tolist(), self._keys(rows), strict=True):
            if key in keys:
                found.setdefault(key, []).append(spot)
        return found

    def _keys(self, rows: Keys) -> list[PlaceKey]:
        finding = self._spots.finding[rows]
        rules = [result.rule.rule_id for result in self._found.results]
        subjects = self._found.ids.key.take(pa.array(finding)).to_pylist()
        named = self._found.writer.places.table(self._spots.place[rows])
        return [
            (rules[rule], subject, named.key[place])
            for rule, subject, place in zip(
                self._heads.rule[finding].tolist(), subjects, named.place.tolist(), strict=True
            )
        ]

    def _made(self, rows: Keys, with_ways: Collection[int] | None) -> list[BrokenPlace]:
        ways = self._ways(rows if with_ways is None else np.array(sorted(with_ways), np.int64))
        found = self._found
        made = []
        for spot, (rule_id, subject, place) in zip(rows.tolist(), self._keys(rows), strict=True):
            result = found.results[self._heads.rule[self._spots.finding[spot]]]
            rule, row = result.rule, int(self._spots.row[spot])
            counts = rule.kind.counts_people
            means = () if counts else means_of(result, result.pairs[row])
            made.append(
                BrokenPlace(
                    rule_id,
                    rule.digest,
                    subject,
                    place,
                    means,
                    ways.get(spot, {}),
                    rule.controls,
                    rule.control_max_days,
                )
            )
        return made

    # -- by which ways ---------------------------------------------------------------------------

    def _ways(self, rows: Keys) -> Mapping[int, Mapping[str, tuple[str, ...]]]:
        """By spot, every way by which each duty is held there, in words, sorted."""
        found: dict[int, Mapping[str, tuple[str, ...]]] = {}
        of_rule = self._heads.rule[self._spots.finding[rows]]
        for number in np.unique(of_rule).tolist():
            mine = rows[of_rule == number]
            if self._found.results[number].rule.kind.counts_people:
                found |= {spot: self._holders(number, spot) for spot in mine.tolist()}
            else:
                found |= self._held(number, mine)
        return found

    def _held(self, number: int, rows: Keys) -> Mapping[int, Mapping[str, tuple[str, ...]]]:
        result = self._found.results[number]
        engine, lens = self._found.writer.engine, result.lenses[-1]
        subject = self._heads.code[self._spots.finding[rows]]
        place = self._spots.place[rows]
        choices = Walks(engine).choices
        keys = {
            (spot, duty): choices.keys(lens, subject[n : n + 1], duty, place[n : n + 1])
            for n, spot in enumerate(rows.tolist())
            for duty in result.rule.duties
        }
        none = np.empty(0, dtype=np.int64)
        ways = engine.traced(lens, np.concatenate([none, *keys.values()])).ways
        held: dict[int, dict[str, tuple[str, ...]]] = {spot: {} for spot in rows.tolist()}
        for (spot, duty), each in keys.items():
            known = each[ways.distance_at(each) < UNREACHED] % engine.n_ways
            if len(known):
                texts = {engine.columns.ways[way].text for way in known.tolist()}
                held[spot][duty] = tuple(sorted(texts))
        return held

    def _holders(self, number: int, spot: int) -> Mapping[str, tuple[str, ...]]:
        """Who has each duty: a control stands for these people, and for nobody who comes later."""
        held: dict[str, set[str]] = {}
        for member in self._found.results[number].counts[self._spots.row[spot]].members:
            for duty in member.duties:
                held.setdefault(duty, set()).add(self._found.writer.names.subject(member.code)[1])
        return {duty: tuple(sorted(keys)) for duty, keys in sorted(held.items())}
