"""Rule cases: who must be hit by a rule and who must not, in raw entitlements.

One file beside each ruleset, `<ruleset>.cases.yaml`. Its head declares the systems and applications
that the cases happen in, so that it can be run without any export.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
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
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.rules.building import RULE_ID
from sod_analyzer.rules.catalogue import ApplicationShape, check_applications

_PERSON = re.compile(r"[a-z][a-z0-9-]{0,31}")
_SYSTEM = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")
_RIGHT_WORDS = 3


class Differs(StrEnum):
    """The one fact in which a miss differs from a hit."""

    APPLICATION = "application"
    SYSTEM = "system"
    ENVIRONMENT = "environment"
    RIGHT = "right"
    DUTY = "duty"


@dataclass(frozen=True, slots=True)
class CaseSystem:
    """A system that the cases use."""

    product: str
    where: SourceRef
    environment: str | None = None


@dataclass(frozen=True, slots=True)
class CaseRight:
    """One raw entitlement, as an importer would state it."""

    system: str
    action: str
    resource: str
    where: SourceRef


@dataclass(frozen=True, slots=True)
class Case:
    """One person with a few rights, whom one rule must hit or must miss."""

    rule_id: str
    hit: bool
    person: str
    rights: tuple[CaseRight, ...]
    where: SourceRef
    at: str | None = None  # the place where a hit must be
    differs: Differs | None = None  # of a miss: the fact that makes it one


@dataclass(frozen=True, slots=True)
class CaseFile:
    """The cases of one ruleset, in the order written, and the world they happen in."""

    ruleset: str
    systems: Mapping[str, CaseSystem]
    applications: Mapping[str, ApplicationShape]
    cases: tuple[Case, ...]
    document: Document


@dataclass(frozen=True, slots=True)
class _HeadShape:
    ruleset: str
    systems: Mapping[str, CaseSystem]
    applications: Mapping[str, ApplicationShape]


@dataclass(frozen=True, slots=True)
class _RuleCasesShape:
    hit: tuple[Keyed, ...]
    miss: tuple[Keyed, ...]


@dataclass(frozen=True, slots=True)
class _HitShape:
    at: str | None = None


@dataclass(frozen=True, slots=True)
class _MissShape:
    differs: Differs


_HEAD = ("ruleset", "systems", "applications")


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
    reader = _CaseReader(head, problems)
    cases: list[Case] = []
    for rule_id, entry in root.without(_HEAD).entries.items():
        if RULE_ID.fullmatch(rule_id) is None:
            near = suggest(rule_id, _HEAD)
            text = f"{quoted(rule_id)} is neither a rule id, such as DEV-01, nor a key{near}"
            problems.say(entry.line, text)
            continue
        shape = bind(entry.value, _RuleCasesShape, problems, at=rule_id, line=entry.line)
        if shape is not None:
            cases += reader.cases(rule_id, shape, entry.line)
    problems.settle()
    return CaseFile(head.ruleset, head.systems, head.applications, tuple(cases), document)


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
    seen = {(case.rule_id, case.hit) for case in cases.cases}
    for rule_id in dict.fromkeys(case.rule_id for case in cases.cases):
        if rule_id not in ruleset.rule:
            where = SourceRef(cases.document.path, cases.document.line(rule_id))
            problems.append(Problem(f"no rule '{rule_id}'{suggest(rule_id, ruleset.rule)}", where))
    for rule in ruleset.rules:
        problems += [
            Problem(f"rule {rule.rule_id} has no case that must be {name}", rule.where)
            for hit, name in ((True, "hit"), (False, "missed"))
            if (rule.rule_id, hit) not in seen
        ]
    if problems:
        raise RulesetError(problems)


class _CaseReader:
    """Reads the cases of one file; a class to carry head and problems along."""

    def __init__(self, head: _HeadShape, problems: Problems) -> None:
        self._head = head
        self._problems = problems

    def cases(self, rule_id: str, shape: _RuleCasesShape, line: int) -> list[Case]:
        """The cases of one rule, hits first."""
        found: list[Case] = []
        for name, trees in (("hit", shape.hit), ("miss", shape.miss)):
            if not trees:
                self._problems.say(line, f"{rule_id}.{name}: there is none")
            for n, tree in enumerate(trees):
                case = self._case(rule_id, tree, f"{rule_id}.{name}[{n}]", hit=name == "hit")
                if case is not None:
                    found.append(case)
        return found

    def _case(self, rule_id: str, tree: Keyed, at: str, *, hit: bool) -> Case | None:
        marks: type[_HitShape | _MissShape] = _HitShape if hit else _MissShape
        own = ("at",) if hit else ("differs",)
        mark = bind(tree.only(own), marks, self._problems, at=at)
        people = tree.without(own).entries
        if len(people) != 1:
            named = ", ".join(quoted(key) for key in people) or "none"
            self._problems.say(tree.line, f"{at}: must name one person, not {named}")
            return None
        ((person, entry),) = people.items()
        if _PERSON.fullmatch(person) is None:
            self._problems.say(entry.line, f"{at}: a person is lower-case letters, digits and '-'")
        rights = bind(
            Keyed({"rights": entry}, entry.line), _RightsShape, self._problems, at=f"{at}.{person}"
        )
        if rights is None or mark is None:
            return None
        return Case(
            rule_id=rule_id,
            hit=hit,
            person=person,
            rights=tuple(filter(None, (self._right(word, at) for word in rights.rights))),
            where=SourceRef(self._problems.path, tree.line),
            at=mark.at if isinstance(mark, _HitShape) else None,
            differs=mark.differs if isinstance(mark, _MissShape) else None,
        )

    def _right(self, word: Word, at: str) -> CaseRight | None:
        line = word.where.line
        try:
            words = shlex.split(word.text)
        except ValueError as error:
            self._problems.say(line, f"{at}: {quoted(word.text)}: {str(error).lower()}")
            return None
        if len(words) != _RIGHT_WORDS or not all(words):
            self._problems.say(
                line,
                f"{at}: {quoted(word.text)} must be system, action and resource; "
                "quote what has spaces",
            )
            return None
        system, action, resource = words
        if system not in self._head.systems:
            near = suggest(system, self._head.systems)
            self._problems.say(line, f"{at}: system {quoted(system)} is not declared{near}")
        return CaseRight(system, action, resource, word.where)


@dataclass(frozen=True, slots=True)
class _RightsShape:
    rights: tuple[Word, ...]
