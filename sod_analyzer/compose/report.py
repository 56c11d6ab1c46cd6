"""The whole report of one analysis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, MutableMapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from functools import cached_property, partial
from itertools import chain
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from sod_analyzer.compose import people, rule_rows, would_be
from sod_analyzer.compose.engines import engine_of
from sod_analyzer.compose.exclusions import exclusion_rows
from sod_analyzer.compose.finding_tables import edge_table, finding_tables
from sod_analyzer.compose.findings import FindingWriter
from sod_analyzer.compose.held import Held
from sod_analyzer.compose.legs import are_few
from sod_analyzer.compose.mitigating import apply_register
from sod_analyzer.compose.texts import shaped
from sod_analyzer.compose.words import counted
from sod_analyzer.detect.judge import Judge, RuleResult
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.edges import compile_edges
from sod_analyzer.model.access import Snapshot
from sod_analyzer.model.finding import (
    REPORT_TABLES,
    UNRESTRICTED_RULE,
    Completeness,
    Verdict,
)
from sod_analyzer.model.mitigation import Mitigation
from sod_analyzer.model.ruleset import Ruleset

_T = TypeVar("_T")
_S = TypeVar("_S")
Row = dict[str, Any]

#: Masks of up to so many bytes may stay while paths are followed.
_FEW_BYTES = 2**26

LIMITS = (
    (
        "Branch rules, environments and pipelines of Git platforms are not read: whoever may "
        "change code is shown as able to, whether or not a review would stop the change."
    ),
    (
        "Rights that a person could take by a change of their own making count only where a source "
        "states them; rights to grant, bind or impersonate are not followed further."
    ),
    "The analysis shows what people can do, not what they did.",
)


@dataclass(frozen=True)
class Analysis:
    """What the rules say, before it is put into tables."""

    snapshot: Snapshot
    ruleset: Ruleset
    as_of: date
    judge: Judge
    names: Names
    results: tuple[RuleResult, ...]
    register: tuple[Mitigation, ...] = ()

    @cached_property
    def accounts(self) -> people.Accounts:
        """The accounts that identities hold for certain."""
        return people.Accounts.of(self.judge)


def analyse(
    snapshot: Snapshot,
    ruleset: Ruleset,
    *,
    as_of: date,
    unknown_systems: Iterable[str] = (),
    register: Iterable[Mitigation] = (),
    compiled: Callable[[], object] | None = None,
) -> Analysis:
    """Every rule judged over everyone, as of a day; `compiled` is called when edges stand.

    Cost: two closures per lens that the grants tell apart, then one test per rule and candidate.
    """
    edges = compile_edges(snapshot, as_of=as_of)
    if compiled is not None:
        compiled()
    engine = engine_of(snapshot, ruleset, edges)
    judge = Judge(engine, unknown_systems=unknown_systems)
    results = judge.judge_all(ruleset.rules)
    names = Names(snapshot)
    return Analysis(snapshot, ruleset, as_of, judge, names, results, tuple(register))


def tables_of(
    analysis: Analysis,
    *,
    progress: Callable[[str], object] | None = None,
    into: MutableMapping[str, pa.Table] | None = None,
    last: bool = False,
) -> MutableMapping[str, pa.Table]:
    """The report's tables that rules and people fill; input tables come from completeness.

    `progress` is told what is done next, in a few words. Tables are put `into` a mapping as soon
    as each is made, if one is given. With `last`, nobody asks the analysis for more than
    `numbers_of`: its edges are let go of on the way.

    Cost: linear in violations, hops and people, by column.
    """
    tables = {} if into is None else into
    judge, names, ruleset = analysis.judge, analysis.names, analysis.ruleset
    told = progress or _silent
    told("looking at everyone")
    writer = FindingWriter(judge, names, ruleset.duty, ruleset.control)
    pending = writer.gather(analysis.results)
    few = are_few(pending.gathered)

    def of_everyone() -> tuple[Held, pa.Table, list[Row]]:
        dormant = would_be.would_be(judge, names, analysis.results)
        unmapped = would_be.unmapped(judge, names, ruleset.duty)
        return Held.of(judge), shaped("dormant", dormant), unmapped

    if few and judge.engine.nbytes <= _FEW_BYTES:
        told("following paths")
        found, (held, tables["dormant"], unmapped) = _beside(
            partial(writer.follow, pending), of_everyone
        )
    else:
        held, tables["dormant"], unmapped = of_everyone()
        # What follows looks only at whom rules have found.
        judge.forget()
        analysis.snapshot.release()
        told("following paths")
        found = writer.follow(pending)
    register = apply_register(found, analysis.register, ruleset, names, as_of=analysis.as_of)
    told("writing findings down")
    accounts = analysis.accounts
    judge.forget()
    if last:
        judge.engine.let_go()
    analysis.snapshot.release()

    def everyone() -> Iterator[tuple[str, pa.Table]]:
        columns = people.population(found, judge, names, held, accounts)
        yield "population", shaped("population", columns)
        del columns
        analysis.snapshot.release()

    def edges() -> Iterator[tuple[str, pa.Table]]:
        yield "edges", edge_table(found)

    if few:
        # What everyone comes to rests on no path, and edges on no finding.
        others = chain(everyone(), edges())
        _beside(partial(_put, finding_tables(found), tables), partial(_put, others, tables))
    else:
        _put(chain(everyone(), finding_tables(found), edges()), tables)
    told("summing up rules")
    filled: dict[str, Sequence[Row]] = {
        "rules": rule_rows.rule_rows(judge, ruleset, analysis.results, found, held),
        "patterns": rule_rows.pattern_rows(judge, ruleset, held),
        "unmapped": unmapped,
        "measures": sorted(found.measures, key=lambda row: (row["rule_id"], row["place"])),
        "mitigations": register,
        "exclusions": exclusion_rows(judge, ruleset, analysis.results, names, analysis.as_of),
    }
    for name, rows in filled.items():
        tables[name] = pa.Table.from_pylist(list(rows), schema=REPORT_TABLES[name])
    return tables


def _beside(one: Callable[[], _T], other: Callable[[], _S]) -> tuple[_T, _S]:
    """What both give, made at the same time."""
    with ThreadPoolExecutor(max_workers=1) as threads:
        second = threads.submit(other)
        return one(), second.result()


def _put(made: Iterable[tuple[str, pa.Table]], into: MutableMapping[str, pa.Table]) -> None:
    """Put tables where they belong; none is kept here while the next one is made."""
    for name, table in made:
        into[name] = table
        del table


def _silent(text: str) -> None:
    """Nobody is told."""


def numbers_of(analysis: Analysis, tables: Mapping[str, pa.Table]) -> Mapping[str, int]:
    """Named counts. Violations that another one implies are counted apart, as folded."""
    violations = tables["violations"]
    verdicts = Counter(
        {row["values"]: row["counts"] for row in violations["verdict"].value_counts().to_pylist()}
    )
    broken = violations.filter(pc.equal(violations["verdict"], str(Verdict.VIOLATION)))
    unfolded = broken.filter(pc.is_null(broken["folded_under"]))
    states = [rule_rows.state_of(analysis.judge, result) for result in analysis.results]
    snapshot = analysis.snapshot
    return {
        "identities": snapshot["identities"].num_rows,
        "identities_judged": int(analysis.judge.judged.sum()),
        "accounts": snapshot["accounts"].num_rows,
        "roles": snapshot["roles"].num_rows,
        "entitlements": snapshot["entitlements"].num_rows,
        "grants": snapshot["grants"].num_rows,
        "violations": unfolded.num_rows,
        "violations_folded": broken.num_rows - unfolded.num_rows,
        "people_violating": people.people_behind(analysis.accounts, analysis.names, unfolded),
        "unrestricted": int(pc.sum(pc.equal(unfolded["rule_id"], UNRESTRICTED_RULE)).as_py() or 0),
        "not_evaluable": verdicts[Verdict.NOT_EVALUABLE],
        "mitigated": verdicts[Verdict.MITIGATED],
        "gated": verdicts[Verdict.GATED],
        "excluded": sum(len(result.left) for result in analysis.results),
        "rules": len(analysis.ruleset.rules),
        "rules_not_evaluable": sum(s == rule_rows.NOT_EVALUABLE for s in states),
        "rules_not_applicable": sum(s == rule_rows.NOT_APPLICABLE for s in states),
        "dormant": tables["dormant"].num_rows,
        "unmapped_resources": tables["unmapped"].num_rows,
    }


def result_line(numbers: Mapping[str, int], completeness: Completeness) -> str:
    """The result in one line. Says "no conflicts" only when nothing is open at all."""
    open_ = numbers["not_evaluable"] + numbers["rules_not_evaluable"]
    if numbers["violations"]:
        line = _broken(numbers)
    elif not open_ and completeness.complete:
        if not any(numbers[name] for name in ("mitigated", "gated", "excluded")):
            return "No conflicts"
        line = "No open violation"
    else:
        line = "No violation found in what could be judged"
    if numbers["not_evaluable"]:
        line += f"; {counted(numbers['not_evaluable'], 'result')} not evaluable"
    for name in ("mitigated", "gated"):
        if numbers[name]:
            line += f"; {numbers[name]:,} {name}"
    if numbers["excluded"]:
        line += f"; {counted(numbers['excluded'], 'result')} left out by exclusions"
    if numbers["rules_not_evaluable"]:
        line += f"; {counted(numbers['rules_not_evaluable'], 'rule')} not evaluable"
    return line


def _broken(numbers: Mapping[str, int]) -> str:
    line = counted(numbers["violations"], "violation")
    if numbers["people_violating"]:
        line += f" by {counted(numbers['people_violating'], 'person', 'people')}"
    if numbers["unrestricted"]:
        line += f", {numbers['unrestricted']:,} of them unrestricted access"
    if numbers["violations_folded"]:
        line += f", which implies {numbers['violations_folded']:,} more"
    return line


def parameters_of(rows: Iterable[tuple[str, str, str, str]]) -> pa.Table:
    """Parameters as (key, value, origin, meaning), sorted by key."""
    return pa.Table.from_pylist(
        [
            dict(zip(("key", "value", "origin", "meaning"), row, strict=True))
            for row in sorted(rows)
        ],
        schema=REPORT_TABLES["parameters"],
    )
