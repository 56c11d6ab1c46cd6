"""The words that explain a report: definitions, method, glossary, and hops as sentences."""

from __future__ import annotations

#: How a hop reads in a sentence, by kind of grant.
VERBS = {
    "member": "is a member of",
    "assigned": "is assigned",
    "attached": "has attached",
    "federated": "carries over to",
    "contains": "grants",
    "holds": "holds the account",
    "controls": "controls",
    "uses": "uses the shared login",
    "assumes": "can assume",
    "impersonates": "can impersonate",
}

MEANINGS = {
    "people_assessed": "Identities in the population: people, vendors, shared logins and "
    "workloads, each counted once however many accounts it has.",
    "people_violating": "Identities with at least one violation that is not folded.",
    "violations": "Pairs of one rule and one subject that breaks it somewhere; not counted: "
    "those that unrestricted access implies.",
    "places": "Applications, resources or systems in which those violations hold.",
    "violations_folded": "Violations that one finding of unrestricted access implies; listed "
    "under it.",
    "not_evaluable": "Pairs of one rule and one subject that could be a violation: a fact that "
    "decides it is missing.",
    "mitigated": "Pairs of one rule and one subject that breaks it, each time with a compensating "
    "control in force.",
    "gated": "Pairs of one rule and one subject that breaks it only by rights that a review or "
    "approval stands before.",
    "excluded": "Places of findings that an exclusion leaves out; see Exclusions.",
    "paths": "Shortest ways by which the subjects hold the duties, one per duty and part.",
    "dormant": "Would be a violation if a disabled or expired account worked again.",
    "open_gaps": "Facts missing from the input that nobody has accepted.",
    "accepted_gaps": "Facts missing from the input that a named owner has accepted until a day.",
}

#: Counts that only the analysis knows, as far as they need words.
OTHER_MEANINGS = {
    "identities": "People, vendors, shared logins and workloads.",
    "identities_judged": "Identities that conflict rules judge.",
    "accounts": "Logins in all systems.",
    "roles": "Groups, teams, policies and other bundles of rights.",
    "entitlements": "Distinct rights.",
    "grants": "Source records that give something to somebody.",
    "unrestricted": "Violations that are unrestricted access to a whole system.",
    "rules": "Rules in the ruleset.",
    "rules_not_evaluable": "Rules that could not be judged everywhere.",
    "rules_not_applicable": "Rules that nobody can break: a duty needs products declared not used "
    "or out of scope.",
    "unmapped_resources": "Resources that no application claims.",
}

GLOSSARY = (
    ("Identity", "A person or workload that can be held to account."),
    ("Account", "An identity's login in one system."),
    ("Role", "A named bundle of rights: a group, team, policy or permission set."),
    ("Entitlement", "The smallest right a system enforces: an action on a resource."),
    ("Duty", "The entitlements that let one perform one business step."),
    ("Rule", "What must not be, most often duties combined, with severity and reason."),
    ("Violation", "A rule and who or what breaks it; its places are where it does."),
    ("Not evaluable", "Neither broken nor clear: a fact that decides it is missing."),
    ("Mitigated", "Broken, and an approved compensating control in force stands for it."),
    ("Gated", "Broken only by rights that somebody else's review or approval stands before."),
    ("Excluded", "Left out by an exclusion or a dropped rule, which says why and who decided."),
    ("Folded", "Implied by unrestricted access, kept in the data, counted apart."),
    ("Held", "Had now. Eligible: had after activating it. Self-grant: can be given to oneself."),
    ("Sure", "Nothing else is needed. Conditional: depends on something not settled offline."),
    ("Dormant", "The account does not work now: disabled, locked or expired."),
    ("Place", "Where the duties meet: an application, resource or system; 'all' is everywhere."),
    ("Gap", "A missing fact that could hide a conflict. It is open until somebody accepts it."),
)

METHOD = (
    "Every source file is read whole, hashed, and counted from first line to last record.",
    "Accounts are tied to people by employee id, unique e-mail or the alias file.",
    "Where those disagree nothing is guessed: the account stands under its own name.",
    "Rights flow from entitlements through roles, nested to any depth, to accounts.",
    "An identity has what all its accounts have, in every system.",
    "A duty is held in a place when one of its ways is held there by one account's reach.",
    "A rule is broken in a place when enough of its duties are held there.",
    "Rules that count people judge a place by everybody who holds the duty there.",
    "What is mitigated, gated or excluded stays in the files, each under its own name.",
    "A fact that is missing makes a duty unknown.",
    "A rule that could then be broken is not evaluable there: the report gives no clean bill.",
    "For each duty the shortest path is shown; each hop names the file and record that state it.",
)

WORKBOOK = (
    "Data sheets have column names in row 1 and one fact per cell; times are UTC.",
    "A blank cell is a missing value, never a zero.",
    "Formulas stand in Summary and Completeness only; each carries the value the tool counted.",
    "A print shows the first ten columns of a data sheet; all columns are on the screen.",
    "Rows beyond a sheet's limit go on in a sheet of the same name with a number; row 1 says so.",
    "Rows beyond four such sheets stand in the file that row 1 names.",
    "Nothing is said by colour alone.",
)
