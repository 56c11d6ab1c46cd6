"""The digests of what a ruleset and a rule mean: an approval is of one, mitigations pin another."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sod_analyzer.model.ruleset import (
    Control,
    Counts,
    Dropped,
    Duty,
    Exclusion,
    Rule,
    Ruleset,
    Selector,
    Subjects,
    Way,
)

#: Raised when a canonical form below changes: every approval and pin then has to be renewed.
_FORM = 2


def ruleset_digest(ruleset: Ruleset) -> str:
    """SHA-256, in hex, over everything that the ruleset means with its imports applied.

    Comments, layout, key order, line numbers, the path and the approval do not change it, nor does
    the file that a duty or rule comes from; any word in any value does.
    """
    return _hashed(
        {
            "form": _FORM,
            "name": ruleset.name,
            "version": ruleset.version,
            "title": ruleset.title,
            "owner": ruleset.owner,
            "duties": {duty.duty_id: _duty(duty) for duty in ruleset.duties},
            "rules": {rule.rule_id: _rule(rule) for rule in ruleset.rules},
            "controls": {each.control_id: _control(each) for each in ruleset.controls},
            "dropped": {each.rule_id: _dropped(each) for each in ruleset.dropped},
        }
    )


def rule_digest(rule: Rule) -> str:
    """SHA-256, in hex, over what the rule asks of whom, and nothing that is said about it.

    Titles, texts, severity, controls and references do not change it, nor the order of duties.
    The ways of its duties are not in it: whoever pins a rule pins the ways that were held.
    """
    return _hashed({"form": _FORM, **_asked(rule), "exclusions": _left_out(rule)})


def _hashed(meaning: dict[str, Any]) -> str:
    canonical = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _asked(rule: Rule) -> dict[str, Any]:
    return {
        "kind": str(rule.kind),
        "holder": str(rule.holder),
        "duties": sorted(rule.duties),
        "count": rule.count,
        "scope": str(rule.scope),
        "counts": _counts(rule.counts),
        "gates": {duty: sorted(kinds) for duty, kinds in rule.gates.items()},
        "subjects": _subjects(rule.subjects),
        "allowed": _subjects(rule.allowed),
        "only_tiers": sorted(rule.only_tiers),
        "environment": rule.environment,
        "hygiene": [str(rule.hygiene.check), rule.hygiene.days] if rule.hygiene else None,
    }


def _left_out(rule: Rule) -> list[list[Any]]:
    """Who and what is left out and until when, not why."""
    return sorted(
        (
            [_subjects(each.subjects), sorted(each.places), str(each.until or "")]
            for each in rule.exclusions
        ),
        key=json.dumps,
    )


def _duty(duty: Duty) -> dict[str, Any]:
    return {
        "title": duty.title,
        "why": duty.why,
        "ways": [_way(way) for way in duty.ways],
        "includes": sorted(duty.includes),
        "made_of": list(duty.made_of),
    }


def _way(way: Way) -> dict[str, Any]:
    return {"parts": [_selector(part) for part in way.parts], "origin": way.origin}


def _selector(part: Selector) -> dict[str, Any]:
    return {
        "product": part.product,
        "actions": sorted(part.actions),
        "system": part.system,
        "resource": part.resource,
        "environment": part.environment,
        "any_scope": part.any_scope,
        "unless": [_selector(other) for other in part.unless],
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        **_asked(rule),
        "slug": rule.slug,
        "title": rule.title,
        "duties": list(rule.duties),
        "severity": str(rule.severity),
        "tiers": {tier: str(severity) for tier, severity in rule.tiers.items()},
        "why": rule.why,
        "false_positives": list(rule.false_positives),
        "controls": list(rule.controls),
        "control_max_days": rule.control_max_days,
        "references": {framework: list(ids) for framework, ids in rule.references.items()},
        "status": rule.status,
        "since": rule.since,
        "exclusions": [_exclusion(each) for each in rule.exclusions],
        "conflicts_of": rule.conflicts_of,
    }


def _counts(counts: Counts) -> dict[str, Any]:
    return {
        "means": [str(means) for means in counts.means],
        "certainty": [str(certainty) for certainty in counts.certainty],
        "max_changes": counts.max_changes,
    }


def _subjects(subjects: Subjects) -> dict[str, list[str]]:
    return {
        "kinds": sorted(subjects.kinds),
        "departments": sorted(subjects.departments),
        "titles": sorted(subjects.titles),
        "roles": sorted(subjects.roles),
        "accounts": sorted(subjects.accounts),
        "people": sorted(subjects.people),
    }


def _exclusion(exclusion: Exclusion) -> dict[str, Any]:
    return {
        "reason": exclusion.reason,
        "by": exclusion.by,
        "on": exclusion.on.isoformat(),
        "until": exclusion.until.isoformat() if exclusion.until else None,
        "subjects": _subjects(exclusion.subjects),
        "places": sorted(exclusion.places),
    }


def _control(control: Control) -> dict[str, Any]:
    return {
        "title": control.title,
        "needs": list(control.needs),
        "frequency_days": control.frequency_days,
        "references": {framework: list(ids) for framework, ids in control.references.items()},
    }


def _dropped(dropped: Dropped) -> dict[str, Any]:
    return {
        "title": dropped.title,
        "reason": dropped.reason,
        "by": dropped.by,
        "on": dropped.on.isoformat(),
    }
