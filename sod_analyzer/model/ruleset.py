"""What an auditor signs: duties, the ways to perform them, and the rules over them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property

from sod_analyzer.errors import SourceRef


class ScopeKind(StrEnum):
    """What the duties of a rule must have in common."""

    APPLICATION = "application"
    RESOURCE = "resource"
    SYSTEM = "system"
    ANYWHERE = "anywhere"


class Severity(StrEnum):
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    CRITICAL = "critical"

    @property
    def rank(self) -> int:
        """0 for low, 3 for critical."""
        return list(Severity).index(self)


class Means(StrEnum):
    """How a right is had; each includes the ones before it."""

    HELD = "held"
    ELIGIBLE = "eligible"
    SELF_GRANT = "self-grant"


class Certainty(StrEnum):
    SURE = "sure"
    CONDITIONAL = "conditional"


@dataclass(frozen=True, slots=True)
class Selector:
    """One part of a way: which entitlements perform it.

    `actions`, `system` and `resource` are globs: `*` is any run of characters, `?` any one; the
    whole text must match and case counts. An entitlement matches when its action and one of
    `actions` have an action in common, so a source's own wildcard matches every pattern it covers.
    """

    product: str
    actions: tuple[str, ...]
    system: str | None = None
    resource: str | None = None
    environment: str | None = None
    any_scope: bool = False
    where: SourceRef | None = field(default=None, compare=False)

    def __str__(self) -> str:
        narrowed = [
            f"{name}={value}"
            for name, value in (
                ("system", self.system),
                ("resource", self.resource),
                ("environment", self.environment),
            )
            if value is not None
        ]
        if self.any_scope:
            narrowed.append("any scope")
        tail = f" [{', '.join(narrowed)}]" if narrowed else ""
        return f"{self.product}: {' | '.join(self.actions)}{tail}"


@dataclass(frozen=True, slots=True)
class Way:
    """Parts that together perform a duty; they must meet in one account's security context."""

    parts: tuple[Selector, ...]

    def __str__(self) -> str:
        return " + ".join(str(part) for part in self.parts)


@dataclass(frozen=True, slots=True)
class Duty:
    """One business step; any of its ways performs it."""

    duty_id: str
    title: str
    ways: tuple[Way, ...]
    why: str | None = None
    where: SourceRef | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class Counts:
    """Which access a rule counts."""

    means: tuple[Means, ...] = (Means.HELD, Means.ELIGIBLE)
    certainty: tuple[Certainty, ...] = (Certainty.SURE, Certainty.CONDITIONAL)
    max_changes: int = 1


@dataclass(frozen=True, slots=True)
class Rule:
    """Duties that one subject must not combine: any `count` of `duties`, in one scope value."""

    rule_id: str
    slug: str
    title: str
    duties: tuple[str, ...]
    count: int
    scope: ScopeKind
    severity: Severity
    why: str
    tiers: Mapping[str, Severity] = field(default_factory=dict)  # severity by application tier
    counts: Counts = Counts()
    gates: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # duty to gate kinds
    false_positives: tuple[str, ...] = ()
    controls: tuple[str, ...] = ()
    control_max_days: int | None = None
    references: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    status: str = "stable"
    since: str | None = None
    where: SourceRef | None = field(default=None, compare=False)

    def severity_of(self, tier: str | None) -> Severity:
        """The severity in an application of this tier."""
        return self.tiers.get(tier, self.severity) if tier else self.severity


@dataclass(frozen=True)
class Ruleset:
    """A named, versioned set of duties and rules, and the digest of its meaning."""

    name: str
    version: str
    title: str
    owner: str
    duties: tuple[Duty, ...]  # sorted by id
    rules: tuple[Rule, ...]  # sorted by id
    digest: str  # SHA-256 over the parsed meaning: comments and layout do not change it
    path: str
    text: str = ""  # the file verbatim, for the evidence

    @cached_property
    def duty(self) -> Mapping[str, Duty]:
        """Duties by id."""
        return {duty.duty_id: duty for duty in self.duties}

    @cached_property
    def rule(self) -> Mapping[str, Rule]:
        """Rules by id."""
        return {rule.rule_id: rule for rule in self.rules}
