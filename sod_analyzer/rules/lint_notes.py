"""What lint says: a code, how bad it is, and one sentence with its place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from sod_analyzer.errors import SourceRef

Weight = Literal["error", "warning"]

#: Every code and its weight. An error is certainly wrong; a warning may not mean what was meant.
CODES: Mapping[str, Weight] = {
    # the ruleset
    "changed-since-approval": "error",
    "unapproved": "warning",
    "unused-import": "warning",
    "odd-spelling": "warning",
    # duties
    "unused-duty": "warning",
    "duplicate-duty": "warning",
    "duplicate-pattern": "warning",
    "substring-pattern": "warning",
    "every-action": "warning",
    "nothing-left": "error",
    "idle-except": "warning",
    # rules
    "duplicate-rule": "error",
    "subsumed-rule": "warning",
    "one-duty-enough": "error",
    "one-right-enough": "warning",
    "always-broken": "error",
    "never-broken": "error",
    "unrelated-scope": "error",
    "contradicting-counts": "error",
    "exclusion-over": "warning",
    "exclusion-ending": "warning",
    "exclusion-without-end": "warning",
    "deprecated-without-successor": "warning",
    "unknown-framework": "warning",
    # controls
    "undefined-control": "error",
    "missing-control": "warning",
    "unused-control": "warning",
    "bare-control": "warning",
    # cases
    "cases-of-another-ruleset": "error",
    "case-of-unknown-rule": "error",
    "rule-without-case": "error",
    "missing-near-miss": "warning",
    # the register of mitigations
    "mitigation-of-unknown-rule": "error",
    "mitigation-of-nobody": "error",
    "control-not-allowed": "error",
    "mitigation-too-long": "error",
    "self-approved": "error",
    "self-performed": "error",
    "approver-performs": "warning",
    "control-overdue": "error",
    "mitigation-not-yet": "warning",
    "mitigation-expired": "warning",
    "mitigation-ending": "warning",
    "mitigation-unpinned": "warning",
    "mitigation-lapsed": "error",
}

#: Days before an end at which lint begins to speak of it.
SOON = 30


@dataclass(frozen=True, slots=True)
class LintNote:
    """One thing that somebody should look at before the rules are signed."""

    severity: Weight
    code: str
    text: str
    where: SourceRef

    def __str__(self) -> str:
        return f"{self.where}: {self.text}"


def note(code: str, text: str, where: SourceRef) -> LintNote:
    """A note of this code; its weight is the code's."""
    return LintNote(CODES[code], code, text, where)


def ordered(notes: Iterable[LintNote]) -> tuple[LintNote, ...]:
    """The notes by file, line, code and text, none of them twice."""
    return tuple(
        sorted(
            set(notes),
            key=lambda n: (n.where.path, n.where.line or 0, n.where.pointer or "", n.code, n.text),
        )
    )
