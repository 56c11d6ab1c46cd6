"""Findings as tables of the report: violations, places, legs, edges and hops, as readers want."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose import sentences
from sod_analyzer.compose.findings import Findings
from sod_analyzer.compose.ids import KINDS
from sod_analyzer.compose.statements import Endings
from sod_analyzer.compose.subjects import Subjects
from sod_analyzer.compose.texts import (
    NOTHING,
    Lexicon,
    Rows,
    dense,
    lists,
    offsets_of,
    put,
    rearranged,
    shaped,
    words,
)
from sod_analyzer.explain.walks import groups
from sod_analyzer.graph.closure import Keys, distinct, spans
from sod_analyzer.model.access import NodeKind
from sod_analyzer.model.finding import PLACE_UNMAPPED, Verdict
from sod_analyzer.model.ruleset import RuleKind, Severity

Bits = npt.NDArray[np.bool_]

_VERDICTS = [str(verdict) for verdict in Verdict]
_SEVERITIES = [str(severity) for severity in sorted(Severity, key=lambda s: s.rank)]


#: Legs whose hops are laid out together.
_LEGS = 50_000


@dataclass(frozen=True, slots=True)
class _Order:
    """The order of readers: findings, then their spots, then the legs of these."""

    finding: Keys
    spot: Keys
    leg: Keys


def finding_tables(found: Findings) -> Iterator[tuple[str, pa.Table]]:
    """The tables violations, places, legs and hops, sorted for a reader, one by one.

    One after the other: what is made on the way to each takes as much memory as it does.
    """
    made = _FindingTables(found)
    for name, columns in made.makers():
        # Nothing here keeps a table, or its columns, while the next one is made.
        yield name, shaped(name, columns())
        # What was read of the snapshot for one table is not needed for the next.
        found.writer.names.snapshot.release()


def edge_table(found: Findings) -> pa.Table:
    """The table edges, whose rows `hops` numbers. Rests on no order of findings."""
    return shaped("edges", found.told.steps.columns())


class _FindingTables:
    """The tables of one set of findings.

    Cost: a few passes over findings, places, legs and hops; texts once for what is told alike.
    """

    def __init__(self, found: Findings) -> None:
        self.found = found
        self.spots = found.gathered.spots
        self.heads = found.gathered.heads
        self.names = found.writer.names
        self.places = found.writer.places.table(self.spots.place)
        self.subjects = Subjects(self.names, self.heads.code)
        self.worst = found.worst()
        self.rules = [result.rule for result in found.results]
        self.order = self._order()

    def makers(self) -> Iterator[tuple[str, Callable[[], Mapping[str, Any]]]]:
        """What makes the columns of each table."""
        yield "violations", self._violations
        yield "places", self._places
        yield "legs", self._legs
        yield "hops", self._hops
        yield "decisions", self._decisions

    # -- order -----------------------------------------------------------------------------------

    def _order(self) -> _Order:
        """Violations first, worst first; then by rule, name, id. The rest in the same order."""
        found, worst = self.found, self.worst
        by_id = {rule_id: n for n, rule_id in enumerate(sorted(r.rule_id for r in self.rules))}
        rule = np.array([by_id[rule.rule_id] for rule in self.rules], dtype=np.int64)
        key = found.verdict[worst] * len(_SEVERITIES) + (
            len(_SEVERITIES) - 1 - found.severity[worst]
        )
        name = self._name_rank()
        key = (key * len(rule) + rule[self.heads.rule]) * (int(name.max(initial=0)) + 1) + name
        finding = np.lexsort((found.ids.order, key))
        spot, first = rearranged(found.first, finding)
        owner = np.repeat(np.arange(len(finding)), np.diff(first))
        rank = self.places.rank[self.places.place[spot]]
        if np.any(np.diff(first) > 1):
            spot = spot[np.argsort(owner * len(self.places.key) + rank, kind="stable")]
        leg_first = offsets_of(found.legs.spot, len(self.spots))
        legs = self._legs_by_spot()
        rows, _ = rearranged(leg_first, spot)
        return _Order(finding, spot, legs[rows])

    def _name_rank(self) -> Keys:
        """Where the name of each finding's subject stands; only within one rule does it matter."""
        rank = self.subjects.name_rank()
        about = np.flatnonzero(self.heads.code < 0)
        titles = [self.places.title[n] for n in self.places.place[self.worst[about]].tolist()]
        place = {title: n for n, title in enumerate(sorted(set(titles)))}
        rank[about] = [place[title] for title in titles]
        return rank

    def _legs_by_spot(self) -> Keys:
        """The legs of each spot in order: by duty as in the rule, then by holder."""
        legs = self.found.legs
        several = np.array([rule.kind.counts_people for rule in self.rules], dtype=bool)
        rule = self.heads.rule[self.spots.finding[legs.spot]]
        order = np.arange(len(legs))
        mine = np.flatnonzero(several[rule])
        if not len(mine):
            return order
        # Duties stand in the order in which a place's members bring them up.
        n_duties = len(self.found.gathered.duties)
        pair = legs.spot[mine] * n_duties + legs.duty[mine]
        _, first, number = np.unique(pair, return_index=True, return_inverse=True)
        order[mine] = mine[np.lexsort((legs.subject[mine], first[number], legs.spot[mine]))]
        return order

    # -- violations ------------------------------------------------------------------------------

    def _violations(self) -> Mapping[str, Any]:
        found, heads, rules = self.found, self.heads, self.rules
        order = self.order.finding
        every, rule, worst = Rows(order), Rows(heads.rule[order]), self.worst[order]
        systems, joined, caveats, cross = self._systems()
        system = Rows(systems[order])
        attempt, attempts = self._attempts()
        sentence, sentences_ = self._sentences()
        return {
            "finding_id": every.words(found.ids.text),
            "rule_id": rule.words([each.rule_id for each in rules]),
            "rule_title": rule.words([each.title for each in rules]),
            "rule_kind": rule.words([str(each.kind) for each in rules]),
            **self.subjects.columns(order, self._place_row()[order], self.places),
            "subject_kind": words(found.ids.kind[order], KINDS),
            "subject_key": every.words(found.ids.key),
            "verdict": words(found.verdict[worst], _VERDICTS),
            "severity": words(found.severity[worst], _SEVERITIES),
            "places": np.diff(found.first)[order],
            "means": words(heads.means[order], found.gathered.means.array()),
            "systems": system.words(joined),
            "cross_system": pa.array(cross[order]),
            "accounts": every.words(self._accounts()),
            "folded_under": words(found.folded_under[order], found.ids.text),
            "caveats": system.words(caveats),
            "sentence": words(sentence[order], sentences_),
            "attempt": words(attempt[order], attempts),
        }

    def _place_row(self) -> Keys:
        """The place of each finding that is about one, in `places`."""
        return self.places.place[self.worst].astype(np.int64)

    def _passed(self, kind: NodeKind, number: Keys, count: int) -> tuple[Keys, Keys]:
        """Findings, and numbers of the nodes that their witnesses come to; sorted, each pair once.

        `number` says the number of each node in the steps, of so many.
        """
        legs, steps = self.found.legs, self.found.told.steps
        first, of_kind = legs.witnesses.first, list(NodeKind).index(kind)
        pieces = [np.empty(0, dtype=np.int64)]
        for low in range(0, len(legs), _LEGS):
            witness = legs.witness[low : low + _LEGS]
            some = np.flatnonzero(witness >= 0)
            row, hop = spans(first[witness[some]], first[witness[some] + 1])
            step = steps.number[hop]
            mine = np.flatnonzero(steps.to_kind[step] == of_kind)
            finding = self.spots.finding[legs.spot[low + some[row[mine]]]]
            pieces.append(distinct(finding * count + number[steps.to_node[step[mine]]]))
        pair = distinct(np.concatenate(pieces))
        return pair // count, pair % count

    def _systems(self) -> tuple[Keys, pa.Array, list[str | None], Bits]:
        """The systems that each finding's witnesses end in.

        For each finding the number of a text, and whether it is several; the texts, and by the
        same numbers what was not evaluated there.
        """
        n_findings = len(self.heads.rule)
        ids = self.found.told.steps.node_ids
        system = pc.list_element(pc.split_pattern(ids, ":", max_splits=1), 0)
        coded = system.dictionary_encode()
        known = sorted(coded.dictionary.to_pylist())
        rank = {name: n for n, name in enumerate(known)}
        ranks = np.array([rank[name] for name in coded.dictionary.to_pylist()], dtype=np.int64)
        number = ranks[coded.indices.to_numpy()]
        owner, number = self._passed(NodeKind.ENTITLEMENT, number, max(len(known), 1))
        first = offsets_of(owner, n_findings)
        joined = lists(first, pa.array(known, pa.string()).take(pa.array(number)), "; ")
        texts = joined.dictionary_encode()
        code = texts.indices.to_numpy()
        shown = np.zeros(len(texts.dictionary), dtype=np.int64)
        shown[code] = np.arange(n_findings)
        caveats = [
            "; ".join(
                self.found.writer.tracer.caveats(
                    [known[n] for n in number[first[row] : first[row + 1]].tolist()]
                )
            )
            or None
            for row in shown.tolist()
        ]
        return code, texts.dictionary, caveats, np.diff(first) > 1

    def _accounts(self) -> pa.Array:
        """The accounts that each finding's witnesses pass, sorted."""
        steps = self.found.told.steps
        # Nodes stand in the order of their codes, and so of their ids.
        every = np.arange(len(steps.nodes))
        owner, node = self._passed(NodeKind.ACCOUNT, every, max(len(every), 1))
        texts = steps.node_ids.take(pa.array(node))
        return lists(offsets_of(owner, len(self.heads.rule)), texts, "; ")

    def _attempts(self) -> tuple[Keys, pa.Array]:
        """Commands that try a fix, and which of them is each finding's, if any mends it."""
        found = self.found
        last = np.full(len(self.heads.rule), NOTHING, dtype=np.int64)
        legs = np.flatnonzero(found.legs.edges_each > 0)
        last[self.spots.finding[found.legs.spot[legs]]] = legs
        few = np.array([rule.kind is RuleKind.MIN_HOLDERS for rule in self.rules], dtype=bool)
        counts = np.array([rule.kind.counts_people for rule in self.rules], dtype=bool)[
            self.heads.rule
        ]
        mends = np.where(
            counts,
            (found.said == Verdict.VIOLATION.rank) & ~few[self.heads.rule],
            found.said != Verdict.NOT_EVALUABLE.rank,
        )
        mine = np.flatnonzero(mends & (last >= 0))
        number = np.full(len(last), NOTHING, dtype=np.int64)
        if not len(mine):
            return number, pa.array([], pa.string())
        steps = found.told.steps
        chosen = found.told.first_removed(found.legs.witness[last[mine]])
        known, (place,) = dense(len(steps.edge), chosen)
        number[mine] = place
        ends = [
            pc.replace_substring(steps.node_ids.take(pa.array(node[known])), "'", "'\"'\"'")
            for node in (steps.from_node, steps.to_node)
        ]
        texts = put(["sod what-if --remove '", ends[0], " > ", ends[1], "'"], len(known))
        return number, texts

    # -- sentences -------------------------------------------------------------------------------

    def _sentences(self) -> tuple[Keys, pa.Array]:
        """Findings in plain words, and which of them is each one's."""
        heads, duties = self.heads, self.found.writer.duties
        name = self.subjects.names
        where, reason = self._where(), self._reasons()
        pieces, order = [pa.array([], pa.string())], [np.empty(0, dtype=np.int64)]
        for number, rows in groups(heads.rule * len(_VERDICTS) + self.found.said):
            rule, verdict = self.rules[number // len(_VERDICTS)], _VERDICTS[number % len(_VERDICTS)]
            order.append(rows)
            if rule.kind.counts_people:
                measures = self.found.measured[number // len(_VERDICTS)]
                told = [measures[n] for n in self.spots.row[self.found.first[rows]].tolist()]
                texts = [sentences.headcount(rule, duties, measure) for measure in told]
                pieces.append(pa.array(texts, pa.string()))
                continue
            slots = {
                sentences.Slot.NAME: name,
                sentences.Slot.WHERE: where,
                sentences.Slot.REASON: reason,
            }
            gaps = sentences.template(rule, duties, verdict)
            mine = pa.array(rows)
            filled: list[str | pa.Array] = [
                slots[piece].take(mine) if isinstance(piece, sentences.Slot) else piece
                for piece in gaps
            ]
            pieces.append(put(filled, len(rows)))
        back = np.empty(len(heads.rule), dtype=np.int64)
        back[np.concatenate(order)] = np.arange(len(back))
        texts = pa.concat_arrays(pieces)
        if not self.found.added:
            return back, texts
        # A mitigation that has changed a finding is told behind it.
        changed = sorted(self.found.added)
        further = [f"{texts[back[finding]]}{self.found.added[finding]}" for finding in changed]
        back[changed] = len(texts) + np.arange(len(changed))
        return back, pa.concat_arrays([texts, pa.array(further, pa.string())])

    def _where(self) -> pa.Array:
        """Where each finding's sentence says that it is: the places with its worst verdict."""
        said, owner = self.found.said, self.spots.finding
        mine = np.flatnonzero(self.spots.verdict == said[owner])
        count = np.bincount(owner[mine], minlength=len(said))
        after = np.cumsum(count)[owner[mine]] - np.arange(len(mine)) - 1
        # All but the last two are followed by a comma, the last but one by "and".
        tail = np.minimum(after, 2)
        titles = pa.array(self.places.title, pa.string())
        variants = [titles, put([titles, " and "], len(titles)), put([titles, ", "], len(titles))]
        number = tail * len(titles) + self.places.place[mine]
        texts = pa.concat_arrays(variants).take(pa.array(number))
        where = lists(offsets_of(owner[mine], len(said)), texts, "")
        lost = pc.equal(where, sentences.PLACE_TITLES[PLACE_UNMAPPED])
        before = pc.if_else(lost, "on ", pc.if_else(pc.starts_with(where, "anywhere"), "", "in "))
        return put([before, where], len(where))

    def _reasons(self) -> pa.Array:
        """The reason of the first place with each finding's worst verdict."""
        said = self.found.said
        owner = self.spots.finding
        mine = np.flatnonzero(self.spots.verdict == said[owner])
        shown = np.zeros(len(said), dtype=np.int64)
        shown[owner[mine][::-1]] = mine[::-1]
        texts = self.found.gathered.reasons.array()
        return words(self.found.spot_reason[shown], texts).cast(pa.string()).fill_null("None")

    # -- places, legs and hops -------------------------------------------------------------------

    def _places(self) -> Mapping[str, Any]:
        found, spot = self.found, self.order.spot
        place = self.places.place[spot]
        reasons = found.gathered.reasons.array()
        return {
            "finding_id": words(self.spots.finding[spot], found.ids.text),
            "place": words(place, self.places.key),
            "place_title": words(place, self.places.title),
            "tier": words(place, self.places.tier),
            "severity": words(found.severity[spot], _SEVERITIES),
            "verdict": words(found.verdict[spot], _VERDICTS),
            "means": words(self.spots.means[spot], found.gathered.means.array()),
            "reason": words(found.reason[spot], reasons),
            "mitigation": words(found.mitigation[spot], reasons),
            "small_team": words(found.small_team[spot], found.gathered.teams.array()),
        }

    def _legs(self) -> Mapping[str, Any]:
        found, legs, rows = self.found, self.found.legs, self.order.leg
        duties, titles = found.gathered.duties, found.writer.duties
        spot, witness = legs.spot[rows], legs.witness[rows]
        sure = legs.sure[rows] & ((witness >= 0) | (legs.shown[rows] >= 0))
        holder, (number,) = dense(self.names.snapshot["nodes"].num_rows, legs.subject[rows])
        holders = Rows(number)
        means, pair = self._means_of_lenses()
        hops = np.zeros(len(rows), dtype=np.int64)
        hops[witness >= 0] = found.told.hops[witness[witness >= 0]]
        path, paths = self._paths(rows)
        way = np.full(len(rows), NOTHING, dtype=np.int64)
        way[witness >= 0] = legs.witnesses.way[witness[witness >= 0]]
        lens = legs.lens[rows]
        return {
            "finding_id": words(self.spots.finding[spot], found.ids.text),
            "place": words(self.places.place[spot], self.places.key),
            "holder": holders.words(self.names.ids(holder)),
            "holder_name": holders.words(self.names.names(holder)),
            "duty": words(legs.duty[rows], duties),
            "duty_title": words(
                legs.duty[rows],
                [titles[d].title if d in titles else d.replace("-", " ") for d in duties],
            ),
            "state": words(sure.astype(np.int64), ["unknown", "yes"]),
            "means": words(np.where(lens < 0, NOTHING, pair[lens]), means),
            "way": words(way, [each.text for each in found.writer.engine.columns.ways]),
            "reason": words(found.leg_reason[rows], found.gathered.reasons.array()),
            "hops": hops,
            "path": words(path, paths),
        }

    def _means_of_lenses(self) -> tuple[list[str], Keys]:
        lexicon = Lexicon()
        numbers = lexicon.numbers(
            None if lens.possible else lens.pair for lens in self.found.legs.lenses
        )
        return lexicon.array().to_pylist(), np.append(numbers, NOTHING)

    def _paths(self, rows: Keys) -> tuple[Keys, pa.Array]:
        """The number of each leg's path, and the paths."""
        legs = self.found.legs
        number, paths = self._endings.paths(legs.witness[rows], self.spots.place[legs.spot[rows]])
        shown = np.flatnonzero(legs.shown[rows] >= 0)
        if not len(shown):
            return number, paths
        texts = []
        for code in legs.subject[rows[shown]].tolist():
            node = self.names.row(code)
            stated = self.names.place_of(node["source_id"], node["record"])
            texts.append(f"{self.names.name(code)} ({stated})")
        number = number.copy()
        number[shown] = len(paths) + np.arange(len(shown))
        return number, pa.concat_arrays([paths, pa.array(texts, pa.string())])

    @cached_property
    def _endings(self) -> Endings:
        found = self.found
        return Endings(found.writer.engine.columns, self.names, found.told)

    def _decisions(self) -> Mapping[str, Any]:
        legs, rows = self.found.legs, self.order.leg
        witness = legs.witness[rows]
        before = np.cumsum(legs.edges_each[rows]) - legs.edges_each[rows]
        found = self._endings.decisions(witness, self.spots.place[legs.spot[rows]])
        return {
            "hop": np.array([before[row] + hop for row, hop, _ in found], dtype=np.int32),
            **{
                name: pa.array([getattr(said, name) for _, _, said in found], pa.string())
                for name in ("system", "action", "resource", "by")
            },
        }

    def _hops(self) -> Mapping[str, Any]:
        found, legs = self.found, self.found.legs
        witnesses = legs.witnesses
        rows = np.flatnonzero(legs.witness[self.order.leg] >= 0)
        ends = np.cumsum(legs.edges_each[self.order.leg[rows]])
        total = int(ends[-1]) if len(ends) else 0
        leg, part, hop, edge = (np.empty(total, dtype=np.int32) for _ in range(4))
        # Some legs at a time: whole columns of positions would take as much room as the table.
        for low in range(0, len(rows), _LEGS):
            mine = rows[low : low + _LEGS]
            witness = legs.witness[self.order.leg[mine]]
            row, spot = spans(witnesses.first[witness], witnesses.first[witness + 1])
            here = slice(int(ends[low - 1]) if low else 0, int(ends[low + len(mine) - 1]))
            leg[here] = mine[row]
            for column, source in (
                (part, witnesses.part),
                (hop, witnesses.hop),
                (edge, found.told.steps.number),
            ):
                column[here] = source[spot]
        return {"leg": leg, "part": part, "hop": hop, "edge": edge}
