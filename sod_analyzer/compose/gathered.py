"""Verdicts as arrays: findings, the places of each, and the legs that want a witness.

A *spot* is one place of one finding. Spots stand finding by finding in the order of the rules, and
within a finding in the order of place numbers, which is the order that sentences tell them in.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from sod_analyzer.compose.places import PlaceNames
from sod_analyzer.compose.small_teams import SmallTeams
from sod_analyzer.compose.texts import NOTHING, Lexicon, distinct_bits
from sod_analyzer.detect.combination import duties_needed
from sod_analyzer.detect.judge import RuleResult
from sod_analyzer.detect.results import UNKNOWN, YES, Count, Member
from sod_analyzer.evaluate.lens import Lens, best_pairs
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.graph.closure import Keys, distinct
from sod_analyzer.model.finding import UNRESTRICTED_RULE, Verdict
from sod_analyzer.model.ruleset import Rule, RuleKind

Bits = npt.NDArray[np.bool_]

#: Of those whom a rule counts in one place, so many are shown with their paths; all are counted.
SHOWN = 200


@dataclass(frozen=True, slots=True)
class Heads:
    """Findings. Parallel arrays."""

    rule: Keys  # number of the result that it comes from
    code: Keys  # node code of the subject; -1 of a finding about a place
    means: Keys  # lexicon number
    folded: Bits  # what breaks it follows from unrestricted access


@dataclass(frozen=True, slots=True)
class Spots:
    """Places of findings. Parallel arrays; verdicts and severities by rank."""

    finding: Keys
    place: Keys  # place number, `n_places` for all
    verdict: Keys
    severity: Keys
    means: Keys  # lexicon numbers from here on, `NOTHING` for none
    reason: Keys
    small_team: Keys
    row: Keys  # row of the result that it comes from, or which of its counts

    def __len__(self) -> int:
        return len(self.finding)


@dataclass(frozen=True, slots=True)
class Legs:
    """Legs that want a witness. Parallel arrays; legs of a spot follow each other."""

    spot: Keys
    subject: Keys  # node code of the holder
    duty: Keys
    sure: Bits
    chain: Keys  # lenses to look through, one after the other
    blank: Keys  # lexicon number of what is said where no lens sees it; `DROPPED`: nothing at all

    @classmethod
    def none(cls) -> Legs:
        """No legs."""
        empty = np.empty(0, dtype=np.int64)
        return cls(empty, empty, empty, empty > 0, empty, empty)


#: A leg that is left out where no lens sees it.
DROPPED = -2
#: A reason that the legs of the spot will give.
PENDING = -2


@dataclass(frozen=True, slots=True)
class Shown:
    """A spot that edges show by themselves, with no duty."""

    spot: int
    subject: int
    duty: int
    sure: bool
    reason: int
    edges: tuple[int, ...]


@dataclass
class Gathered:
    """Everything that results say, as arrays, before any witness is looked for."""

    heads: Heads
    spots: Spots
    legs: Legs
    duties: list[str]  # by the numbers that legs use
    chains: list[tuple[Lens, ...]]
    shown: list[Shown]
    means: Lexicon
    reasons: Lexicon
    teams: Lexicon
    #: By rule: subjects of whom nobody can say only because nothing lets anyone do the rest. They
    #: are told as one line on the rule, and counted there.
    waiting: dict[str, Keys]


@dataclass
class _Pieces:
    """Arrays of the same names, to be joined."""

    rows: dict[str, list[npt.NDArray[np.int64]]] = field(default_factory=dict)

    def add(self, **columns: npt.NDArray[np.generic] | Sequence[int]) -> None:
        for name, values in columns.items():
            self.rows.setdefault(name, []).append(np.asarray(values, dtype=np.int64))

    def joined(self, name: str) -> Keys:
        return np.concatenate([np.empty(0, dtype=np.int64), *self.rows.get(name, [])])


class Gatherer:
    """Gathers results one after the other.

    Cost: a few passes over each result's arrays; texts once per distinct place and means.
    """

    def __init__(
        self, engine: Engine, places: PlaceNames, teams: SmallTeams, duties: Iterable[str]
    ) -> None:
        self.engine = engine
        self.places = places
        self.teams = teams
        self.duties = {duty: number for number, duty in enumerate(duties)}
        self._heads, self._spots, self._legs = _Pieces(), _Pieces(), _Pieces()
        self._chains: dict[tuple[Lens, ...], int] = {}
        self._shown: list[Shown] = []
        self._waiting: dict[str, Keys] = {}
        self._means, self._reasons, self._small = Lexicon(), Lexicon(), Lexicon()
        self._n_rules = self._n_heads = self._n_spots = 0

    def done(self) -> Gathered:
        """What has been gathered."""
        heads, spots, legs = self._heads, self._spots, self._legs
        return Gathered(
            Heads(
                heads.joined("rule"),
                heads.joined("code"),
                heads.joined("means"),
                heads.joined("folded") > 0,
            ),
            Spots(*(spots.joined(name) for name in Spots.__slots__)),
            Legs(
                legs.joined("spot"),
                legs.joined("subject"),
                legs.joined("duty"),
                legs.joined("sure") > 0,
                legs.joined("chain"),
                legs.joined("blank"),
            ),
            list(self.duties),
            list(self._chains),
            self._shown,
            self._means,
            self._reasons,
            self._small,
            self._waiting,
        )

    # -- rules about one subject -----------------------------------------------------------------

    def subjects(self, result: RuleResult, gate: str, blanks: Sequence[str]) -> None:
        """A result about subjects: what its gates ask, and of each duty why it is unknown."""
        rows = self._told(result)
        subject, place, verdict = result.subject[rows], result.place[rows], result.verdict[rows]
        begins = np.ones(len(rows), dtype=bool)
        begins[1:] = subject[1:] != subject[:-1]
        starts = np.flatnonzero(begins)
        head = self._n_heads + np.cumsum(begins) - 1
        pairs, broken = result.pairs[rows], result.broken[rows]
        self._heads.add(
            rule=np.full(len(starts), self._n_rules),
            code=result.subjects.start + subject[starts],
            means=self._pairs(result, _any(pairs & broken[:, None], starts)),
            folded=_any(broken[:, None], starts)[:, 0]
            & ~_any((broken & ~result.folded[rows])[:, None], starts)[:, 0],
        )
        self._spots.add(
            finding=head,
            place=place,
            verdict=verdict,
            severity=self.places.severities(result.rule, place),
            means=self._pairs(result, pairs),
            reason=self._stated(result, rows, verdict, gate),
            small_team=self._teams(result.rule, place, verdict),
            row=rows,
        )
        self._wanted(result, rows, blanks)
        self._n_rules += 1
        self._n_heads += len(starts)
        self._n_spots += len(rows)

    def _told(self, result: RuleResult) -> Keys:
        """Row numbers that become findings: all but those that wait for a duty nobody can have."""
        dead = [n for n, duty in enumerate(result.rule.duties) if duty in result.dead]
        if not dead:
            return np.arange(len(result.subject))
        others = np.delete(result.legs, dead, axis=1)
        stated = np.zeros(len(result.subject), dtype=bool)
        stated[list(result.reasons)] = True
        waits = (
            (result.verdict == Verdict.NOT_EVALUABLE.rank)
            & (np.sum(others >= UNKNOWN, axis=1) < duties_needed(result.rule))
            & ~stated
        )
        # What is declared not to be used is had by nobody, and leaves nothing to wait for.
        columns = self.engine.columns
        open_ = sum(not columns.is_absent(duty) for duty in result.dead)
        still = waits & (np.sum(others >= UNKNOWN, axis=1) + open_ >= duties_needed(result.rule))
        waiting = distinct(result.subject[still]) + result.subjects.start
        self._waiting[result.rule.rule_id] = waiting
        return np.flatnonzero(~waits)

    def _pairs(self, result: RuleResult, pairs: Bits) -> Keys:
        """The best pairs of each row, told once per distinct combination."""
        if not len(pairs):
            return np.empty(0, dtype=np.int64)
        shown, code = distinct_bits(pairs)
        told = [means_of(result, pairs[row]) for row in shown.tolist()]
        return self._means.numbers("; ".join(each) or None for each in told)[code]

    def _stated(self, result: RuleResult, rows: Keys, verdict: Keys, gate: str) -> Keys:
        """Why each row is not a plain violation, as far as no witness is needed to say so."""
        reason = np.full(len(rows), NOTHING, dtype=np.int64)
        reason[verdict == Verdict.GATED.rank] = self._reasons.number(gate)
        needs = verdict == Verdict.NOT_EVALUABLE.rank
        if result.rule.kind is RuleKind.HYGIENE:
            needs |= True
        reason[needs] = PENDING
        if result.reasons:
            stated = np.fromiter(result.reasons, dtype=np.int64, count=len(result.reasons))
            told = np.array([self._reasons.number(text) for text in result.reasons.values()])
            by_row = np.full(len(result.subject), PENDING, dtype=np.int64)
            by_row[stated] = told
            known = needs & (by_row[rows] != PENDING)
            reason[known] = by_row[rows][known]
        return reason

    def _teams(self, rule: Rule, place: Keys, verdict: Keys) -> Keys:
        small = np.full(len(place), NOTHING, dtype=np.int64)
        if rule.rule_id == UNRESTRICTED_RULE:
            return small
        mine = verdict == Verdict.VIOLATION.rank
        where = np.flatnonzero(np.bincount(place[mine], minlength=self.engine.n_places + 1))
        told = np.full(self.engine.n_places + 1, NOTHING, dtype=np.int64)
        told[where] = self._small.numbers(self.teams.notes(rule, where))
        small[mine] = told[place[mine]]
        return small

    # -- legs ------------------------------------------------------------------------------------

    def _wanted(self, result: RuleResult, rows: Keys, blanks: Sequence[str]) -> None:
        """The legs of each row: what edges show, else a witness for every duty."""
        states = result.legs[rows]
        if result.edges:
            by_edges = np.zeros(len(result.subject), dtype=bool)
            by_edges[list(result.edges)] = True
            shown = np.flatnonzero(by_edges[rows])
            states = states * ~by_edges[rows][:, None]
            self._shown += self._by_edges(result, rows, shown)
        row, duty = np.nonzero(states)
        if not len(row):
            return
        sure = states[row, duty] == YES
        place, verdict = result.place[rows][row], result.verdict[rows][row]
        numbers = np.array([self.duties[each] for each in result.rule.duties], dtype=np.int64)
        blank = self._reasons.numbers(blanks)
        self._legs.add(
            spot=self._n_spots + row,
            subject=result.subjects.start + result.subject[rows][row],
            duty=numbers[duty],
            sure=sure,
            chain=self._chained(result, sure, place, verdict),
            blank=blank[duty],
        )

    def _chained(self, result: RuleResult, sure: Bits, place: Keys, verdict: Keys) -> Keys:
        """Which lenses are looked through for each leg, the narrowest first."""
        # In `unmapped` a leg is never sure, yet what is held is held: look without doubt first.
        known = sure | (place == self.engine.unmapped)
        # What makes it a violation and not gated is what is had alone: show that.
        gated = bool(result.rule.gates) & (verdict == Verdict.VIOLATION.rank)
        code = known + 2 * gated + 4 * ~sure
        number = np.zeros(8, dtype=np.int64)
        for each in np.flatnonzero(np.bincount(code, minlength=8)).tolist():
            lenses = list(result.lenses) if each & 1 else []
            if each & 2:
                lenses = [*(replace(lens, alone=True) for lens in lenses), *lenses]
            if each & 4:
                lenses.append(replace(result.lenses[-1], possible=True))
            number[each] = self._chain(tuple(lenses))
        return np.asarray(number[code])

    def _chain(self, lenses: tuple[Lens, ...]) -> int:
        return self._chains.setdefault(lenses, len(self._chains))

    def _by_edges(self, result: RuleResult, rows: Keys, shown: Keys) -> Iterator[Shown]:
        check = result.rule.hygiene
        word = str(check.check) if check else str(result.rule.kind)
        duty = self.duties.setdefault(word, len(self.duties))
        for spot in shown.tolist():
            row = int(rows[spot])
            yield Shown(
                self._n_spots + spot,
                result.subjects.start + int(result.subject[row]),
                duty,
                bool(result.verdict[row] == Verdict.VIOLATION.rank),
                self._reasons.number(result.reasons.get(row)),
                result.edges[row],
            )

    # -- rules that count people -----------------------------------------------------------------

    def counted(self, result: RuleResult, told: Sequence[str | None]) -> None:
        """A result about places; `told` has the reason of each of its counts."""
        rule = result.rule
        kept = [n for n, count in enumerate(result.counts) if count.verdict is not Verdict.CLEAR]
        counts = [result.counts[n] for n in kept]
        place = np.array([count.place for count in counts], dtype=np.int64)
        nothing = np.full(len(counts), NOTHING)
        self._heads.add(
            rule=np.full(len(counts), self._n_rules),
            code=nothing,
            means=nothing,
            folded=np.zeros(len(counts)),
        )
        self._spots.add(
            finding=self._n_heads + np.arange(len(counts)),
            place=place,
            verdict=[count.verdict.rank for count in counts],
            severity=self.places.severities(rule, place),
            means=nothing,
            reason=self._reasons.numbers([told[n] for n in kept]),
            small_team=nothing,
            row=kept,
        )
        self._members(result, counts)
        self._n_rules += 1
        self._n_heads += len(counts)
        self._n_spots += len(counts)

    def _members(self, result: RuleResult, counts: Sequence[Count]) -> None:
        if not counts:
            return
        lenses = (*result.lenses, replace(result.lenses[-1], possible=True))
        chain = self._chain(lenses)
        legs: list[tuple[int, Member, str]] = [
            (self._n_spots + n, member, duty)
            for n, count in enumerate(counts)
            for member in count.members[:SHOWN]
            for duty in member.duties
        ]
        self._legs.add(
            spot=[spot for spot, _, _ in legs],
            subject=[member.code for _, member, _ in legs],
            duty=[self.duties[duty] for _, _, duty in legs],
            sure=[member.sure for _, member, _ in legs],
            chain=np.full(len(legs), chain),
            blank=np.full(len(legs), DROPPED),
        )


def means_of(result: RuleResult, pairs: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    """The best pairs by which one row is broken, in words."""
    held = [lens for lens, seen in zip(result.lenses, pairs.tolist(), strict=True) if seen]
    return tuple(lens.pair for lens in best_pairs(held))


def _any(bits: Bits, starts: Keys) -> Bits:
    """By run, whether any row has each bit."""
    if not len(starts):
        return np.zeros((0, bits.shape[1]), dtype=bool)
    return np.asarray(np.logical_or.reduceat(bits, starts, axis=0))
