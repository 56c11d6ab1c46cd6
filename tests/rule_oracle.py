"""What a rule says, spelled out: slow, small, and sharing no code with the package.

Reads rules as they stand in their file and worlds of plain rows. Standard library only. A fact is
NO, UNKNOWN or YES: YES holds by the data, UNKNOWN only if what the world leaves open lets it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from itertools import combinations

from tests.rule_reach import Lens, Reach, lens_of
from tests.rule_texts import Leg, Plain, Rule, World, fits, words

NO, UNKNOWN, YES = 0, 1, 2
KEYS = ("class", "department", "title", "role", "account", "person")
CLEAR, GATED, OPEN, BROKEN = "clear", "gated", "not-evaluable", "violation"

#: What each hygiene check judges.
CHECKED = {
    "leaver-with-access": "identity",
    "dormant-privileged": "account",
    "nobody-behind": "account",
    "self-managed-group": "role",
}


def judged_kind(rule: Rule) -> str:
    """What a rule judges: identity, account or role."""
    return CHECKED[rule.text["hygiene"]["check"]] if rule.kind == "hygiene" else rule.holder


class Oracle:
    """One world, asked about rules."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.reach = Reach(world)

    # Whom and where a rule is about.

    def table(self, rule: Rule) -> Mapping[str, Plain]:
        tables = {"account": self.world.accounts, "role": self.world.roles}
        return tables.get(judged_kind(rule), self.world.people)

    def behind(self, account: str) -> Plain:
        """The one person that an account is known to be of."""
        for edge in self.world.edges:
            if edge.target == account and edge.kind == "holds" and not edge.undecided:
                return self.world.people[edge.holder]
        return {}

    def matches(self, narrowing: Plain, subject: str) -> int:
        """Whether each key that is given fits the subject, by any of its values."""
        world = self.world
        facts = world.people.get(subject) or world.accounts.get(subject) or world.roles[subject]
        told = self.behind(subject) if subject in world.accounts else facts
        answer = YES
        for key in KEYS:
            globs = words(narrowing.get(key))
            if not globs:
                continue
            if key in ("role", "account"):
                answer = min(answer, self._has(subject, key, globs))
                continue
            value = (facts if key == "class" else told).get(key)
            if key == "person":
                value = facts.get("key", subject)
            known = any(fits(glob, value) for glob in globs) if value is not None else None
            answer = min(answer, UNKNOWN if known is None else YES if known else NO)
        return answer

    def _has(self, subject: str, key: str, globs: tuple[str, ...]) -> int:
        def found(lens: Lens) -> bool:
            if subject in self.world.roles:
                # A role that another one contains has less than that: only the role itself fits.
                nodes = {subject} if key == "role" else set()
            elif key == "role":
                nodes = set(self.reach.had(subject, lens, becoming=True)) & set(self.world.roles)
            else:
                own = {
                    e.target for e in self.reach.live(lens).get(subject, ()) if e.kind == "holds"
                }
                nodes = own | ({subject} & set(self.world.accounts))
            return any(fits(glob, node) for glob in globs for node in nodes)

        return YES if found(Lens()) else UNKNOWN if found(Lens(possible=True)) else NO

    def about(self, rule: Rule, subject: str, place: str) -> int:
        """Whether the rule judges this subject here, exclusions taken off."""
        text = rule.text
        narrowing = text.get("subjects", {})
        answer = YES
        everyone = rule.kind in ("only", "hygiene") or "class" in narrowing
        if self.table(rule)[subject].get("class") == "workload" and not everyone:
            return NO
        answer = min(answer, self.matches(narrowing, subject))
        if rule.kind == "only":
            answer = min(answer, YES - self.matches(text["only"]["holders"], subject))
        return NO if self.excluded(rule, subject, place) else answer

    def excluded(self, rule: Rule, subject: str | None, place: str) -> bool:
        """Whether an exclusion in force leaves this subject out here; no subject: the place.

        Only who fits for certain is left out.
        """
        listed = [*rule.text.get("exclude", ()), *rule.text.get("only", {}).get("except", ())]
        for each in listed:
            until = each.get("until")
            if until is not None and date.fromisoformat(until) < self.world.today:
                continue
            if not self._names(words(each.get("place")), rule, place):
                continue
            narrowed = any(key in each for key in KEYS)
            if not narrowed or (subject is not None and self.matches(each, subject) == YES):
                return True
        return False

    def _names(self, globs: tuple[str, ...], rule: Rule, place: str) -> bool:
        def named(spot: str) -> bool:
            kind, _, key = spot.partition(":")
            return any(fits(glob, key or kind) for glob in globs)

        if not globs or named(place):
            return True
        # Everything is left out where each of its places is.
        each = [spot for spot in self.places(rule) if spot != "unmapped:"]
        return place == "all:" and bool(each) and all(map(named, each))

    def places(self, rule: Rule) -> list[str]:
        """Where the rule is judged."""
        tiers = words(rule.text.get("tiers"))
        if rule.scope == "application":
            named = [a for a, tier in self.world.tiers.items() if not tiers or tier in tiers]
            # What nobody placed may be of any tier.
            return [*(f"application:{app}" for app in sorted(named)), "unmapped:"]
        if rule.scope == "resource":
            return [f"resource:{system}:{name}" for system, name in self.reach.resources()]
        if rule.scope == "system":
            return [f"system:{system}" for system in sorted(self.world.systems)]
        return ["anywhere:"]

    # Verdicts on one subject.

    def enough(self, rule: Rule, subject: str, place: str, lens: Lens, *, blanks: bool) -> bool:
        """Whether the subject has as many of the legs here as break the rule."""
        if place == "unmapped:":
            if not lens.possible:
                return False
            lost = [self.reach.holds(subject, leg, place, lens) for leg in rule.legs]
            loose = [self.reach.holds(subject, leg, "anywhere:", lens) for leg in rule.legs]
            unread = [blanks and self.reach.blank(leg, "anywhere:") for leg in rule.legs]
            return any(lost) and sum(map(max, lost, loose, unread)) >= rule.count
        return (
            sum(
                self.reach.holds(subject, leg, place, lens)
                or (blanks and self.reach.blank(leg, place))
                for leg in rule.legs
            )
            >= rule.count
        )

    def everywhere(self, rule: Rule, subject: str) -> str:
        """The verdict on the place `all`; clear when nothing is folded there."""
        if rule.scope not in ("application", "resource") or rule.counts_people:
            return CLEAR
        lens = lens_of(rule)

        def folds(lens: Lens) -> bool:
            return sum(self.reach.covers_all(subject, leg, lens) for leg in rule.legs) >= rule.count

        about = self.about(rule, subject, "all:")
        if not rule.legs or about == NO or not folds(lens):
            return CLEAR
        gates = frozenset(rule.text.get("gates", {}))
        gated = bool(gates) and not folds(replace(lens, alone=gates, possible=True))
        # Of everything, a source that was not read may be a way around any gate.
        gated = gated and not any(self.reach.unread(leg) for leg in rule.legs)
        return OPEN if about == UNKNOWN else GATED if gated else BROKEN

    def verdict(self, rule: Rule, subject: str, place: str) -> str:
        """What a rule about one subject says of this one here."""
        about = self.about(rule, subject, place)
        if about == NO:
            return CLEAR
        lens = lens_of(rule)
        if not self.enough(rule, subject, place, lens, blanks=False):
            wide = replace(lens, possible=True)
            return OPEN if self.enough(rule, subject, place, wide, blanks=True) else CLEAR
        if about == UNKNOWN:
            return OPEN
        gates = frozenset(rule.text.get("gates", {}))
        # A gate that may not be in the way clears nobody.
        around = replace(lens, alone=gates, possible=True)
        gated = bool(gates) and not self.enough(rule, subject, place, around, blanks=True)
        return GATED if gated else BROKEN

    # Verdicts on a place, by its people.

    def known(self, subject: str, *, active: bool = False) -> bool:
        """Whether the roster knows this one as one person."""
        facts = self.world.people[subject]
        fine = ("active",) if active else ("active", "leaver", "future")
        return facts["class"] in ("person", "vendor") and facts["status"] in fine

    def maybe(self, subject: str) -> bool:
        """Whether somebody who is not counted otherwise may stand behind this one."""
        if self.known(subject) or self.world.people[subject]["class"] == "workload":
            return False
        own = {e.target for e in self.world.edges if e.kind == "holds" and e.holder == subject}
        return not any(e.kind == "uses" and e.target in own for e in self.world.edges)

    def holders(self, rule: Rule, leg: Leg, place: str, lens: Lens) -> set[str]:
        """The people who have the leg here: for certain, or with `possible` at most.

        In a team, each account of nobody known is somebody, under its own name.
        """
        team = rule.kind == "min_people"
        return {
            subject
            for subject, facts in self.world.people.items()
            if (
                (team and facts["class"] != "workload")
                or self.known(subject, active=rule.kind == "min_holders")
                or (lens.possible and self.maybe(subject))
            )
            and self.about(rule, subject, place) >= (UNKNOWN if lens.possible else YES)
            and self.reach.holds(subject, leg, place, lens)
        }

    def exists(self, rule: Rule, place: str) -> bool:
        """Whether each leg could be had in this place at all."""
        return all(
            any(
                self.reach.could(way, system, place) for way in leg for system in self.world.systems
            )
            or not self.reach.alive(leg)
            for leg in rule.legs
        )

    def headcount(self, rule: Rule, place: str) -> str:
        """What a rule that counts people says of a place."""
        if place == "unmapped:" or self.excluded(rule, None, place):
            return CLEAR
        if not self.exists(rule, place):
            return CLEAR
        lens = lens_of(rule)
        blank = any(self.reach.blank(leg, place) for leg in rule.legs)
        if rule.kind == "max_holders":
            return self._at_most(rule, place, lens, blank=blank)
        if rule.kind == "min_holders":
            return self._at_least(rule, place, blank=blank)
        return self._together(rule, place, lens)

    def _at_most(self, rule: Rule, place: str, lens: Lens, *, blank: bool) -> str:
        (leg,) = rule.legs
        gates = frozenset(rule.text.get("gates", {}))

        def over(lens: Lens) -> bool:
            return len(self.holders(rule, leg, place, lens)) > rule.count

        if not over(lens):
            return OPEN if blank or over(replace(lens, possible=True)) else CLEAR
        around = replace(lens, alone=gates, possible=True)
        return BROKEN if not gates or blank or over(around) else GATED

    def _at_least(self, rule: Rule, place: str, *, blank: bool) -> str:
        (leg,) = rule.legs
        lens = Lens(eligible=False, conditional=False, all_alone=True)

        def count(lens: Lens) -> int:
            return len(self.holders(rule, leg, place, lens))

        if count(lens) >= rule.count:
            return CLEAR
        few = count(replace(lens, possible=True)) < rule.count
        return BROKEN if few and not blank else OPEN

    def _together(self, rule: Rule, place: str, lens: Lens) -> str:
        gates = frozenset(rule.text.get("gates", {}))

        def team(lens: Lens, *, blanks: bool) -> int | None:
            wanted = [leg for leg in rule.legs if not (blanks and self.reach.blank(leg, place))]
            who = [self.holders(rule, leg, place, lens) for leg in wanted]
            if not all(who):
                return None
            people = sorted(set().union(*who))
            for size in range(len(people) + 1):
                for some in combinations(people, size):
                    if all(set(some) & each for each in who):
                        return max(size, 1)
            return None

        def few(size: int | None) -> bool:
            return size is not None and size < rule.count

        if few(team(lens, blanks=False)):
            around = replace(lens, alone=gates, possible=True)
            return BROKEN if not gates or few(team(around, blanks=True)) else GATED
        if team(lens, blanks=False) is None:
            return OPEN  # it cannot be done, and nobody has shown that it is kept apart
        return OPEN if few(team(replace(lens, possible=True), blanks=True)) else CLEAR

    # Facts about accounts and roles.

    def hygiene(self, rule: Rule, subject: str) -> dict[str, str]:
        """What a hygiene check says of one person, account or role, by place."""
        text = rule.text["hygiene"]
        checks: dict[str, Callable[[str], Iterable[tuple[str, int]]]] = {
            "leaver-with-access": self._left,
            "dormant-privileged": lambda s: self._unused(s, int(text.get("days", "90"))),
            "nobody-behind": self._unminded,
            "self-managed-group": self._self_managed,
        }
        if not self._told(text["check"]):
            return {"anywhere:": OPEN}
        narrowing = self.matches(rule.text.get("subjects", {}), subject)
        found: dict[str, int] = {}
        for system, truth in checks[text["check"]](subject):
            place = f"system:{system}" if rule.scope == "system" else "anywhere:"
            about = NO if self.excluded(rule, subject, place) else narrowing
            found[place] = max(found.get(place, NO), min(truth, about))
        words_of = {YES: BROKEN, UNKNOWN: OPEN, NO: CLEAR}
        return {place: words_of[truth] for place, truth in found.items()}

    def _told(self, check: str) -> bool:
        """Whether any source has the facts that the check is about."""
        roles = self.world.roles.values()
        if check == "dormant-privileged":
            return any(facts.get("privileged") for facts in roles) or any(
                self._everything & set(self.reach.had(account, Lens(), becoming=False))
                for account in self.world.accounts
            )
        if check == "self-managed-group":
            return any(facts.get("owner") for facts in roles) or any(
                edge.self_grant for edge in self.world.edges
            )
        return True

    @property
    def _everything(self) -> set[str]:
        return {r for r, (_, action, at, _) in self.world.rights.items() if action == at == "*"}

    def _left(self, subject: str) -> Iterable[tuple[str, int]]:
        if self.world.people[subject]["status"] != "leaver":
            return
        for edge in self.world.edges:
            mine = edge.holder == subject and edge.kind == "holds"
            if mine and not self.reach.asleep(edge.target):
                system = self.world.accounts[edge.target]["system"]
                yield system, UNKNOWN if edge.undecided else YES

    def _unused(self, account: str, days: int) -> Iterable[tuple[str, int]]:
        strong = {role for role, facts in self.world.roles.items() if facts.get("privileged")}
        had = set(self.reach.had(account, Lens(), becoming=False))
        if self.reach.asleep(account) or not had & (strong | self._everything):
            return
        facts = self.world.accounts[account]
        unused, made = facts.get("unused"), facts.get("created")
        if unused is None:
            # An account cannot be unused for longer than it has been there.
            young = made is not None and (self.world.today - made).days <= days
            yield facts["system"], NO if young else UNKNOWN
        else:
            yield facts["system"], YES if unused > days else NO

    def _unminded(self, account: str) -> Iterable[tuple[str, int]]:
        facts = self.world.accounts[account]
        links = [e for e in self.world.edges if e.target == account]
        behind = any(
            e.kind == "holds"
            and not e.undecided
            and self.world.people[e.holder]["status"] != "unknown"
            for e in links
        )
        minded = facts.get("owner") or self._kept(account, frozenset())
        if self.reach.asleep(account) or behind:
            return
        if minded and facts["class"] in ("workload", "shared"):
            return
        maybe = any(e.undecided for e in links)
        yield facts["system"], UNKNOWN if maybe else YES

    def _kept(self, account: str, seen: frozenset[str]) -> bool:
        """Whether a role, or somebody who is answered for, keeps, uses or assumes it."""
        return any(
            e.kind in ("assumes", "controls", "uses")
            and not e.undecided
            and not e.self_grant
            and e.holder not in seen
            and self._answered(e.holder, seen | {account})
            for e in self.world.edges
            if e.target == account
        )

    def _answered(self, node: str, seen: frozenset[str]) -> bool:
        if node in self.world.roles:
            return True
        if node in self.world.people:
            return bool(self.world.people[node]["status"] != "unknown")
        facts = self.world.accounts[node]
        machine = facts["class"] in ("workload", "shared")
        held = any(
            e.kind == "holds"
            and not e.undecided
            and self.world.people[e.holder]["status"] != "unknown"
            for e in self.world.edges
            if e.target == node
        )
        return held or (machine and bool(facts.get("owner"))) or self._kept(node, seen)

    def _self_managed(self, role: str) -> Iterable[tuple[str, int]]:
        """A member, other than one who would first have to let itself in, can let others in."""
        owner = self.world.roles[role].get("owner")
        links = [
            e
            for e in self.world.edges
            if e.target == role
            and e.kind == "adding"
            and (e.since is None or e.since <= self.world.today)
            and (e.until is None or e.until >= self.world.today)
        ]
        inside = {e.holder for e in links if not e.self_grant and not self.reach.asleep(e.holder)}
        own = {e.holder for e in links if e.self_grant}
        yield self.world.roles[role]["system"], YES if inside & own or owner in inside else NO

    # All that a rule says.

    def rows(self, rule: Rule, subjects: Iterable[str]) -> dict[tuple[str, str], str]:
        """Every verdict that is not clear, by subject and place.

        A rule that counts people has the place for a subject. Whoever has everything has one row
        for all places.
        """
        found: dict[tuple[str, str], str] = {}
        if rule.kind == "hygiene":
            for subject in subjects:
                for place, verdict in self.hygiene(rule, subject).items():
                    found[subject, place] = verdict
        elif rule.counts_people:
            for place in self.places(rule):
                found[place, place] = self.headcount(rule, place)
        else:
            for subject in subjects:
                all_ = found[subject, "all:"] = self.everywhere(rule, subject)
                for place in self.places(rule) if all_ == CLEAR else ():
                    found[subject, place] = self.verdict(rule, subject, place)
        return {key: verdict for key, verdict in found.items() if verdict != CLEAR}
