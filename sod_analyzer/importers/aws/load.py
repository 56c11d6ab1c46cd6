"""Records of AWS exports to accounts and policies."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from sod_analyzer.cloud.aws import (
    credentials,
    identity_center,
    inventory,
    organization,
    resource_policies,
)
from sod_analyzer.cloud.aws.authorization import Details
from sod_analyzer.cloud.aws.credentials import Credentials
from sod_analyzer.cloud.aws.kept import LISTS, Kept, Record, cut_of, details, kept
from sod_analyzer.cloud.aws.principals import Kind, Principal
from sod_analyzer.cloud.aws.rights import inventory_record, people_record
from sod_analyzer.cloud.shapes import (
    ShapeError,
    as_object,
    name_at,
    shown,
)
from sod_analyzer.importers.aws.parts import Part, part_of, read_csv
from sod_analyzer.importers.json_text import (
    Documents,
    Elements,
    read_json,
)
from sod_analyzer.model.access import GrantKind, Hides, IdentityClass, NodeKind
from sod_analyzer.model.batch import BatchBuilder, RawFile

#: How a record of a file is printed: users, groups, roles and policies are counted in this order.
TEMPLATE = "record {record}"
_ARN = re.compile(r"arn:[^:\s]+:iam::(\d{12}|aws):\S+")
_OWN_NUMBER = re.compile(r"\d{12}")
#: Lists by which the output of a command is known that leaves out what matters.
_PARTIAL = ("Users", "Roles")


class Loader:
    """Takes in files one by one; `finish` writes what they say together."""

    def __init__(
        self, builder: BatchBuilder, systems: Mapping[str, str], *, email_tag: str
    ) -> None:
        self._builder = builder
        self._systems = systems
        self._tag = email_tag.casefold()
        self._records: dict[Kept, tuple[str, int]] = {}
        self._parts: dict[Part, list[tuple[str, object]]] = {}
        self._places: dict[Part, tuple[str, int]] = {}
        #: The record of each of the exports that are in `_parts`.
        self._exports: dict[Part, list[tuple[str, int]]] = {}
        self._credentials: Mapping[str, Credentials] = {}
        self._last = ""

    # -- reading ---------------------------------------------------------------------------------

    def load(self, file: RawFile) -> None:
        """One file: its records, and its row of `sources`."""
        part = part_of(file)
        read = _report if part is Part.CREDENTIALS else read_json
        elements = Elements(self._builder, file, kind="aws", record_template=TEMPLATE, read=read)
        if part is Part.DETAILS:
            self._last = file.source_id
            for export in _exports(elements):
                self._take(elements, export)
        elif elements.documents is not None:
            self._whole(elements, part)
        elements.close()

    def _whole(self, elements: Elements, part: Part) -> None:
        """A file that is looked at together with others of its folder."""
        file = elements.file
        for record, value in elements.distinct(elements.documents.values):  # type: ignore[union-attr]
            if part is Part.NOTES:
                elements.counts.pass_over("notes on a pull")
                continue
            self._parts.setdefault(part, []).append((file.path, value))
            self._places.setdefault(part, (file.source_id, record))
            self._exports.setdefault(part, []).append((file.source_id, record))
            kind = _KEPT.get(part)
            if kind is not None:
                found = kept(kind, file.path, {"export": value})
                self._records.setdefault(found, (file.source_id, record))

    def _take(self, elements: Elements, export: Mapping[str, object]) -> None:
        file = elements.file
        lost = False
        values: list[tuple[Record, object]] = []
        for key, kind in LISTS.items():
            listed = export.get(key)
            if listed is not None and not isinstance(listed, list):
                elements.issue(
                    "bad-record",
                    f"{file.path}: {key} is no list and is left out",
                    hides=Hides.YES,
                    subject=file.path,
                )
                lost = True
                continue
            values += [(kind, each) for each in listed or []]
        kinds = [kind for kind, _ in values]
        start = elements.counts.lines
        for record, value in elements.distinct(each for _, each in values):
            try:
                stated = as_object(value, "the record")
                arn = name_at(stated, "Arn")
                _check(arn)
            except ShapeError as error:
                elements.reject(start + record, str(error))
                lost = True
                continue
            found = kept(kinds[record], arn, stated)
            self._records.setdefault(found, (file.source_id, start + record))
        missing = [key for key in LISTS if key not in export]
        if missing:
            elements.issue(
                "missing-part",
                f"{file.path} has no {', '.join(missing)}: what these would say is not known",
                hides=Hides.YES,
                subject=file.path,
            )
        if export.get("IsTruncated") or export.get("Marker"):
            elements.issue(
                "truncated-export",
                f"{file.path} is one page of several (a Marker is left); export again without "
                "--max-items, so that paging is followed to the end",
                hides=Hides.YES,
                subject=file.path,
            )
        about = cut_of(file.path, export=export, lost=lost)
        self._records.setdefault(about, (file.source_id, 0))

    def unnamed(self) -> tuple[str, ...]:
        """Numbers of accounts that no system was named for."""
        numbers = {_account(each.about) for each in self._records if each.kind in _OWNED}
        return tuple(sorted(n for n in numbers if n not in self._systems and n))

    # -- writing ---------------------------------------------------------------------------------

    def finish(self) -> None:
        """Write accounts, policies and what is wrong with them."""
        self._further()
        for each, (source_id, record) in self._records.items():
            self._policy(each, source_id, record)
        numbers = {_account(each.about) for each in self._records if each.kind in _OWNED} - {""}
        for number in sorted(numbers):
            told = kept(Record.ACCOUNT, number, {"system": self._system(number)})
            self._policy(told, self._last, 0)
        found = details(self._records)
        stated = {
            (each.kind, each.about): (each.said, *place)
            for each, place in reversed(self._records.items())
        }
        for principal in found.principals.values():
            kind = Record.LOGIN if principal.kind is Kind.LOGIN else Record.ROLE
            said, source_id, ordinal = stated[kind, principal.arn]
            self._account(principal, said, source_id, ordinal)
        for text in found.problems:
            self._problem(text)
        self._people(found)

    def _further(self) -> None:
        """What other exports say, and what is wrong with them."""
        tree = self._parts.get(Part.ORGANISATION, [])
        if tree:
            known = organization.read(tree)
            numbers = {_account(each.about) for each in self._records if each.kind in _OWNED}
            for text in (*known.problems, *known.compared(numbers)):
                self._problem(text, Part.ORGANISATION)
        about = self._parts.get(Part.RESOURCES, [])
        if about:
            for text in resource_policies.read(about).problems:
                self._problem(text, Part.RESOURCES)
        listed = self._parts.get(Part.INVENTORY, [])
        if listed:
            found = inventory.read(listed)
            # What else the lists say, such as variables of functions, is not kept.
            place = self._places[Part.INVENTORY]
            self._records[inventory_record(self._builder.spec.source_id, found)] = place
            for text in found.problems:
                self._problem(text, Part.INVENTORY)
        reports = self._parts.get(Part.CREDENTIALS, [])
        if reports:
            report = credentials.read(reports)
            self._credentials = report.logins
            for text in report.problems:
                self._problem(text, Part.CREDENTIALS)

    def _people(self, found: Details) -> None:
        """Those of Identity Center, and the roles that they use."""
        exports = self._parts.get(Part.PEOPLE, [])
        if not exports:
            return
        center = identity_center.read(exports)
        uses, problems = center.uses(found.principals)
        for text in (*center.problems, *problems):
            self._problem(text, Part.PEOPLE)
        system, place = self._builder.spec.system, self._places[Part.PEOPLE]
        said_in = self._exports[Part.PEOPLE]
        self._policy(people_record(system, center.led_to(found.principals)), *place)
        for code, person in sorted(center.people.items()):
            source_id, record = said_in[center.said_in[code]]
            self._builder.row(
                "accounts",
                account=f"{system}:identity-center/{code}",
                system=system,
                login=person.login,
                name=person.title or None,
                email=person.email or None,
                kind=str(IdentityClass.PERSON),
                enabled=person.enabled,
                dormant_why="disabled" if person.enabled is False else None,
                source_id=source_id,
                record=record,
            )
        for use in uses:
            if use.person not in center.people:
                continue  # said when it was read
            holder = (NodeKind.ACCOUNT, f"{system}:identity-center/{use.person}")
            role = (NodeKind.ACCOUNT, f"{self._system(_account(use.role))}:{use.role}")
            source_id, record = said_in[center.said_in[use.by]]
            self._builder.grant(
                holder,
                role,
                GrantKind.ASSUMES,
                conditional=not use.sure,
                condition=None if use.sure else "several roles have the name of the set",
                source_id=source_id,
                record=record,
            )
            if use.group:
                source_id, record = said_in[center.said_in[use.group, use.person]]
                self._builder.rests_on(
                    holder, role, "group membership", source_id=source_id, record=record
                )

    def _system(self, number: str) -> str:
        return self._systems.get(number, self._builder.spec.system)

    def _policy(self, each: Kept, source_id: str, record: int) -> None:
        number = _account(each.about) or (each.about if each.kind is Record.ACCOUNT else "")
        self._builder.row(
            "policies",
            policy=each.about,
            system=self._system(number),
            kind=str(each.kind),
            document=each.document,
            source_id=source_id,
            record=record,
        )

    def _account(
        self, principal: Principal, record: Mapping[str, object], source_id: str, ordinal: int
    ) -> None:
        login = principal.kind is Kind.LOGIN
        system = self._system(principal.account)
        used = record.get("RoleLastUsed")
        last = _instant(used.get("LastUsedDate")) if isinstance(used, Mapping) else None
        signs_in = self._credentials.get(principal.arn)
        enabled: bool | None = None
        if login and signs_in is not None:
            enabled = signs_in.usable
            times = [signs_in.password_used_at, *(key.used_at for key in signs_in.keys)]
            last = max((each for each in times if each is not None), default=None)
        self._builder.row(
            "accounts",
            account=f"{system}:{principal.arn}",
            system=system,
            login=principal.name,
            email=self._email(principal) if login else None,
            kind=str(IdentityClass.PERSON if login else IdentityClass.WORKLOAD),
            created_at=_instant(record.get("CreateDate")),
            last_used_at=last,
            enabled=enabled,
            dormant_why="no password and no active access key" if enabled is False else None,
            source_id=source_id,
            record=ordinal,
        )

    def _email(self, principal: Principal) -> str | None:
        for key, text in principal.tags:
            if key.casefold() == self._tag and "@" in text:
                return text
        return principal.name if "@" in principal.name else None

    def _problem(self, text: str, part: Part = Part.DETAILS) -> None:
        """What is wrong with a document, which may hide what it allows or denies."""
        if text.startswith("the exports: ") and "twice" not in text:
            return  # said when the file was read
        self._builder.issue(
            "policy-not-understood",
            text.removeprefix("the exports: "),
            hides=Hides.UNKNOWN,
            source_id=self._places.get(part, (self._last, 0))[0],
            subject=text.partition(": ")[0],
        )


#: Files that are kept as they are.
_KEPT = {Part.ORGANISATION: Record.ORGANISATION, Part.RESOURCES: Record.RESOURCES}
#: Kinds of records whose account is one of the source's own; AWS's own policies are nobody's.
_OWNED = frozenset(LISTS.values())


def _account(arn: str) -> str:
    found = _ARN.fullmatch(arn)
    return found[1] if found and _OWN_NUMBER.fullmatch(found[1]) else ""


def _report(file: RawFile) -> Documents:
    """A credential report: a CSV, or what the API prints."""
    if file.path.lower().endswith(".csv"):
        return Documents((read_csv(file),), "utf-8")
    return read_json(file)


def _check(arn: str) -> None:
    if _ARN.fullmatch(arn) is None:
        raise ShapeError(f"'{shown(arn, most=80)}' is no ARN of IAM")


def _exports(elements: Elements) -> list[Mapping[str, object]]:
    """The exports in a file, of one account or several; fails the file if it is something else."""
    found: list[Mapping[str, object]] = []
    pending = list(elements.documents.values) if elements.documents is not None else []
    for value in pending:
        for each in value if isinstance(value, list) else [value]:
            if isinstance(each, Mapping) and any(key in each for key in LISTS):
                found.append(each)
                continue
            elements.fail(_refusal(elements.file.path, each))
            return []
    return found


def _refusal(path: str, value: object) -> str:
    wanted = "the output of `aws iam get-account-authorization-details`"
    if isinstance(value, Mapping) and any(key in value for key in _PARTIAL):
        return (
            f"{path}: this is the output of `aws iam list-users` or `list-roles`, which leaves out "
            f"boundaries and policies; export {wanted}"
        )
    return f"{path}: expected {wanted}, with {', '.join(LISTS)}"


def _instant(value: object) -> datetime | None:
    """A time as the command line prints it; none where it is something else."""
    if not isinstance(value, str):
        return None
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return (found if found.tzinfo else found.replace(tzinfo=UTC)).astimezone(UTC)
