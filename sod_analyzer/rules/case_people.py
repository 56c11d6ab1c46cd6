"""Who a rule case is about: people with their rights, the roles around them, a mitigation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sod_analyzer.documents import Keyed, Listed, Problems, Scalar, Word, bind, quoted, suggest
from sod_analyzer.documents.tree import Entry
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import IdentityClass, Status
from sod_analyzer.rules.case_rights import CaseRight, RightReader
from sod_analyzer.rules.frequency import FREQUENCIES, frequency_days

_PERSON = re.compile(r"[a-z][a-z0-9-]{0,31}")

#: What a person of a case is when it is no person at all: a role, held by nobody.
ROLE = "role"
_CLASSES = (*IdentityClass, ROLE)


@dataclass(frozen=True, slots=True)
class CasePerson:
    """Somebody in a case, or something: a workload, a shared login, a role.

    Workloads and shared logins, and a person of status `unknown`, are in no roster: each of their
    accounts stands for itself.
    """

    name: str
    rights: tuple[CaseRight, ...]
    where: SourceRef
    kind: str = str(IdentityClass.PERSON)  # IdentityClass, or ROLE
    department: str | None = None
    title: str | None = None
    status: str = str(Status.ACTIVE)  # Status
    manager: str | None = None  # a person of the same case, else an employee id
    employee_id: str | None = None  # None: one of its own

    @property
    def in_roster(self) -> bool:
        """Whether a person with an employee id stands behind the accounts."""
        people = {str(IdentityClass.PERSON), str(IdentityClass.VENDOR)}
        return self.kind in people and self.status != str(Status.UNKNOWN)


@dataclass(frozen=True, slots=True)
class CaseRole:
    """A role that the head declares: what it contains wherever a right comes `via` it."""

    role: str  # with its system: `github-acme:team/core`
    where: SourceRef
    rights: tuple[CaseRight, ...] = ()
    kind: str = ROLE
    title: str | None = None
    owner: str | None = None
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class CasePin:
    """What the mitigation was approved for, where it differs from what the engine finds."""

    rule_digest: str | None = None
    means: tuple[str, ...] | None = None
    ways: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class CaseMitigation:
    """A compensating control for the first person of the case, at the place of the case.

    What is left out is in order: performer and approver are independent, approval is a month old,
    and the control runs for another month.
    """

    control: str
    where: SourceRef
    owner: str | None = None  # this and the next two: a person of the case, else an employee id
    approver: str | None = None
    performer: str | None = None
    approved_on: date | None = None
    valid_until: date | None = None
    frequency_days: int | None = None
    last_performed: date | None = None
    evidence: str | None = None
    pinned: bool = True
    pin: CasePin = CasePin()


@dataclass(frozen=True, slots=True)
class _PersonShape:
    rights: tuple[Word, ...]
    department: str | None = None
    title: str | None = None
    status: Status = Status.ACTIVE
    manager: str | None = None
    employee_id: str | None = None


@dataclass(frozen=True, slots=True)
class RoleShape:
    """The keys of a role in the head of a cases file."""

    where: SourceRef
    rights: tuple[Word, ...] = ()
    kind: str = ROLE
    title: str | None = None
    owner: str | None = None
    privileged: bool = False


@dataclass(frozen=True, slots=True)
class PinShape:
    """The keys of a pin that is not as found."""

    rule_digest: str | None = None
    means: tuple[str, ...] | None = None
    ways: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class MitigationShape:
    """The keys of a mitigation in a case."""

    control: str
    where: SourceRef
    owner: str | None = None
    approver: str | None = None
    performer: str | None = None
    approved_on: date | None = None
    valid_until: date | None = None
    frequency: str | None = None
    last_performed: date | None = None
    evidence: str | None = None
    pin: Literal["none"] | PinShape | None = None


def read_roles(
    shapes: Mapping[str, RoleShape],
    systems: Mapping[str, object],
    rights: RightReader,
    problems: Problems,
) -> Mapping[str, CaseRole]:
    """The declared roles by id, or what is wrong with them."""
    roles: dict[str, CaseRole] = {}
    for role, shape in shapes.items():
        line, at = shape.where.line, f"roles.{role}"
        system, colon, name = role.partition(":")
        if not colon or not name:
            problems.say(line, f"{at}: a role is system:name, such as github-acme:team/core")
        elif system not in systems:
            near = suggest(system, systems)
            problems.say(line, f"{at}: system {quoted(system)} is not declared{near}")
        found = [rights.right(word, at) for word in shape.rights]
        for right in filter(None, found):
            if right != CaseRight(
                right.system, right.action, right.resource, right.where, via=right.via
            ):
                problems.say(right.where.line, f"{at}: a role's right takes no tag but via=")
        roles[role] = CaseRole(
            role,
            shape.where,
            tuple(filter(None, found)),
            shape.kind,
            shape.title,
            shape.owner,
            shape.privileged,
        )
    return roles


class PersonReader:
    """Reads people and mitigations of one file; a class to carry problems along."""

    def __init__(
        self, rights: RightReader, roles: Mapping[str, CaseRole], problems: Problems
    ) -> None:
        self._rights = rights
        self._roles = roles
        self._problems = problems

    def person(self, name: str, entry: Entry, at: str) -> CasePerson | None:
        """One person: a list of rights, or a mapping that has them under `rights`."""
        if _PERSON.fullmatch(name) is None:
            self._problems.say(entry.line, f"{at}: a person is lower-case letters, digits and '-'")
        tree, kind = entry.value, str(IdentityClass.PERSON)
        if isinstance(tree, Keyed):
            kind = self._class(tree, at) or kind
            tree = tree.without(("class",))
        else:
            tree = Keyed({"rights": Entry(tree, entry.line)}, entry.line)
        here = f"{at}.{name}"
        shape = bind(
            tree, _PersonShape, self._problems, at=here, line=entry.line, also_known=("class",)
        )
        if shape is None:
            return None
        rights = tuple(filter(None, (self._rights.right(word, at) for word in shape.rights)))
        for right in rights:
            self._declared(right, at)
        person = CasePerson(
            name=name,
            rights=rights,
            where=SourceRef(self._problems.path, entry.line),
            kind=kind,
            department=shape.department,
            title=shape.title,
            status=str(shape.status),
            manager=shape.manager,
            employee_id=shape.employee_id,
        )
        self._check(person, here)
        return person

    def mitigation(self, tree: Keyed, at: str) -> CaseMitigation | None:
        """The mitigation, or None when `problems` say why not."""
        here = f"{at}.mitigation"
        shape = bind(tree, MitigationShape, self._problems, at=here)
        if shape is None:
            return None
        pin = shape.pin
        return CaseMitigation(
            control=shape.control,
            where=shape.where,
            owner=shape.owner,
            approver=shape.approver,
            performer=shape.performer,
            approved_on=shape.approved_on,
            valid_until=shape.valid_until,
            frequency_days=self._frequency(shape.frequency, tree, here),
            last_performed=shape.last_performed,
            evidence=shape.evidence,
            pinned=pin != "none",
            pin=CasePin(pin.rule_digest, pin.means, pin.ways)
            if isinstance(pin, PinShape)
            else CasePin(),
        )

    def _class(self, tree: Keyed, at: str) -> str | None:
        entry = tree.entries.get("class")
        if entry is None:
            return None
        if isinstance(entry.value, Scalar) and entry.value.text in _CLASSES:
            return entry.value.text
        shown = quoted(entry.value.text) if isinstance(entry.value, Scalar) else "a list or mapping"
        listed = ", ".join(f"'{each}'" for each in _CLASSES)
        near = suggest(entry.value.text, _CLASSES) if isinstance(entry.value, Scalar) else ""
        tail = near if "did you" in near else ""
        self._problems.say(entry.line, f"{at}.class: {shown} is not one of {listed}{tail}")
        return None

    def _declared(self, right: CaseRight, at: str) -> None:
        """A declared role has the rights that its declaration lists, and no others."""
        role = next(
            (
                declared
                for name in right.via
                if (declared := self._roles.get(f"{right.system}:{name}")) is not None
            ),
            None,
        )
        if role is None or not role.rights:
            return
        facts = (right.system, right.action, right.resource)
        if facts not in {(each.system, each.action, each.resource) for each in role.rights}:
            self._problems.say(
                right.where.line,
                f"{at}: role {quoted(role.role)} is declared without "
                f"{quoted(' '.join(facts))}; add it in line {role.where.line}",
            )

    def _check(self, person: CasePerson, at: str) -> None:
        line = person.where.line
        if person.kind == ROLE:
            held = [
                each
                for each in person.rights
                if each
                != CaseRight(
                    each.system,
                    each.action,
                    each.resource,
                    each.where,
                    via=each.via,
                    mode=each.mode,
                    privileged=each.privileged,
                    owner=each.owner,
                )
            ]
            for each in held:
                text = "a role's right takes no tag but via=, with-approval, privileged and owner="
                self._problems.say(each.where.line, f"{at}: {text}")
            if len({each.system for each in person.rights}) > 1:
                self._problems.say(line, f"{at}: a role has rights in one system")
        if not person.in_roster:
            for right in person.rights:
                if right.bot or right.shared or right.undecided:
                    text = "bot=, shared= and undecided are about people in a roster"
                    self._problems.say(right.where.line, f"{at}: {text}")
            for key in ("department", "title", "manager", "employee_id"):
                if getattr(person, key) is not None:
                    text = f"{at}.{key}: is said of people in a roster, and this is none"
                    self._problems.say(line, text)

    def _frequency(self, text: str | None, tree: Keyed, at: str) -> int | None:
        if text is None:
            return None
        days = frequency_days(text)
        if days is None:
            words = ", ".join(f"'{each}'" for each in FREQUENCIES)
            self._problems.say(
                tree.entries["frequency"].line,
                f"{at}.frequency: {quoted(text)} is not one of {words} or '30 days'",
            )
        return days


def listed(tree: object) -> tuple[Keyed, ...] | None:
    """The mappings of a list; None when it is no list of mappings."""
    if not isinstance(tree, Listed) or not all(isinstance(e, Keyed) for e in tree.elements):
        return None
    return tuple(each for each in tree.elements if isinstance(each, Keyed))
