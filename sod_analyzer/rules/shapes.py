"""The keys of a ruleset file, before they become duties and rules. docs/rules.md explains each.

A field that stays a tree (`Keyed`) names the shapes it is read by later, for the JSON Schema.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Literal, TypeAlias

from sod_analyzer.documents import Keyed, Word
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.access import IdentityClass
from sod_analyzer.model.ruleset import Certainty, Holder, HygieneCheck, Means, ScopeKind, Severity

#: One pattern, or a list of which any will do.
Globs: TypeAlias = str | tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ApprovedShape:
    by: str
    on: date
    digest: str


@dataclass(frozen=True, slots=True)
class ImportShape:
    ruleset: Word
    where: SourceRef
    rules: tuple[Word, ...] | None = None


@dataclass(frozen=True, slots=True)
class DropShape:
    reason: str
    by: str
    on: date
    where: SourceRef


@dataclass(frozen=True, slots=True)
class ControlShape:
    title: str
    where: SourceRef
    needs: tuple[str, ...] = ()
    frequency: str | None = None
    references: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True, slots=True)
class PartShape:
    product: str
    action: Globs
    where: SourceRef
    system: str | None = None
    resource: str | None = None
    environment: str | None = None
    any_scope: bool = False
    except_: Globs | None = None


@dataclass(frozen=True, slots=True)
class AllOfShape:
    all_of: tuple[PartShape, ...]


@dataclass(frozen=True, slots=True)
class DutyShape:
    title: str
    where: SourceRef
    ways: tuple[Annotated[Keyed, PartShape, AllOfShape], ...] | None = None
    includes: tuple[Word, ...] | None = None
    why: str | None = None


@dataclass(frozen=True, slots=True)
class SubjectsShape:
    where: SourceRef
    class_: IdentityClass | tuple[IdentityClass, ...] | None = None
    department: Globs | None = None
    title: Globs | None = None
    role: Globs | None = None
    account: Globs | None = None
    person: Globs | None = None


@dataclass(frozen=True, slots=True)
class ExclusionShape:
    reason: str
    by: str
    on: date
    where: SourceRef
    until: date | None = None
    place: Globs | None = None
    class_: IdentityClass | tuple[IdentityClass, ...] | None = None
    department: Globs | None = None
    title: Globs | None = None
    role: Globs | None = None
    account: Globs | None = None
    person: Globs | None = None


@dataclass(frozen=True, slots=True)
class AnyOfShape:
    any_of: tuple[Word, ...]
    where: SourceRef


#: One duty, or a group of alternatives.
LegShape: TypeAlias = Word | AnyOfShape


@dataclass(frozen=True, slots=True)
class AtLeastShape:
    count: int
    of: tuple[LegShape, ...]


@dataclass(frozen=True, slots=True)
class LogicShape:
    where: SourceRef
    all_of: tuple[LegShape, ...] | None = None
    at_least: AtLeastShape | None = None
    critical: Word | None = None


@dataclass(frozen=True, slots=True)
class OnlyShape:
    duty: Word
    holders: SubjectsShape
    where: SourceRef
    except_: tuple[ExclusionShape, ...] = ()


@dataclass(frozen=True, slots=True)
class MayHoldOnlyShape:
    duties: tuple[Word, ...]
    within: Word
    where: SourceRef


@dataclass(frozen=True, slots=True)
class HoldersShape:
    duty: Word
    count: int


@dataclass(frozen=True, slots=True)
class PeopleShape:
    duties: tuple[LegShape, ...]
    count: int


@dataclass(frozen=True, slots=True)
class GrantHoursShape:
    duty: Word
    hours: int


@dataclass(frozen=True, slots=True)
class HygieneShape:
    check: HygieneCheck
    days: int | None = None


@dataclass(frozen=True, slots=True)
class SeverityShape:
    default: Severity
    tier: Mapping[str, Severity]


@dataclass(frozen=True, slots=True)
class CountsShape:
    means: tuple[Means, ...] | None = None
    certainty: tuple[Certainty, ...] | None = None
    max_changes: int | None = None


@dataclass(frozen=True, slots=True)
class ControlsShape:
    allowed: tuple[str, ...]
    max_days: int | None = None


Gate = Literal["independent_review", "approval_before_deploy"]

#: The keys that say the kind of a rule; it has exactly one of them.
KIND_KEYS = (
    "duties",
    "only",
    "may_hold_only",
    "max_holders",
    "min_holders",
    "min_people",
    "max_grant_hours",
    "role_conflicts",
    "hygiene",
)


@dataclass(frozen=True, slots=True)
class RuleShape:
    title: str
    scope: ScopeKind
    severity: Severity | SeverityShape
    why: str
    references: Mapping[str, tuple[str, ...]]
    where: SourceRef
    duties: LogicShape | None = None
    only: OnlyShape | None = None
    may_hold_only: MayHoldOnlyShape | None = None
    max_holders: HoldersShape | None = None
    min_holders: HoldersShape | None = None
    min_people: PeopleShape | None = None
    max_grant_hours: GrantHoursShape | None = None
    role_conflicts: Word | None = None
    hygiene: HygieneShape | None = None
    slug: str | None = None
    holder: Holder | None = None
    subjects: SubjectsShape | None = None
    environment: str | None = None
    tiers: tuple[str, ...] | None = None
    exclude: tuple[ExclusionShape, ...] | None = None
    counts: CountsShape | None = None
    gates: Mapping[str, tuple[Gate, ...]] | None = None
    false_positives: tuple[str, ...] = ()
    controls: ControlsShape | None = None
    status: Literal["stable", "experimental", "deprecated"] = "stable"
    since: str | None = None


@dataclass(frozen=True, slots=True)
class RuleExtensionShape:
    """What a ruleset may say anew of an imported rule; each key replaces the imported one."""

    where: SourceRef
    severity: Severity | SeverityShape | None = None
    subjects: SubjectsShape | None = None
    environment: str | None = None
    tiers: tuple[str, ...] | None = None
    exclude: tuple[ExclusionShape, ...] | None = None
    counts: CountsShape | None = None
    controls: ControlsShape | None = None


@dataclass(frozen=True, slots=True)
class DutyExtensionShape:
    """Further ways for an imported duty."""

    ways: tuple[Annotated[Keyed, PartShape, AllOfShape], ...]
    where: SourceRef


@dataclass(frozen=True, slots=True)
class ExtendShape:
    duties: Mapping[str, DutyExtensionShape] | None = None
    rules: Mapping[str, Annotated[Keyed, RuleExtensionShape]] | None = None


@dataclass(frozen=True, slots=True)
class RulesetShape:
    ruleset: str
    version: str
    owner: str
    where: SourceRef
    title: str | None = None
    approved: ApprovedShape | None = None
    imports: tuple[Word | ImportShape, ...] | None = None
    extend: ExtendShape | None = None
    drop: Mapping[str, DropShape] | None = None
    controls: Mapping[str, ControlShape] | None = None
    duties: Mapping[str, DutyShape] | None = None
    rules: Mapping[str, Annotated[Keyed, RuleShape]] | None = None
