"""Lint of the register of mitigations against the rules: what excuses nothing, or soon will."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from sod_analyzer.documents import suggest
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.mitigation import Mitigation
from sod_analyzer.model.ruleset import Rule, Ruleset
from sod_analyzer.rules.lint_notes import SOON, LintNote, note, ordered
from sod_analyzer.rules.register import Register

_Told = Iterator[tuple[str, str]]


def lint_register(register: Register, ruleset: Ruleset, *, as_of: date) -> tuple[LintNote, ...]:
    """Everything that is wrong or odd about mitigations on that day, by line and code.

    What depends on who holds what, such as a performer who reports to the person, only an analysis
    can tell; its report lists every mitigation with its standing.
    """
    notes = []
    for each in register.mitigations:
        where = each.where or SourceRef(register.path)
        for code, text in _about(each, ruleset, as_of):
            notes.append(note(code, f"{each.mitigation_id}: {text}", where))
    return ordered(notes)


def _about(m: Mitigation, ruleset: Ruleset, as_of: date) -> _Told:
    rule = ruleset.rule.get(m.rule_id)
    if rule is None:
        gone = m.rule_id in {each.rule_id for each in ruleset.dropped}
        near = "; it was dropped" if gone else suggest(m.rule_id, ruleset.rule)
        yield "mitigation-of-unknown-rule", f"there is no rule '{m.rule_id}'{near}"
    else:
        yield from _against(m, rule)
    if m.control not in ruleset.control:
        near = suggest(m.control, ruleset.control)
        yield "undefined-control", f"control '{m.control}' is not defined{near}"
    yield from _people(m)
    if m.valid_until < as_of:
        # Over: how it was performed and approved is history.
        text = f"expired on {m.valid_until}; remove it, or have it approved anew"
        yield "mitigation-expired", text
        return
    if m.approved_on > as_of:
        yield "mitigation-not-yet", f"is approved only from {m.approved_on}; it excuses nothing yet"
    elif m.valid_until <= as_of + timedelta(days=SOON):
        text = f"ends on {m.valid_until}; decide now whether it is renewed"
        yield "mitigation-ending", text
    yield from _performed(m, ruleset, as_of)
    yield from _pinned(m, rule)


def _against(m: Mitigation, rule: Rule) -> _Told:
    if rule.controls and m.control not in rule.controls:
        allowed = ", ".join(sorted(rule.controls))
        text = f"{m.rule_id} allows {allowed}, not {m.control}; use one of these"
        yield "control-not-allowed", text
    days = (m.valid_until - m.approved_on).days
    if rule.control_max_days is not None and days > rule.control_max_days:
        last = m.approved_on + timedelta(days=rule.control_max_days)
        text = (
            f"is approved for {days} days, and {m.rule_id} allows {rule.control_max_days}; "
            f"end it on {last} or before"
        )
        yield "mitigation-too-long", text
    of_place = m.subject_key == m.place
    if of_place and not rule.kind.counts_people:
        text = f"{m.rule_id} is about people; say whom it excuses, under 'person' or 'people'"
        yield "mitigation-of-nobody", text
    elif not of_place and rule.kind.counts_people:
        text = f"{m.rule_id} counts the people of a place; leave out {m.subject_key}"
        yield "mitigation-of-nobody", text


def _people(m: Mitigation) -> _Told:
    if m.approver == m.subject_key:
        yield (
            "self-approved",
            f"{m.approver} approved it for themselves; somebody else has to",
        )
    if m.performer == m.subject_key:
        text = f"{m.performer} performs the control over themselves; somebody else has to"
        yield "self-performed", text
    if m.approver == m.performer:
        text = f"{m.approver} approved it and performs it; another approver would be independent"
        yield "approver-performs", text


def _performed(m: Mitigation, ruleset: Ruleset, as_of: date) -> _Told:
    control = ruleset.control.get(m.control)
    stated = (m.frequency_days, control.frequency_days if control else None)
    days = min((each for each in stated if each is not None), default=None)
    if days is None:
        return
    # What was performed after that day says nothing of it.
    done = m.last_performed if m.last_performed and m.last_performed <= as_of else None
    due = (done or m.approved_on) + timedelta(days=days)
    if due < as_of:
        told = f"last performed on {done}" if done else "never performed"
        text = f"{told}, and due every {days} days, so by {due}; perform it and write down when"
        yield "control-overdue", text


def _pinned(m: Mitigation, rule: Rule | None) -> _Told:
    if m.pin is None:
        text = "is pinned to nothing, so it excuses nothing; `sod rules approve` pins it"
        yield "mitigation-unpinned", text
    elif rule is not None and m.pin.rule_digest != rule.digest:
        text = f"has lapsed: {m.rule_id} asks something else since it was approved; approve it anew"
        yield "mitigation-lapsed", text
