"""Rule cases: whom a rule must hit, and whom it must not, in raw entitlements.

One file beside each ruleset, `<ruleset>.cases.yaml`. Its head declares the systems, applications
and roles that the cases happen in, so that they can be run without any export. docs/cases.md
explains every key.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from pathlib import Path

from sod_analyzer.documents import (
    Document,
    Keyed,
    Problems,
    Word,
    bind,
    bound,
    quoted,
    read_document,
    suggest,
)
from sod_analyzer.errors import Problem, RulesetError, SourceRef
from sod_analyzer.model.access import SystemScope
from sod_analyzer.model.finding import Verdict
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.rules.building import RULE_ID
from sod_analyzer.rules.case_people import (
    CaseMitigation,
    CasePerson,
    CaseRole,
    PersonReader,
    RoleShape,
    listed,
    read_roles,
)
from sod_analyzer.rules.case_rights import CaseRight, RightReader
from sod_analyzer.rules.catalogue import ApplicationShape, check_applications

_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")

#: The day on which cases happen, where their file states none: any day will do, but today.
USUAL_DAY = date(2026, 10, 1)


class Differs(StrEnum):
    """The one fact in which a miss differs from a hit."""

    APPLICATION = "application"
    SYSTEM = "system"
    RESOURCE = "resource"
    ENVIRONMENT = "environment"
    RIGHT = "right"
    DUTY = "duty"
    SUBJECT = "subject"
    MEANS = "means"
    CONTEXT = "context"
    COUNT = "count"
    EXCLUSION = "exclusion"
    HOURS = "hours"
    GATE = "gate"
    HYGIENE = "hygiene"


#: The lists of a rule's cases, and the verdict that each expects.
EXPECTED: Mapping[str, Verdict] = {
    "hit": Verdict.VIOLATION,
    "miss": Verdict.CLEAR,
    "gated": Verdict.GATED,
    "mitigated": Verdict.MITIGATED,
    "not-evaluable": Verdict.NOT_EVALUABLE,
}


@dataclass(frozen=True, slots=True)
class CaseSystem:
    """A system that the cases use."""

    product: str
    where: SourceRef
    environment: str | None = None
    missing: bool = False  # its source was not read
    scope: SystemScope = SystemScope.IN_SCOPE


@dataclass(frozen=True, slots=True)
class Case:
    """People with a few rights, and what one rule must say of them.

    A rule about one subject is about the first person; the others stand around. A rule that counts
    people is about all of them.
    """

    rule_id: str
    verdict: Verdict
    people: tuple[CasePerson, ...]
    where: SourceRef
    at: str | None = None  # the place where the verdict must be
    differs: Differs | None = None  # of a miss: the fact that makes it one
    exists: tuple[CaseRight, ...] = ()  # rights that nobody of the case has
    mitigation: CaseMitigation | None = None

    @property
    def hit(self) -> bool:
        """Whether the rule must find a violation."""
        return self.verdict is Verdict.VIOLATION

    @property
    def person(self) -> str:
        """The person that the case is about."""
        return self.people[0].name

    @property
    def rights(self) -> tuple[CaseRight, ...]:
        """What that person has."""
        return self.people[0].rights


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one ruleset, in the order written, and the world they happen in."""

    ruleset: str
    systems: Mapping[str, CaseSystem]
    applications: Mapping[str, ApplicationShape]
    cases: tuple[Case, ...]
    document: Document
    roles: Mapping[str, CaseRole] = field(default_factory=dict)
    as_of: date = USUAL_DAY


@dataclass(frozen=True, slots=True)
class _HeadShape:
    ruleset: str
    systems: Mapping[str, CaseSystem]
    applications: Mapping[str, ApplicationShape]
    roles: Mapping[str, RoleShape] = field(default_factory=dict)
    as_of: date = USUAL_DAY


@dataclass(frozen=True, slots=True)
class _MarksShape:
    at: str | None = None
    exists: tuple[Word, ...] = ()
    mitigation: Keyed | None = None


@dataclass(frozen=True, slots=True)
class _MissShape:
    differs: Differs
    at: str | None = None
    exists: tuple[Word, ...] = ()
    mitigation: Keyed | None = None


_HEAD = ("ruleset", "systems", "applications", "roles", "as_of")
_MARKS = ("at", "exists", "mitigation")


def load_cases(path: Path, *, shown: str | None = None) -> CaseFile:
    """The cases in this file.

    Raises:
        RulesetError: with every problem and its line.
    """
    document = read_document(path, error=RulesetError, shown=path.name if shown is None else shown)
    problems = Problems(document.path, RulesetError)
    root = document.root
    if not isinstance(root, Keyed):
        problems.fail(root.line, "must be a mapping")
    head = bound(bind(root.only(_HEAD), _HeadShape, problems), problems)
    for name in head.systems:
        if _SYSTEM.fullmatch(name) is None:
            line = document.line("systems", name)
            problems.say(line, f"systems.{name}: an id has letters, digits, '.', '_' and '-' only")
    check_applications(head.applications, head.systems, document, problems)
    rights = RightReader(head.systems, problems)
    roles = read_roles(head.roles, head.systems, rights, problems)
    reader = _CaseReader(rights, PersonReader(rights, roles, problems), problems)
    cases: list[Case] = []
    for rule_id, entry in root.without(_HEAD).entries.items():
        if RULE_ID.fullmatch(rule_id) is None:
            near = suggest(rule_id, _HEAD)
            text = f"{quoted(rule_id)} is neither a rule id, such as DEV-01, nor a key{near}"
            problems.say(entry.line, text)
        elif not isinstance(entry.value, Keyed):
            problems.say(entry.line, f"{rule_id}: must be a mapping with hit and miss")
        else:
            cases += reader.cases(rule_id, entry.value)
    problems.settle()
    return CaseFile(
        head.ruleset,
        head.systems,
        head.applications,
        tuple(cases),
        document,
        roles,
        head.as_of,
    )


def check_cases(cases: CaseFile, ruleset: Ruleset) -> None:
    """Refuses cases that do not fit the ruleset: every rule needs a hit and a miss.

    Raises:
        RulesetError: with every problem and its line.
    """
    problems: list[Problem] = []
    if cases.ruleset != ruleset.name:
        where = SourceRef(cases.document.path, cases.document.line("ruleset"))
        text = f"cases of '{cases.ruleset}', but the ruleset is '{ruleset.name}'"
        problems.append(Problem(text, where))
    seen = {(case.rule_id, case.verdict) for case in cases.cases}
    for rule_id in dict.fromkeys(case.rule_id for case in cases.cases):
        if rule_id not in ruleset.rule:
            where = SourceRef(cases.document.path, cases.document.line(rule_id))
            problems.append(Problem(f"no rule '{rule_id}'{suggest(rule_id, ruleset.rule)}", where))
    for rule in ruleset.rules:
        problems += [
            Problem(f"rule {rule.rule_id} has no case that must be {name}", rule.where)
            for verdict, name in ((Verdict.VIOLATION, "hit"), (Verdict.CLEAR, "missed"))
            if (rule.rule_id, verdict) not in seen
        ]
    if problems:
        raise RulesetError(problems)


class _CaseReader:
    """Reads the cases of one file; a class to carry readers and problems along."""

    def __init__(self, rights: RightReader, people: PersonReader, problems: Problems) -> None:
        self._rights = rights
        self._people = people
        self._problems = problems

    def cases(self, rule_id: str, tree: Keyed) -> list[Case]:
        """The cases of one rule, list by list, in the order written."""
        found: list[Case] = []
        for name, entry in tree.entries.items():
            at = f"{rule_id}.{name}"
            if name not in EXPECTED:
                text = f"{rule_id}: unknown key {quoted(name)}{suggest(name, EXPECTED)}"
                self._problems.say(entry.line, text)
                continue
            trees = listed(entry.value)
            if trees is None:
                self._problems.say(entry.line, f"{at}: must be a list of people and their rights")
                continue
            if not trees:
                self._problems.say(entry.line, f"{at}: there is none")
            read = (self._case(rule_id, each, f"{at}[{n}]", name) for n, each in enumerate(trees))
            found += filter(None, read)
        return found

    def _case(self, rule_id: str, tree: Keyed, at: str, name: str) -> Case | None:
        verdict = EXPECTED[name]
        missed = verdict is Verdict.CLEAR
        own = (*_MARKS, "differs") if missed else _MARKS
        shape: type[_MissShape | _MarksShape] = _MissShape if missed else _MarksShape
        marks = bind(tree.only(own), shape, self._problems, at=at)
        if not missed and "differs" in tree.entries:
            line = tree.entries["differs"].line
            self._problems.say(line, f"{at}: 'differs' is said of a miss only")
        entries = tree.without((*own, "differs")).entries
        if not entries:
            self._problems.say(tree.line, f"{at}: must name a person")
            return None
        people = [self._people.person(name, entry, at) for name, entry in entries.items()]
        if marks is None or None in people:
            return None
        case = Case(
            rule_id=rule_id,
            verdict=verdict,
            people=tuple(person for person in people if person is not None),
            where=SourceRef(self._problems.path, tree.line),
            at=marks.at,
            differs=marks.differs if isinstance(marks, _MissShape) else None,
            exists=tuple(
                right
                for word in marks.exists
                if (right := self._rights.right(word, at, held=False)) is not None
            ),
            mitigation=None
            if marks.mitigation is None
            else self._people.mitigation(marks.mitigation, at),
        )
        self._check(case, at)
        return case

    def _check(self, case: Case, at: str) -> None:
        line = case.where.line
        if case.verdict is Verdict.MITIGATED and case.mitigation is None:
            self._problems.say(line, f"{at}: key 'mitigation' is missing")
        if case.mitigation is not None and case.at is None:
            self._problems.say(line, f"{at}: a mitigation is for one place; say at which, with at")
        logins: dict[tuple[str, str], str] = {}
        for person in case.people:
            for right in person.rights:
                if right.account is None:
                    continue
                first = logins.setdefault((right.system, right.account), person.name)
                if first != person.name:
                    self._problems.say(
                        right.where.line,
                        f"{at}: @{right.account} in {right.system} is {first}'s already; "
                        "a login of several people is shared=",
                    )
