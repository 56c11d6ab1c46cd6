"""Random small case files over one ruleset of every rule kind, for the engine and the oracle."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from hypothesis import strategies as st

_RULE = "scope: {scope}, severity: high, why: w, title: t, references: {{house: ['1']}}"


def _rule(body: str, scope: str = "application") -> str:
    return f"{{{body}, {_RULE.format(scope=scope)}}}"


_BOTH = "duties: {all_of: [commit, deploy]}"
_RULES = {
    "LAW-01": _rule(_BOTH),
    "LAW-02": _rule(
        "duties: {all_of: [commit, {any_of: [deploy, release]}]},"
        "gates: {commit: [independent_review], deploy: [approval_before_deploy]}"
    ),
    "LAW-03": _rule("duties: {at_least: {count: 2, of: [commit, approve, deploy]}}"),
    "LAW-04": _rule("duties: {critical: launch}"),
    "LAW-05": _rule(
        "only: {duty: deploy, holders: {account: ['live:srv*']}, except:"
        " [{place: [desk], reason: r, by: b, on: 2026-01-01}]}"
    ),
    "LAW-06": _rule(
        "may_hold_only: {duties: [read], within: production}, subjects: {department: [Dev*]}"
    ),
    "LAW-07": _rule("max_holders: {duty: deploy, count: 1}"),
    "LAW-08": _rule("min_holders: {duty: deploy, count: 2}"),
    "LAW-09": _rule("min_people: {duties: [commit, approve, deploy], count: 3}"),
    "LAW-10": _rule("max_grant_hours: {duty: deploy, hours: 24}"),
    "LAW-11": _rule("role_conflicts: LAW-27"),
    "LAW-12": _rule("hygiene: {check: leaver-with-access}", "system"),
    "LAW-13": _rule("hygiene: {check: dormant-privileged, days: 60}", "anywhere"),
    "LAW-14": _rule("hygiene: {check: nobody-behind}", "anywhere"),
    "LAW-15": _rule("hygiene: {check: self-managed-group}", "anywhere"),
    "LAW-16": _rule("duties: {all_of: [commit, approve]}", "resource"),
    "LAW-17": _rule("duties: {all_of: [commit, approve]}, holder: account", "system"),
    "LAW-18": _rule(
        f"{_BOTH}, counts: {{means: [held], certainty: [sure]}}, subjects: {{role: ['f1:r*']}}",
        "anywhere",
    ),
    "LAW-19": _rule(f"{_BOTH}, counts: {{means: [held, eligible, self-grant]}}"),
    "LAW-20": _rule(f"{_BOTH}, tiers: [money]"),
    "LAW-21": _rule("duties: {all_of: [any-deploy, any-run]}, environment: prod"),
    "LAW-22": _rule(
        _BOTH + ", exclude: [{place: [shop], department: [Dev*], reason: r, by: b, on: 2026-01-01},"
        " {person: [ann], reason: r, by: b, on: 2026-01-01, until: 2026-01-02}]"
    ),
    "LAW-23": _rule("duties: {critical: deploy}, subjects: {class: [vendor, workload]}", "system"),
    "LAW-24": _rule("max_holders: {duty: approve, count: 1}, subjects: {department: [Dev*]}"),
    "LAW-25": _rule(
        "duties: {at_least: {count: 2, of: [commit, approve, change-access]}}", "system"
    ),
    "LAW-26": _rule("duties: {all_of: [commit, change-access]}"),
    "LAW-27": _rule("duties: {all_of: [commit, approve]}, gates: {approve: [independent_review]}"),
    "LAW-28": _rule(
        "only: {duty: any-deploy, holders: {class: [vendor]}},"
        "gates: {any-deploy: [approval_before_deploy]}"
    ),
    "LAW-29": _rule(
        "duties: {critical: launch}, gates: {launch: [approval_before_deploy]}, holder: account",
        "anywhere",
    ),
    "LAW-30": _rule(
        "max_grant_hours: {duty: commit, hours: 24}, gates: {commit: [independent_review]}"
    ),
    "LAW-31": _rule("max_holders: {duty: commit, count: 1}, gates: {commit: [independent_review]}"),
    "LAW-32": _rule(
        "min_people: {duties: [commit, {any_of: [approve, change-access]}], count: 2},"
        "gates: {approve: [independent_review]}"
    ),
    "LAW-33": _rule(
        "max_holders: {duty: approve, count: 1}, exclude:"
        " [{person: [ann], place: [shop], reason: r, by: b, on: 2026-01-01}]"
    ),
}
#: Rules that one more grant can only make worse.
GROWING = tuple(
    f"LAW-{n:02}" for n in (1, 2, 3, 4, 7, 11, 16, 17, 18, 19, 20, 21, 22, 24, 25, 26, 27, 29)
)
#: Rules with gates.
GATED = ("LAW-02", "LAW-11", "LAW-27", "LAW-28", "LAW-29", "LAW-30", "LAW-31", "LAW-32")

RULESET = """\
ruleset: laws
version: 1
owner: Test desk
duties:
  commit: {title: c, ways: [{product: forge, action: [push, merge]}]}
  approve: {title: a, ways: [{product: forge, action: "app*"}]}
  deploy: {title: d, ways: [{product: cluster, action: patch, environment: prod}]}
  any-run: {title: n, ways: [{product: cluster, action: run}]}
  any-deploy: {title: e, ways: [{product: cluster, action: patch}]}
  release: {title: r, ways: [{product: manager, action: promote}]}
  launch:
    title: l
    ways:
      - all_of:
          - {product: cluster, action: run, environment: prod}
          - {product: cluster, action: pass, any_scope: true}
      - {product: manager, action: launch}
  production: {title: p, ways: [{product: cluster, action: "*", environment: prod}]}
  read: {title: q, ways: [{product: cluster, action: get, environment: prod}]}
  change-access:
    title: m
    ways: [{product: forge, action: "adm:*", except: ["adm:Get*"]}]
rules:
""" + "".join(f"  {name}: {{slug: {name.lower()}, {body[1:]}\n" for name, body in _RULES.items())

_HEAD = """\
ruleset: laws
systems:
  f1: {{product: forge}}
  f2: {{product: forge}}
  live: {{product: cluster, environment: prod}}
  fresh: {{product: cluster}}
  m1: {{product: manager{missing}}}
applications:
  shop:
    tier: money
    resources:
      - {{system: f1, resource: shop}}
      - {{system: f1, resource: both}}
      - {{system: live, resource: shop}}
      - {{system: fresh, resource: shop}}
      - {{system: m1, resource: shop}}
  desk:
    resources:
      - {{system: f1, resource: "de*"}}
      - {{system: f1, resource: both}}
      - {{system: f2, resource: desk}}
      - {{system: live, resource: desk}}
      - {{system: fresh, resource: desk, environment: prod}}
LAW-07:
  hit:
"""

ACTIONS = {
    "f1": ("push", "approve", "pull", "*", "adm:GetX", "adm:Set", "adm:*"),
    "f2": ("push", "approve", "*"),
    "live": ("patch", "get", "run", "pass", "*"),
    "fresh": ("patch", "run"),
    "m1": ("promote", "launch"),
}
RESOURCES = {
    "f1": ("shop", "both", "desk", "shop/web", "lost", "*"),
    "f2": ("desk", "lost", "*"),
    "live": ("shop", "desk", "*"),
    "fresh": ("shop", "desk"),
    "m1": ("shop", "*"),
}
#: Rights that always exist, so that no duty is dead and nothing comes to be by being given.
ALL_RIGHTS = tuple(
    f"{system} {shlex.quote(action)} {resource}"
    for system, actions in ACTIONS.items()
    for action in actions
    for resource in RESOURCES[system]
)
_GRANT_TAGS = (
    "eligible",
    "conditional",
    "self-grant",
    "expired",
    "hours=12",
    "hours=30",
    "from=2026-10-01 until=2026-10-02",
    "from=2026-09-29 until=2026-10-01",
    "until=2026-10-05",
)
_ACCOUNT_TAGS = ("disabled", "unused=70", "use-unknown", "created=2026-09-30 expires=2026-10-02")
_VIA = ("r1", "r2", "r3", "r1>r2", "r2>r3", "r2>r1")


@dataclass(frozen=True)
class Person:
    """One person of a random case: facts for the mapping, and rights as lines."""

    name: str
    facts: tuple[str, ...]
    rights: tuple[str, ...]

    def __str__(self) -> str:
        told = "".join(f"{fact}, " for fact in self.facts)
        lines = ", ".join(f"'{line}'" for line in self.rights)
        return f"{self.name}: {{{told}rights: [{lines}]}}"


@st.composite
def _rights(draw: st.DrawFn, name: str, *, roster: bool, role: bool = False) -> str:
    wanted = st.sampled_from(("f1", "f1", "live", "live", "f2", "fresh", "m1"))
    system = "f1" if role else draw(wanted)
    # Mostly what the rules are about; else most worlds break nothing.
    action = draw(st.sampled_from((*ACTIONS[system][:2] * 2, *ACTIONS[system])))
    resource = draw(st.sampled_from((*RESOURCES[system][:1] * 3, *RESOURCES[system])))
    tags: list[str] = []

    def rarely(n: int = 5) -> bool:
        return draw(st.integers(0, n)) == 0

    if draw(st.integers(0, 2)) == 0:
        tags.append(f"via={draw(st.sampled_from(_VIA))}")
        if rarely():
            tags.append(f"owner={draw(st.sampled_from(('ann', 'ben')))}")
        if rarely(2):
            tags.append("privileged")
    if rarely(4):
        tags.append("with-approval")
    if not role:
        if rarely(2):
            tags.append(draw(st.sampled_from(_GRANT_TAGS)))
        if rarely(6):
            tags.append(draw(st.sampled_from(_ACCOUNT_TAGS)))
        own = [f"@{name}2", f"@{name}2 undecided", "undecided", "bot=srv1", "shared=desk"]
        if roster and draw(st.integers(0, 2)) == 0:
            tags.append(draw(st.sampled_from(own)))
    return " ".join([system, shlex.quote(action).replace("'", '"'), resource, *tags])


_FACTS = (
    (),
    (),
    ("department: Dev",),
    ("department: Sales",),
    ("class: vendor", "department: Dev"),
    ("class: vendor",),
    ("class: workload",),
    ("class: shared",),
    ("status: unknown",),
    ("status: leaver", "department: Dev"),
    ("status: future",),
    ("class: role",),
)


@st.composite
def persons(draw: st.DrawFn, name: str) -> Person:
    """Somebody with up to six rights."""
    facts = draw(st.sampled_from(_FACTS))
    outside = {"class: workload", "class: shared", "status: unknown", "class: role"}
    roster, role = not outside & set(facts), "class: role" in facts
    rights = draw(st.lists(_rights(name, roster=roster, role=role), min_size=1, max_size=6))
    return Person(name, facts, tuple(rights))


@dataclass(frozen=True)
class Folk:
    """A random case: its people, and whether the manager's source was not read."""

    people: tuple[Person, ...]
    missing: bool = False

    @property
    def text(self) -> str:
        """The case as a cases file. Its one case counts people, so all names stay as written."""
        first, *others = map(str, self.people)
        body = "".join(f"      {other}\n" for other in others)
        exists = ", ".join(f"'{line}'" for line in map(_plain_quotes, ALL_RIGHTS))
        head = _HEAD.format(missing=", missing: true" if self.missing else "")
        return f"{head}    - {first}\n{body}      exists: [{exists}]\n"


def _plain_quotes(line: str) -> str:
    return line.replace("'", '"')


@st.composite
def folks(draw: st.DrawFn, *, gates: bool = True) -> Folk:
    """One to four people; without `gates`, every right works alone."""
    names = ("ann", "ben", "cat", "dan")[: draw(st.integers(1, 4))]
    people = tuple(draw(persons(name)) for name in names)
    if not gates:
        people = tuple(
            Person(p.name, p.facts, tuple(r.replace(" with-approval", "") for r in p.rights))
            for p in people
        )
    return Folk(people, draw(st.integers(0, 5)) == 0)


@st.composite
def more(draw: st.DrawFn) -> str:
    """One more right, with nothing about it that could take another away."""
    system = draw(st.sampled_from(sorted(ACTIONS)))
    action = draw(st.sampled_from(ACTIONS[system]))
    resource = draw(st.sampled_from(RESOURCES[system]))
    tag = draw(st.sampled_from(("", " via=r1", " via=r3", " eligible", " conditional")))
    return f'{system} "{action}" {resource}{tag}'
