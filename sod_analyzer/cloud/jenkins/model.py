"""What an instance of Jenkins says about who may do what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

ANONYMOUS, AUTHENTICATED = "anonymous", "authenticated"


class Kind(StrEnum):
    """Whom an entry is about. Older files do not say."""

    NAME = "user"
    GROUP = "group"
    EITHER = "either"


class Inherits(StrEnum):
    """What a job, folder or agent has besides its own entries."""

    PARENT = "parent"
    GLOBAL = "global"
    NOTHING = "nothing"


class Strategy(StrEnum):
    """How an instance decides."""

    MATRIX = "matrix"
    PROJECT_MATRIX = "project matrix"
    ROLES = "roles"
    SIGNED_IN = "whoever signs in may do everything"
    SIGNED_IN_OR_READ = "whoever signs in may do everything, others may read"
    UNSECURED = "anybody may do everything"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Entry:
    """Somebody, as a grant or a role names him."""

    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Grant:
    """One right for somebody, and where that stands: a file, and the number of the element."""

    who: Entry
    right: str
    source: str
    record: int

    def __str__(self) -> str:
        return f"{self.who.kind} {self.who.name}: {self.right}"


@dataclass(frozen=True, slots=True)
class Matrix:
    """The entries of an instance, job, folder or agent; `damaged` says why they are not known."""

    grants: tuple[Grant, ...] = ()
    inherits: Inherits = Inherits.PARENT
    damaged: str = ""


@dataclass(frozen=True, slots=True)
class Role:
    """A role with its members; `pattern` is of names of jobs or agents, None for all there is."""

    name: str
    pattern: str | None
    rights: frozenset[str]
    members: frozenset[Entry]
    source: str
    record: int
    template: str | None = None

    def __str__(self) -> str:
        about = "" if self.pattern is None else f" on {self.pattern}"
        return f"role {self.name}{about}"


@dataclass(frozen=True)
class Instance:
    """An instance. `why` says what is not understood where the strategy is unknown.

    `items` and `agents` have the matrices of jobs, folders and agents by full name.
    """

    strategy: Strategy
    why: str = ""
    matrix: Matrix = Matrix()
    items: Mapping[str, Matrix] = field(default_factory=dict)
    agents: Mapping[str, Matrix] = field(default_factory=dict)
    global_roles: tuple[Role, ...] = ()
    item_roles: tuple[Role, ...] = ()
    agent_roles: tuple[Role, ...] = ()
    problems: tuple[str, ...] = ()
