"""What an editor says of each key of a ruleset file. docs/rules.md says the same at length."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

_NARROWING = {
    "class": "Kinds of identity: person, workload, shared or vendor",
    "department": "Patterns of departments",
    "title": "Patterns of job titles",
    "role": "Patterns of role ids, system:name, of which the subject has one, directly or not",
    "account": "Patterns of account ids, system:name, of which the subject has one",
    "person": "Patterns of employee ids, or of account ids where there is no person",
}

#: By shape, then by key.
TEXTS: Mapping[str, Mapping[str, str]] = MappingProxyType(
    {
        "RulesetShape": {
            "ruleset": "Its name: lower-case letters, digits and '-'",
            "version": "Of your own counting",
            "owner": "Who answers for it",
            "title": "Its name for readers",
            "approved": "Who approved it, when, and the digest that they approved",
            "imports": "Rulesets to take over: a built-in name, or a path relative to this file",
            "extend": "Further ways for imported duties, and keys that replace those of rules",
            "drop": "Imported rules that are not applied, by id",
            "controls": "Compensating controls, by id",
            "duties": "Duties, by id",
            "rules": "Rules, by id",
        },
        "ApprovedShape": {
            "by": "Who approved it",
            "on": "On which day",
            "digest": "The digest that they approved",
        },
        "ImportShape": {
            "ruleset": "A built-in name, or a path relative to this file",
            "rules": "Only these rules; all duties and controls come in any case",
        },
        "ExtendShape": {
            "duties": "Further ways, by imported duty",
            "rules": "Keys that replace those of imported rules, by rule",
        },
        "DutyExtensionShape": {"ways": "Further ways to perform the duty"},
        "DropShape": {
            "reason": "Why the rule is not for you",
            "by": "Who decided that",
            "on": "On which day",
        },
        "ControlShape": {
            "title": "What is done",
            "needs": "What must be shown for it to count",
            "frequency": "daily, weekly, monthly, quarterly, yearly, or such as '30 days'",
            "references": "Framework, and exact ids",
        },
        "DutyShape": {
            "title": "The step, as a reader would say it",
            "ways": "Any of them performs the duty",
            "includes": "Duties any of which performs this one",
            "why": "Why it matters",
        },
        "PartShape": {
            "product": "The kind of system",
            "action": "What one may do: one pattern, or a list of which any will do",
            "system": "Only systems whose id matches",
            "resource": "Only these resources, and what lies below them",
            "environment": "Only where the catalogue, or else the system, says so",
            "any_scope": "This part need not be in the place that the rule judges",
            "except": "Actions that do not count",
        },
        "AllOfShape": {"all_of": "Parts that must come together in one account"},
        "RuleShape": {
            "title": "What must not be, as a reader would say it",
            "scope": "What the duties must have in common",
            "severity": "How bad it is; or a default, and a severity for each tier",
            "why": "How the loss would happen",
            "references": "The requirements it serves: framework, and exact ids",
            "duties": "Duties that nobody may combine, or one that nobody may have",
            "only": "A duty that nobody but these may have",
            "may_hold_only": "Duties beside which the subjects may have nothing of a kind",
            "max_holders": "A duty that at most so many people may have",
            "min_holders": "A duty that at least so many people must have",
            "min_people": "Duties that fewer people than this may never have among them",
            "max_grant_hours": "A duty that is given for no longer than this",
            "role_conflicts": "A rule that no role may break by itself",
            "hygiene": "A check of accounts and roles",
            "slug": "A short name for the danger, not the cure",
            "holder": "Whom the rule judges: identity (the usual), account or role",
            "subjects": "Only these subjects",
            "environment": "Every part that states no environment counts only there",
            "tiers": "Only applications of these tiers",
            "exclude": "Subjects and places to leave out, and who answers for that",
            "counts": "Which access counts",
            "gates": "By duty, the gates behind which it counts only when held alone",
            "false_positives": "When a hit is harmless",
            "controls": "Controls that may mitigate it, and for how long",
            "status": "stable (the usual), experimental or deprecated",
            "since": "The version of the ruleset that brought it",
        },
        "RuleExtensionShape": {
            "severity": "In place of the imported severity",
            "subjects": "In place of the imported subjects",
            "environment": "In place of the imported environment",
            "tiers": "In place of the imported tiers",
            "exclude": "In place of the imported exclusions",
            "counts": "In place of the imported counts",
            "controls": "In place of the imported controls",
        },
        "LogicShape": {
            "all_of": "Nobody may have all of these",
            "at_least": "Nobody may have so many of these",
            "critical": "Nobody may have this one",
        },
        "AtLeastShape": {"count": "How many are too many", "of": "Duties, or groups of them"},
        "AnyOfShape": {"any_of": "Alternatives: any of them counts"},
        "OnlyShape": {
            "duty": "The duty",
            "holders": "Who may have it",
            "except": "Who else may, for a while, and who answers for that",
        },
        "MayHoldOnlyShape": {
            "duties": "What the subjects may have",
            "within": "The duty whose ways are the rest",
        },
        "HoldersShape": {"duty": "The duty", "count": "The number of people"},
        "PeopleShape": {
            "duties": "Duties, or groups of them, that together take a change through",
            "count": "The fewest people that may be able to",
        },
        "GrantHoursShape": {"duty": "The duty", "hours": "The most hours of one grant"},
        "HygieneShape": {
            "check": "What must not be",
            "days": "Unused for longer than this is dormant; 90 unless you say otherwise",
        },
        "SeverityShape": {"default": "Where no tier says otherwise", "tier": "By tier"},
        "CountsShape": {
            "means": "held, eligible, self-grant; each includes the ones before it",
            "certainty": "sure, conditional; each includes the ones before it",
            "max_changes": "How many changes of their own making somebody may need",
        },
        "ControlsShape": {
            "allowed": "Control ids",
            "max_days": "For how long at most one may stand for the rule",
        },
        "SubjectsShape": _NARROWING,
        "ExclusionShape": {
            "reason": "Why they are left out",
            "by": "Who decided that",
            "on": "On which day",
            "until": "The last day on which it holds",
            "place": "Patterns of applications, systems or resources",
            **_NARROWING,
        },
    }
)
