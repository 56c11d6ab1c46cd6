"""Everything that a ruleset, a rule or a duty says, as rows for a reader."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sod_analyzer.errors import QueryError, near
from sod_analyzer.model.ruleset import Duty, Rule, RuleKind, Ruleset
from sod_analyzer.rulebench.opening import Opened
from sod_analyzer.rules.cases import EXPECTED

Row = dict[str, object]
Field = tuple[str, object]


def ruleset_rows(opened: Iterable[Opened]) -> list[Row]:
    """One row per ruleset; duties that rules made of others are not counted."""
    return [
        {
            "ruleset": each.ruleset.name,
            "version": each.ruleset.version,
            "owner": each.ruleset.owner,
            "rules": len(each.ruleset.rules),
            "duties": len(named_duties(each.ruleset)),
            "cases": len(each.cases.cases) if each.cases else 0,
            "title": each.ruleset.title,
        }
        for each in opened
    ]


def rule_rows(ruleset: Ruleset) -> list[Row]:
    """One row per rule, sorted by id."""
    return [
        {
            "rule": rule.rule_id,
            "kind": str(rule.kind),
            "severity": str(rule.severity),
            "scope": str(rule.scope),
            "title": rule.title,
            "asks": asks(rule),
            "ruleset": rule.ruleset or ruleset.name,
            "status": rule.status,
        }
        for rule in ruleset.rules
    ]


def named_duties(ruleset: Ruleset) -> tuple[Duty, ...]:
    """The duties that an author named."""
    return tuple(duty for duty in ruleset.duties if not duty.made_of)


_ASKS: Mapping[RuleKind, str] = {
    RuleKind.COMBINATION: "nobody has {all}",
    RuleKind.ONLY: "{all} only for {allowed}",
    RuleKind.MAY_HOLD_ONLY: "none of {all}",
    RuleKind.MAX_HOLDERS: "at most {count} have {all}",
    RuleKind.MIN_HOLDERS: "at least {count} have {all}",
    RuleKind.MIN_PEOPLE: "fewer than {count} people never have {all} together",
    RuleKind.MAX_GRANT_HOURS: "{all} for at most {count} hours",
    RuleKind.HYGIENE: "{check}",
}


def asks(rule: Rule) -> str:
    """What the rule asks of its duties, in short."""
    legs = " and ".join(rule.duties)
    if rule.kind is RuleKind.COMBINATION and rule.count < len(rule.duties):
        some = " or ".join(rule.duties) if rule.count == 1 else ", ".join(rule.duties)
        legs = some if rule.count == 1 else f"{rule.count} of {some}"
    check = rule.hygiene.check if rule.hygiene else ""
    return _ASKS[rule.kind].format(all=legs, count=rule.count, allowed=rule.allowed, check=check)


def show(opened: Opened, name: str | None) -> list[Row]:
    """Field and value for everything about the ruleset, or about one of its rules or duties.

    Raises:
        QueryError: the ruleset has no rule and no duty of that name.
    """
    ruleset = opened.ruleset
    if name is None:
        return _rows(_of_ruleset(opened))
    if name in ruleset.rule:
        return _rows(_of_rule(opened, ruleset.rule[name]))
    if name in ruleset.duty:
        return _rows(_of_duty(ruleset, ruleset.duty[name]))
    known = [*ruleset.rule, *(duty.duty_id for duty in named_duties(ruleset))]
    raise QueryError(f"{ruleset.name} has no rule and no duty '{name}'{near(name, known)}")


def _rows(told: Iterable[Field]) -> list[Row]:
    """A row per value; a field with several values keeps its name in each."""
    rows: list[Row] = []
    for name, value in told:
        values = value if isinstance(value, (tuple, list)) else (value,)
        rows += [{"field": name, "value": each} for each in values if each not in (None, "")]
    return rows


def _of_ruleset(opened: Opened) -> Iterator[Field]:
    ruleset = opened.ruleset
    yield "ruleset", ruleset.name
    yield "title", ruleset.title
    yield "version", ruleset.version
    yield "owner", ruleset.owner
    yield "file", ruleset.path
    yield "digest", ruleset.digest
    if ruleset.approved is not None:
        yield "approved", f"by {ruleset.approved.by} on {ruleset.approved.on}"
    yield "imports", [f"{each.name} {each.version}" for each in ruleset.imports]
    yield (
        "dropped",
        [
            f"{each.rule_id} {each.title}: {each.reason} ({each.by}, {each.on})"
            for each in ruleset.dropped
        ],
    )
    yield "rule", [f"{rule.rule_id} {rule.title}" for rule in ruleset.rules]
    yield "duty", [f"{duty.duty_id}: {duty.title}" for duty in named_duties(ruleset)]
    yield "control", [f"{each.control_id} {each.title}" for each in ruleset.controls]
    yield "cases", str(len(opened.cases.cases)) if opened.cases else "none"


def _of_rule(opened: Opened, rule: Rule) -> Iterator[Field]:
    ruleset = opened.ruleset
    yield "rule", rule.rule_id
    yield "title", rule.title
    yield "ruleset", rule.ruleset or ruleset.name
    yield "file", rule.where
    yield "kind", str(rule.kind)
    yield "asks", asks(rule)
    yield "judges", str(rule.holder)
    yield "subjects", str(rule.subjects)
    yield "scope", str(rule.scope)
    yield "environment", rule.environment
    yield "tiers", list(rule.only_tiers)
    yield (
        "severity",
        [
            str(rule.severity),
            *(f"{severity} for {tier}" for tier, severity in sorted(rule.tiers.items())),
        ],
    )
    yield "why", rule.why
    yield "counts", f"{', '.join(rule.counts.means)}; {', '.join(rule.counts.certainty)}"
    yield "gate", [f"{duty}: {', '.join(kinds)}" for duty, kinds in rule.gates.items()]
    yield (
        "excluded",
        [
            f"{each}: {each.reason} ({each.by}, {each.on}{_until(each.until)})"
            for each in rule.exclusions
        ],
    )
    yield "control", [_control(ruleset, name) for name in rule.controls]
    if rule.control_max_days is not None:
        yield "control for at most", f"{rule.control_max_days} days"
    yield "false positive", list(rule.false_positives)
    yield "reference", [f"{name} {', '.join(ids)}" for name, ids in rule.references.items()]
    yield "status", rule.status
    yield "since", rule.since
    yield "digest", rule.digest
    for duty in rule.duties:
        yield from _ways(ruleset.duty[duty])
    if opened.cases is not None:
        counts = [
            f"{count} {name}"
            for name, verdict in EXPECTED.items()
            if (
                count := sum(
                    case.rule_id == rule.rule_id and case.verdict is verdict
                    for case in opened.cases.cases
                )
            )
        ]
        yield "cases", ", ".join(counts) or "none"


def _until(until: object) -> str:
    return f", until {until}" if until is not None else ""


def _control(ruleset: Ruleset, name: str) -> str:
    known = ruleset.control.get(name)
    return f"{name} {known.title}" if known else name


def _of_duty(ruleset: Ruleset, duty: Duty) -> Iterator[Field]:
    yield "duty", duty.duty_id
    yield "title", duty.title
    yield "file", duty.where
    yield "why", duty.why
    yield "includes", list(duty.includes)
    yield "made of", list(duty.made_of)
    yield from _ways(duty)
    yield "rule", [f"{rule.rule_id} {rule.title}" for rule in _using(ruleset.rules, duty.duty_id)]


def _using(rules: Sequence[Rule], duty: str) -> Iterator[Rule]:
    """The rules in which a duty has a part, on its own or inside a leg made of it."""
    for rule in rules:
        legs = {part for leg in rule.duties for part in leg.partition("[")[0].split("+")}
        if duty in legs or duty in rule.duties:
            yield rule


def _ways(duty: Duty) -> Iterator[Field]:
    yield (
        f"way to {duty.duty_id}",
        [f"{way} (of {way.origin})" if way.origin else str(way) for way in duty.ways],
    )
