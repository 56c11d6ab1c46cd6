"""One right of a rule case, as a line of words: system, action, resource, and tags that say how.

k8s-prod "patch deployments.apps" payments via=oncall>deployers eligible
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from sod_analyzer.documents import Problems, Word, quoted, suggest
from sod_analyzer.documents.scalars import CONVERSIONS
from sod_analyzer.errors import SourceRef

MODE_ALONE = "alone"
MODE_WITH_APPROVAL = "with-approval"

_RIGHT_WORDS = 3
_MOST = 1_000_000


@dataclass(frozen=True, slots=True)
class CaseRight:
    """One raw entitlement, as an importer would state it, and the way to it.

    The grant's own facts (`eligible`, `conditional`, `self_grant`, `expired`, `hours`, the days)
    are those of the first step away from the account: into the outermost role of `via`, or to the
    entitlement itself.
    """

    system: str
    action: str
    resource: str
    where: SourceRef
    account: str | None = None  # a further login of the person in this system
    via: tuple[str, ...] = ()  # roles from the account inwards, without the system
    bot: str | None = None  # the workload account that has the right; the person controls it
    shared: str | None = None  # the shared login that has the right; the person uses it
    eligible: bool = False
    conditional: bool = False
    self_grant: bool = False
    mode: str = MODE_ALONE
    undecided: bool = False  # whether the account is the person's
    disabled: bool = False  # the account
    expired: bool = False
    hours: int | None = None
    valid_from: date | None = None
    valid_until: date | None = None
    privileged: bool = False  # the role that has the right
    unused: int | None = None  # days since the account was last used; None: not one
    use_unknown: bool = False  # no source says when the account was last used
    owner: str | None = None  # of the role, if there is one, else of the account
    created: date | None = None  # the account
    expires: date | None = None  # the account, this day included


def _whole(text: str) -> int:
    number = CONVERSIONS[int](text)
    if not isinstance(number, int) or not 0 <= number <= _MOST:
        raise ValueError(f"must be from 0 to {_MOST}")
    return number


def _roles(text: str) -> tuple[str, ...]:
    names = tuple(name.strip() for name in text.split(">"))
    if not all(names):
        raise ValueError("must be a role, or roles from the outermost on, such as outer>inner")
    return names


#: Tags that stand alone, and the field that each sets.
_FLAGS: Mapping[str, tuple[str, Any]] = {
    "eligible": ("eligible", True),
    "conditional": ("conditional", True),
    "self-grant": ("self_grant", True),
    "with-approval": ("mode", MODE_WITH_APPROVAL),
    "undecided": ("undecided", True),
    "disabled": ("disabled", True),
    "expired": ("expired", True),
    "privileged": ("privileged", True),
    "use-unknown": ("use_unknown", True),
}

#: Tags with a value, the field that each sets, and how its value is read.
_VALUES: Mapping[str, tuple[str, Callable[[str], Any]]] = {
    "via": ("via", _roles),
    "bot": ("bot", str),
    "shared": ("shared", str),
    "hours": ("hours", _whole),
    "from": ("valid_from", CONVERSIONS[date]),
    "until": ("valid_until", CONVERSIONS[date]),
    "unused": ("unused", _whole),
    "owner": ("owner", str),
    "created": ("created", CONVERSIONS[date]),
    "expires": ("expires", CONVERSIONS[date]),
}

#: Every tag as it is written, for messages and for the page that lists them.
TAGS: tuple[str, ...] = ("@login", *_FLAGS, *(f"{name}=" for name in _VALUES))

#: Tags that speak of a holder; a right that nobody has takes only the others.
_HOLDERLESS = frozenset({"with-approval"})


class RightReader:
    """Reads the rights of one file; a class to carry its systems and problems along."""

    def __init__(self, systems: Iterable[str], problems: Problems) -> None:
        self._systems = tuple(systems)
        self._problems = problems

    def right(self, word: Word, at: str, *, held: bool = True) -> CaseRight | None:
        """The right, or None when `problems` say why not. `held=False`: nobody has it."""
        line = word.where.line
        try:
            words = shlex.split(word.text)
        except ValueError as error:
            self._problems.say(line, f"{at}: {quoted(word.text)}: {str(error).lower()}")
            return None
        if len(words) < _RIGHT_WORDS or not all(words):
            self._problems.say(
                line,
                f"{at}: {quoted(word.text)} must be system, action and resource, then tags; "
                "quote what has spaces",
            )
            return None
        system, action, resource, *tags = words
        if system not in self._systems:
            near = suggest(system, self._systems)
            self._problems.say(line, f"{at}: system {quoted(system)} is not declared{near}")
            return None
        fields: dict[str, Any] = {}
        fine = [self._tag(tag, fields, line, at, held=held) for tag in tags]
        right = CaseRight(system, action, resource, word.where, **fields)
        return right if all(fine) and self._fits(right, line, at) else None

    def _tag(
        self, tag: str, fields: dict[str, Any], line: int | None, at: str, *, held: bool
    ) -> bool:
        """Whether the tag is one; then its value is in `fields`."""
        try:
            field, value = _read_tag(tag)
        except LookupError as error:
            self._problems.say(line, f"{at}: unknown tag {quoted(tag)}{error.args[0]}")
            return False
        except ValueError as error:
            self._problems.say(line, f"{at}: tag {quoted(tag)}: {error}")
            return False
        wrong = "stands twice" if field in fields else ""
        if not held and tag not in _HOLDERLESS:
            wrong = "cannot be of a right that nobody has"
        if wrong:
            self._problems.say(line, f"{at}: tag {quoted(tag)}: {wrong}")
        fields[field] = value
        return not wrong

    def _fits(self, right: CaseRight, line: int | None, at: str) -> bool:
        """Whether the tags of one right go together."""
        wrong = []
        accounts = [
            name
            for name, given in (("@", right.account), ("bot", right.bot), ("shared", right.shared))
            if given is not None
        ]
        if len(accounts) > 1:
            wrong.append(f"{' and '.join(accounts)} each name an account; keep one")
        if right.privileged and not right.via:
            wrong.append("privileged is said of a role, and there is no via=")
        if right.expired and (right.valid_from or right.valid_until):
            wrong.append("expired sets the days; leave it out, or from= and until=")
        if right.unused is not None and right.use_unknown:
            wrong.append("unused= and use-unknown contradict each other")
        if right.valid_from and right.valid_until and right.valid_until < right.valid_from:
            wrong.append("until is before from")
        for text in wrong:
            self._problems.say(line, f"{at}: {text}")
        return not wrong


def _read_tag(tag: str) -> tuple[str, Any]:
    """The field that a tag sets, and its value.

    Raises:
        LookupError: there is no such tag; the message is what to try instead.
        ValueError: its value is none.
    """
    name, equals, text = tag.partition("=")
    if tag.startswith("@"):
        if len(tag) == 1:
            raise ValueError("needs a login, such as @login2")
        return "account", tag[1:]
    if not equals and name in _FLAGS:
        return _FLAGS[name]
    if equals and name in _VALUES:
        field, read = _VALUES[name]
        if not text:
            raise ValueError("has no value")
        return field, read(text)
    if name in _VALUES:
        raise LookupError(f"; write {name}=…")
    if name in _FLAGS:
        raise LookupError(f"; {name} takes no value")
    near = suggest(name, [*_FLAGS, *_VALUES])
    if "did you" not in near:
        near = "; quote an action or a resource that has spaces"
    raise LookupError(near)
