"""What the records read so far let a login do, to tell which access they leave unexplained."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable


class Reach:
    """Actions by login, team and repository. Every name is in lower case.

    Cost: one set of shared action names per pair that a record states; a question climbs the
    parents of each of the login's teams.
    """

    def __init__(self) -> None:
        self.base: frozenset[str] = frozenset()
        self.members: set[str] = set()
        self.owners: set[str] = set()
        self.parents: dict[str, str] = {}
        self._teams_of: dict[str, set[str]] = defaultdict(set)
        # Keyed by holder and repository; an empty repository stands for every one.
        self._of_login: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._of_team: dict[tuple[str, str], set[str]] = defaultdict(set)

    def join(self, login: str, slug: str) -> None:
        """The login is in the team."""
        self._teams_of[login].add(slug)

    def give_login(self, login: str, actions: Iterable[str], *, repository: str = "") -> None:
        """The login itself may do this, on one repository or on all."""
        self._of_login[login, repository].update(actions)

    def give_team(self, slug: str, actions: Iterable[str], *, repository: str = "") -> None:
        """The team, and all below it, may do this, on one repository or on all."""
        self._of_team[slug, repository].update(actions)

    def explains(self, login: str, repository: str, actions: Iterable[str]) -> bool:
        """Whether all of these actions follow from what was said before."""
        if login in self.owners:
            return True
        found: set[str] = set()
        if login in self.members:
            found |= self.base
        for scope in ("", repository):
            found |= self._of_login.get((login, scope), set())
            for slug in self._teams(login):
                found |= self._of_team.get((slug, scope), set())
        return found.issuperset(actions)

    def _teams(self, login: str) -> set[str]:
        """The login's teams and all teams above them; a circle of parents ends the climb."""
        teams: set[str] = set()
        for slug in self._teams_of.get(login, ()):
            above: str | None = slug
            while above is not None and above not in teams:
                teams.add(above)
                above = self.parents.get(above)
        return teams
