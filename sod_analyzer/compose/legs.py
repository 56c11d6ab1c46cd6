"""Legs and hops: how somebody comes to each duty that a place rests on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from sod_analyzer.compose.finding_rows import FindingRows, Passed
from sod_analyzer.compose.trace import Tracer
from sod_analyzer.compose.words import lower_first
from sod_analyzer.detect.results import YES, Member, RuleResult
from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.explain.paths import Guide, Hop, Witness
from sod_analyzer.model.access import GrantKind, NodeKind
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Duty

Row = dict[str, Any]

#: What nobody takes away to mend a finding: that a login is somebody's.
_NOT_REMOVED = frozenset({str(GrantKind.HOLDS)})


class LegWriter:
    """Writes the legs of one finding after the other.

    Cost: one witness per leg.
    """

    def __init__(
        self, engine: Engine, names: Names, duties: Mapping[str, Duty], rows: FindingRows
    ) -> None:
        self.engine = engine
        self.names = names
        self.duties = duties
        self.rows = rows
        self.guide = Guide(engine)
        self.tracer = Tracer(engine, names)
        self.passed = Passed()
        self.attempt: str | None = None
        self._finding = ""

    def begin(self, finding: str) -> None:
        """Start another finding."""
        self._finding = finding
        self.passed = Passed()
        self.attempt = None

    def legs(self, result: RuleResult, row: int, code: int, key: str) -> list[str]:
        """Write the legs of one place of one subject; returns why any of them is unknown."""
        if row in result.edges:
            self._shown(result, row, code, key)
            return []
        reasons = []
        for leg, duty in enumerate(result.rule.duties):
            state = int(result.legs[row, leg])
            if state:
                reasons.append(self._leg(result, row, duty, code, key=key, sure=state == YES))
        return [reason for reason in reasons if reason]

    def member(self, result: RuleResult, place: int, key: str, member: Member) -> None:
        """Write the legs of one of the people whom a rule about a place counts."""
        lens = result.lenses[-1]
        for duty in member.duties:
            witness = self._first(
                [*result.lenses, replace(lens, possible=True)], member.code, duty, place
            )
            if witness is not None:
                self._write(member.code, key, duty, *witness, sure=member.sure, reason=None)

    def ways(self, lens: Lens, code: int, duty: str, spot: int | None) -> tuple[str, ...]:
        """Every way by which a subject holds a duty in a place, in words, sorted."""
        reach = self.engine.at(lens)
        columns, n_ways = self.engine.columns, self.engine.n_ways
        held = []
        for way in columns.ways_of.get(duty, ()):
            sources = (
                list(self.guide.sources(lens, spot, way))
                if spot is not None
                else [self.guide.covers[s] for s in columns.systems_of(duty)]
            )
            if any(reach.ways.at(code, source * n_ways + way) is not None for source in sources):
                held.append(columns.ways[way].text)
        return tuple(sorted(set(held)))

    # -- one leg ---------------------------------------------------------------------------------

    def _leg(
        self, result: RuleResult, row: int, duty: str, code: int, *, key: str, sure: bool
    ) -> str | None:
        """Write a leg and its hops; returns why it is unknown, if it is."""
        number = int(result.place[row])
        spot = None if number == self.engine.n_places else number
        widest = result.lenses[-1]
        # In `unmapped` a leg is never sure, yet what is held is held: look without doubt first.
        candidates = [*result.lenses] if sure or spot == self.engine.unmapped else []
        if result.rule.gates and result.verdict[row] == Verdict.VIOLATION.rank:
            # What makes it a violation and not gated is what is had alone: show that.
            candidates = [*(replace(lens, alone=True) for lens in candidates), *candidates]
        if not sure:
            candidates.append(replace(widest, possible=True))
        found = self._first(candidates, code, duty, spot)
        if found is None:
            blank = self._blank_reason(result, duty)
            self._leg_row(code, key, duty, state="unknown", reason=blank)
            return blank
        lens, witness = found
        reason = None if sure else self.tracer.why_unknown(witness, duty, number)
        self._write(code, key, duty, lens, witness, sure=sure, reason=reason)
        return reason

    def _first(
        self, lenses: Sequence[Lens], code: int, duty: str, spot: int | None
    ) -> tuple[Lens, Witness] | None:
        for lens in lenses:
            witness = self.guide.witness(lens, code, duty, spot)
            if witness is not None:
                return lens, witness
        return None

    def _write(
        self,
        code: int,
        key: str,
        duty: str,
        lens: Lens,
        witness: Witness,
        *,
        sure: bool,
        reason: str | None,
    ) -> None:
        leg = self._leg_row(
            code,
            key,
            duty,
            state="yes" if sure else "unknown",
            reason=reason,
            means=None if lens.possible else replace(lens, alone=False).pair,
            way=self.engine.columns.ways[witness.way].text,
            hops=witness.hops,
        )
        leg["path"] = self.tracer.text(code, witness)
        self._hops(code, key, duty, witness)

    def _shown(self, result: RuleResult, row: int, code: int, key: str) -> None:
        """A result that edges show by themselves, with no duty: a check of logins and groups."""
        check = result.rule.hygiene
        duty = str(check.check) if check else str(result.rule.kind)
        known = result.verdict[row] == Verdict.VIOLATION.rank
        leg = self._leg_row(
            code,
            key,
            duty,
            state="yes" if known else "unknown",
            reason=result.reasons.get(row),
            hops=len(result.edges[row]),
        )
        node = self.names.row(code)
        stated = self.names.place_of(node["source_id"], node["record"])
        leg["path"] = f"{self.names.name(code)} ({stated})"
        witness = Witness(-1, tuple((Hop(edge),) for edge in result.edges[row]))
        if result.edges[row]:
            self._hops(code, key, duty, witness)

    def _hops(self, code: int, key: str, duty: str, witness: Witness) -> None:
        hops = self.tracer.hops(witness)
        self.passed.note(hops)
        holder = self.engine.snapshot.node_ids[code]
        self.rows.hops.extend(
            {"finding_id": self._finding, "place": key, "holder": holder, "duty": duty, **hop}
            for hop in hops
        )
        # The first grant of somebody's own; of a role, what it contains; else that a login is
        # somebody's, which is what leaving ends.
        own = [hop for hop in hops if hop["kind"] not in _NOT_REMOVED]
        first = next((hop for hop in own if hop["from_kind"] != NodeKind.ROLE), None)
        chosen = first or next(iter((*own, *hops)))
        edge = f"{chosen['from_id']} > {chosen['to_id']}"
        self.attempt = f"sod what-if --remove {shlex.quote(edge)}"

    def _leg_row(self, code: int, key: str, duty: str, **values: Any) -> Row:
        known = self.duties.get(duty)
        leg: Row = {
            "finding_id": self._finding,
            "place": key,
            "holder": self.engine.snapshot.node_ids[code],
            "holder_name": self.names.name(code),
            "duty": duty,
            "duty_title": known.title if known else duty.replace("-", " "),
            "hops": 0,
            **values,
        }
        self.rows.legs.append(leg)
        return leg

    def _blank_reason(self, result: RuleResult, duty: str) -> str:
        title = self.duties[duty].title
        if duty in result.dead:
            return f"nothing that was read lets anyone {lower_first(title)}"
        systems = ", ".join(result.blind.get(duty, ())) or "its systems"
        return f"{systems} was not read completely, so who can {lower_first(title)} is unknown"
