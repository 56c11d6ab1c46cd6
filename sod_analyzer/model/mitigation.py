"""Compensating controls that somebody approved for a person in a place, and how they stand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from sod_analyzer.errors import SourceRef


class Standing(StrEnum):
    """Whether a mitigation excuses anything; only `IN_FORCE` does."""

    IN_FORCE = "in force"
    NOT_PINNED = "not pinned"  # nobody has approved what it is for
    NOT_YET = "not yet"  # approved on a later day
    EXPIRED = "expired"
    OVERDUE = "overdue"  # last performed longer ago than its frequency
    LAPSED = "lapsed"  # what it was approved for has changed
    NOT_INDEPENDENT = "not independent"
    NOT_ALLOWED = "not allowed"  # the rule does not allow this control, or not for so long
    UNUSED = "unused"  # there is no such violation


@dataclass(frozen=True, slots=True)
class Pin:
    """What was approved: the rule's meaning, how strongly it was broken, and by which ways."""

    rule_digest: str
    means: tuple[str, ...]  # best pairs, "held, sure"
    ways: Mapping[str, tuple[str, ...]]  # duty to the ways held, in words


@dataclass(frozen=True, slots=True)
class Mitigation:
    """One control for one person in one place."""

    mitigation_id: str
    control: str
    rule_id: str
    subject_key: str  # employee id, else account id
    place: str  # place key
    owner: str  # this and the next two: employee ids
    approver: str
    performer: str
    approved_on: date
    valid_until: date
    frequency_days: int | None = None
    last_performed: date | None = None
    evidence: str | None = None
    pin: Pin | None = None
    where: SourceRef | None = field(default=None, compare=False)


@dataclass(frozen=True, slots=True)
class BrokenPlace:
    """A place of a violation as detection found it: what a mitigation is weighed against."""

    rule_id: str
    rule_digest: str
    subject_key: str
    place: str
    means: tuple[str, ...]  # best pairs, best first
    ways: Mapping[str, tuple[str, ...]]  # duty to every way held there, in words, sorted
    controls: tuple[str, ...] = ()  # that the rule allows
    max_days: int | None = None
