"""Lint: what is wrong or odd in a ruleset that can be loaded, found without any access to judge.

Loading refuses what has no meaning. Lint reads what has one, and says where it is not likely to be
the one that was meant. docs/lint.md explains every code.
"""

from __future__ import annotations

from datetime import date

from sod_analyzer.errors import SourceRef
from sod_analyzer.model.ruleset import Control, Ruleset
from sod_analyzer.rules.approvals import Approvals, ApprovalState, of_ruleset, standing
from sod_analyzer.rules.cases import CaseFile
from sod_analyzer.rules.containment import Duties
from sod_analyzer.rules.lint_cases import lint_cases
from sod_analyzer.rules.lint_duties import lint_duties, used_duties
from sod_analyzer.rules.lint_notes import CODES, SOON, LintNote, note, ordered
from sod_analyzer.rules.lint_places import Places, Say
from sod_analyzer.rules.lint_register import lint_register
from sod_analyzer.rules.lint_rules import lint_rules

__all__ = ["CODES", "SOON", "LintNote", "lint", "lint_register"]

#: Changes since an approval that one message lists.
_CHANGES = 5


def lint(
    ruleset: Ruleset,
    cases: CaseFile | None = None,
    *,
    as_of: date,
    approvals: Approvals | None = None,
) -> tuple[LintNote, ...]:
    """Everything that is wrong or odd, by file, line and code; empty when nothing is.

    Of imported duties and rules only what is certainly wrong is told. Without `cases` nothing is
    said about them, and without `approvals` only the approval that the text carries counts.

    Cost: rules are compared pair by pair; a way only with those that share an action with it, or
    that have a wildcard.
    """
    notes: list[LintNote] = []

    def say(code: str, text: str, where: SourceRef) -> None:
        notes.append(note(code, text, where))

    places = Places(ruleset)
    _lint_approval(ruleset, approvals or Approvals(), places, say)
    _lint_imports(ruleset, places, say)
    duties = Duties(ruleset.duty)
    lint_duties(ruleset, duties, places, say)
    lint_rules(ruleset, duties, places, say, as_of=as_of)
    _lint_controls(ruleset, places, say)
    if cases is not None:
        lint_cases(cases, ruleset, say)
    return ordered(notes)


def _lint_approval(ruleset: Ruleset, approvals: Approvals, places: Places, say: Say) -> None:
    row = standing(approvals, of_ruleset(ruleset))
    where = places.head("ruleset" if ruleset.approved is None else "approved")
    if row["state"] == ApprovalState.NOT_APPROVED:
        text = f"nobody has approved {ruleset.name} {ruleset.version}"
        say("unapproved", f"{text}; `sod rules approve` writes down who did", where)
    elif row["state"] == ApprovalState.CHANGED:
        told = (row["changes"] or "").splitlines()
        more = [f"and {len(told) - _CHANGES} more"] if len(told) > _CHANGES else []
        text = (
            f"{ruleset.name} has changed since {row['by']} approved it on {row['on']}: "
            f"{'; '.join([*told[:_CHANGES], *more])}; have it approved again"
        )
        say("changed-since-approval", text, where)


def _lint_imports(ruleset: Ruleset, places: Places, say: Say) -> None:
    """An import of which nothing is left in any rule."""
    controls = {name for rule in ruleset.rules for name in rule.controls}
    used = (
        *(ruleset.duty[name].where for name in used_duties(ruleset)),
        *(each.where for each in ruleset.controls if each.control_id in controls),
    )
    files = {where.path for where in used if where}
    names = {rule.ruleset for rule in ruleset.rules}
    for each in ruleset.imports:
        where = places.import_of(each.key)
        if where is None or each.name in names or any(_is_file(f, each.key) for f in files):
            continue
        text = f"nothing of '{each.name}' is used: no rule, duty or control; leave the import out"
        say("unused-import", text, where)


def _is_file(path: str, key: str) -> bool:
    """Whether a path in messages is that of the import with this key."""
    return path in (f"rulesets/{key}/{key}.yaml", key) or path.endswith(f"/{key}")


def _lint_controls(ruleset: Ruleset, places: Places, say: Say) -> None:
    used = {name for rule in ruleset.rules for name in rule.controls}
    for control in ruleset.controls:
        if not places.own(control):
            continue
        where = control.where or places.head("controls", control.control_id)
        if control.control_id not in used:
            text = f"no rule allows control '{control.control_id}'; allow it somewhere or remove it"
            say("unused-control", text, where)
        if not control.needs:
            say("bare-control", _bare(control), where)


def _bare(control: Control) -> str:
    return (
        f"nothing says what must be shown for control '{control.control_id}' to count; "
        "list it under 'needs'"
    )
