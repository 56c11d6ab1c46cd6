"""The digest of what a ruleset means, which is what an approval is of."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from sod_analyzer.model.ruleset import Duty, Rule, Ruleset, Selector

#: Raised when the canonical form below changes: every approval then has to be renewed.
_FORM = 1


def ruleset_digest(ruleset: Ruleset) -> str:
    """SHA-256, in hex, over everything that was parsed.

    Comments, layout, key order, line numbers, the path and the approval do not change it; any
    word in any value does.
    """
    meaning = {
        "form": _FORM,
        "name": ruleset.name,
        "version": ruleset.version,
        "title": ruleset.title,
        "owner": ruleset.owner,
        "duties": {duty.duty_id: _duty(duty) for duty in ruleset.duties},
        "rules": {rule.rule_id: _rule(rule) for rule in ruleset.rules},
    }
    canonical = json.dumps(meaning, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("utf-8")).hexdigest()


def _duty(duty: Duty) -> dict[str, Any]:
    return {
        "title": duty.title,
        "why": duty.why,
        "ways": [[_selector(part) for part in way.parts] for way in duty.ways],
    }


def _selector(part: Selector) -> dict[str, Any]:
    return {
        "product": part.product,
        "actions": sorted(part.actions),
        "system": part.system,
        "resource": part.resource,
        "environment": part.environment,
        "any_scope": part.any_scope,
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "slug": rule.slug,
        "title": rule.title,
        "duties": list(rule.duties),
        "count": rule.count,
        "scope": str(rule.scope),
        "severity": str(rule.severity),
        "tiers": {tier: str(severity) for tier, severity in rule.tiers.items()},
        "why": rule.why,
        "counts": {
            "means": [str(means) for means in rule.counts.means],
            "certainty": [str(certainty) for certainty in rule.counts.certainty],
            "max_changes": rule.counts.max_changes,
        },
        "gates": {duty: list(kinds) for duty, kinds in rule.gates.items()},
        "false_positives": list(rule.false_positives),
        "controls": list(rule.controls),
        "control_max_days": rule.control_max_days,
        "references": {framework: list(ids) for framework, ids in rule.references.items()},
        "status": rule.status,
        "since": rule.since,
    }
