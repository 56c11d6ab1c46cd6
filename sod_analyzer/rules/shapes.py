"""The keys of a ruleset file, before they become duties and rules. docs/rules.md explains each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from sod_analyzer.documents import Keyed, Word
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.ruleset import Certainty, Means, ScopeKind, Severity


@dataclass(frozen=True, slots=True)
class ApprovedShape:
    by: str
    on: date
    digest: str


@dataclass(frozen=True, slots=True)
class PartShape:
    product: str
    action: str | tuple[str, ...]
    where: SourceRef
    system: str | None = None
    resource: str | None = None
    environment: str | None = None
    any_scope: bool = False


@dataclass(frozen=True, slots=True)
class AllOfShape:
    all_of: tuple[PartShape, ...]


@dataclass(frozen=True, slots=True)
class DutyShape:
    title: str
    ways: tuple[Keyed, ...]
    where: SourceRef
    why: str | None = None


@dataclass(frozen=True, slots=True)
class AtLeastShape:
    count: int
    of: tuple[Word, ...]


@dataclass(frozen=True, slots=True)
class LogicShape:
    where: SourceRef
    all_of: tuple[Word, ...] | None = None
    at_least: AtLeastShape | None = None


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


@dataclass(frozen=True, slots=True)
class RuleShape:
    title: str
    duties: LogicShape
    scope: ScopeKind
    severity: Severity | SeverityShape
    why: str
    references: Mapping[str, tuple[str, ...]]
    where: SourceRef
    slug: str | None = None
    counts: CountsShape | None = None
    gates: Mapping[str, tuple[Gate, ...]] | None = None
    false_positives: tuple[str, ...] = ()
    controls: ControlsShape | None = None
    status: Literal["stable", "experimental", "deprecated"] = "stable"
    since: str | None = None


@dataclass(frozen=True, slots=True)
class RulesetShape:
    ruleset: str
    version: str
    owner: str
    duties: Mapping[str, DutyShape]
    rules: Mapping[str, Keyed]
    where: SourceRef
    title: str | None = None
    approved: ApprovedShape | None = None
