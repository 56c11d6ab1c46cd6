"""What the bank's rules found beside conflicts of one person, and the registers beside them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

import pyarrow as pa

from sod_analyzer.model.finding import REPORT_TABLES
from tests.report.book import PLACES, Book, Person
from tests.report.witnesses import DIRECTORY, HOSTILE, commit, deploy

#: Rules whose logic is more than their duties.
LOGIC = {
    "HYG-01": "a login that nobody is known to answer for",
    "REL-01": "at most 3 hold deploy",
    "REL-02": "at least 2 hold deploy",
    "TEAM-01": "no fewer than 3 hold commit, approve and deploy together",
}
SMALL_TEAM = (
    "Only 2 people can do this work, so nobody else can take a duty over. PCI DSS 4.0.1 6.5.4 "
    "allows CC-DEPLOY-REVIEW instead; missing: the reviewer's sign-off for each week."
)
REVIEWED = "CC-DEPLOY-REVIEW stands for it until 2026-12-31, performed by Maud Ferriter (1001)"
WHAT_IF = "sod what-if --remove 'ldap-hv:uid={login},ou=people > cn={place}-deployers,{directory}'"


def excused(book: Book, people: Mapping[str, Person]) -> None:
    """Findings that are mitigated, gated, or were mitigated until something changed."""

    def legs(key: str, repository: str, place: str) -> dict[str, str]:
        return {
            "commit": commit(f"dev{key}", 30, repository),
            "deploy": deploy(f"u{key}", 31, place),
        }

    def attempt(key: str, place: str) -> str:
        return WHAT_IF.format(login=f"u{key}", place=place, directory=DIRECTORY)

    standing = {
        "verdict": "mitigated",
        "reason": REVIEWED,
        "mitigation": "M-001 in force until 2026-12-31",
    }
    book.finding(
        people["1014"],
        "DEV-01",
        {"ibank": legs("1014", "ibank-core", "ibank")},
        by_place={"ibank": standing},
        attempt=attempt("1014", "ibank"),
    )
    book.finding(
        people["1020"],
        "DEV-01",
        {
            "payments": legs("1020", "payments-api", "payments"),
            "ibank": legs("1020", "ibank-core", "ibank"),
        },
        by_place={"ibank": standing, "payments": {"small_team": SMALL_TEAM}},
        attempt=attempt("1020", "payments"),
    )
    both = legs("1016", "payments-api", "payments")
    lapsed = "M-002 lapsed: Commit is now also held by kubernetes: exec, which nobody approved"
    book.finding(
        people["1016"],
        "DEV-02",
        {"payments": {"commit": both["commit"], "approve": both["commit"]}},
        by_place={"payments": {"mitigation": lapsed}},
        attempt="sod what-if --remove 'github-hv:dev1016 > payments-api-devs'",
    )
    both = legs("1012", "ibank-core", "ibank")
    book.finding(
        people["1012"],
        "DEV-02",
        {"ibank": {"commit": both["commit"], "approve": both["commit"]}},
        verdict="gated",
        reason="commit in github-hv waits for an independent review of two others",
    )


def counted(book: Book, people: Mapping[str, Person]) -> None:
    """Findings about places, roles and accounts."""
    group = f"ldap-hv:cn=payments-all,{DIRECTORY}"
    book.finding(
        Person.no_person("role", group, "cn=payments-all"),
        "ROLE-01",
        {
            "payments": {
                "commit": "-assigned github-teams:7> e github-hv:push@harbourvale/payments-api"
                " | push harbourvale/payments-api",
                "deploy": "-federated k8s-prod:7> r k8s-prod:group/oidc:payments-all"
                " | oidc:payments-all\n"
                "-contains k8s-prod:8> e k8s-prod:patch@deployments.apps@payments"
                " | patch deployments.apps payments",
            }
        },
        sentence="Whoever is given cn=payments-all can commit code and deploy it in Payments.",
        caveats=None,
    )
    login = "ldap-hv:uid=svc-old,ou=services"
    book.finding(
        Person.no_person("account", login, "uid=svc-old"),
        "HYG-01",
        {"anywhere": {"nobody-behind": "!nobody is known to answer for it"}},
        severity="low",
        reason="nobody is known to answer for it",
        means=None,
        sentence="Nobody is known to answer for uid=svc-old, and it still works.",
        caveats=None,
    )

    def each(*keys: str, place: str) -> list[tuple[Person, str]]:
        return [(people[key], deploy(f"u{key}", 20, place)) for key in keys]

    book.finding(
        _place("payments"),
        "REL-01",
        {
            "payments": {
                "deploy": each("1003", "1004", "1005", "1016", "1020", "1021", "1022", "1023",
                               "1024", "9000", "9009", place="payments"),
            }
        },
        means=None,
        sentence="11 people can deploy Payments; the rule allows 3.",
    )  # fmt: skip
    approve = commit("dev1022", 21, "onboarding-web").replace("push", "approve")
    book.finding(
        _place("onboarding"),
        "TEAM-01",
        {
            "onboarding": {
                "commit": [(people["1021"], commit("dev1021", 20, "onboarding-web"))],
                "approve": [(people["1022"], approve)],
                "deploy": [(people["1021"], deploy("u1021", 22, "onboarding"))],
            }
        },
        means=None,
        by_place={"onboarding": {"small_team": SMALL_TEAM}},
        sentence="Two people can take a change to production in Customer onboarding: "
        f"{people['1021'].name} and {people['1022'].name}; the rule wants three.",
    )
    book.finding(
        _place("payments"),
        "TEAM-01",
        {"payments": {"approve": "?nobody holds it"}},
        verdict="not-evaluable",
        reason="cannot be done: nobody can approve a change",
        means=None,
        sentence="Nobody can approve a change in Payments, so no team can be formed.",
    )
    book.finding(
        _place("ibank"),
        "REL-02",
        {"ibank": {"deploy": each("1013", place="ibank")}},
        verdict="not-evaluable",
        reason="1 for certain; 3 more if the undecided links of github-hv are theirs",
        means=None,
        sentence="One person can deploy Internet banking for certain; the rule wants two.",
    )
    _measures(book, people)


def _place(key: str) -> Person:
    return Person.no_person("place", key, PLACES[key][0])


def _measures(book: Book, people: Mapping[str, Person]) -> None:
    def add(rule: str, place: str, wanted: str, verdict: str = "clear", **more: Any) -> None:
        title, tier = PLACES[place]
        book.add("measures", rule_id=rule, place=place, place_title=title, tier=tier,
                 wanted=wanted, verdict=verdict, **more)  # fmt: skip

    def names(*keys: str) -> str:
        return "; ".join(sorted(people[key].name for key in keys))

    deployers = ("1003", "1004", "1005", "1016", "1020", "1021", "1022", "1023", "1024", "9009")
    most, least = "at most 3 people", "at least 2 people"
    add("REL-01", "ibank", most, found=1, possible=3, people=names("1013"))
    add("REL-01", "onboarding", most, found=2, possible=2, people=names("1021", "9000"))
    add("REL-01", "payments", most, "violation", found=11, possible=12,
        people=names(*deployers, "9000"))  # fmt: skip
    add("REL-02", "ibank", least, "not-evaluable", found=1, possible=4, people=names("1013"),
        reason="1 for certain; 3 more if the undecided links of github-hv are theirs")  # fmt: skip
    add("REL-02", "onboarding", least, found=2, possible=2, people=names("1021", "9000"))
    add("REL-02", "payments", least, found=11, possible=12, people=names(*deployers, "9000"))
    team = "no fewer than 3 people together"
    add("TEAM-01", "ibank", team, found=3, possible=3,
        people=f"{people['1013'].name} (deploy); {people['1014'].name} (commit); "
        f"{people['1015'].name} (approve)")  # fmt: skip
    pair = f"{people['1021'].name} (commit, deploy); {people['1022'].name} (approve)"
    add("TEAM-01", "onboarding", team, "violation", found=2, possible=2, people=pair)
    add("TEAM-01", "payments", team, "not-evaluable",
        reason="cannot be done: nobody can approve a change")  # fmt: skip


def registers(book: Book) -> None:
    """Mitigations, exclusions and approvals, with every way in which they can stand."""

    def mitigation(
        number: int, control: str, key: str, place: str, *said: str, **more: Any
    ) -> None:
        standing, why = said
        row: dict[str, Any] = {
            "rule_id": "DEV-01",
            "name": f"Person {key}",
            "owner": "Ann Lee (1030)",
            "approver": "Change Advisory Board (1031)",
            "performer": "Maud Ferriter (1001)",
            "approved_on": date(2026, 7, 1),
            "valid_until": date(2026, 12, 31),
            "frequency_days": 7,
            "last_performed": date(2026, 10, 26),
            "evidence": "TICKET-4711",
            "excuses": {"CC-DEPLOY-REVIEW": 2}.get(control, 0),
            "file": "mitigations.yaml",
            "record": 10 * number,
        }
        row |= {"mitigation_id": f"M-{number:03}", "control": control, "subject_key": key}
        row |= {"place": place, "standing": standing, "why": why or None, **more}
        book.add("mitigations", **row)

    review, log = "CC-DEPLOY-REVIEW", "CC-LOG-REVIEW"
    mitigation(1, review, "1014", "ibank", "in force", "")
    mitigation(1, review, "1020", "ibank", "in force", "runs out in 61 days; nothing prepared")
    mitigation(2, review, "1016", "payments", "lapsed",
               "Commit is now also held by kubernetes: exec, which nobody approved",
               rule_id="DEV-02")  # fmt: skip
    mitigation(3, log, "1003", "payments", "expired", "valid until 2026-06-30",
               valid_until=date(2026, 6, 30), evidence=None)  # fmt: skip
    mitigation(4, log, "1004", "payments", "not independent",
               "the performer Maud Ferriter reports to 1004")  # fmt: skip
    mitigation(5, review, "1023", "onboarding", "unused", "there is no such violation",
               name=HOSTILE["formula"], evidence=HOSTILE["script"])  # fmt: skip
    mitigation(6, log, "1005", "payments", "overdue",
               "last performed 2026-08-01, 91 days ago; wanted every 7 days",
               last_performed=date(2026, 8, 1))  # fmt: skip

    def exclusion(rule: str, what: str, state: str, **more: Any) -> None:
        told = {"reason": "Test data only", "by": "IT risk", "on": date(2026, 3, 1)}
        book.add("exclusions", rule_id=rule, what=what, state=state, **{**told, **more})

    exclusion("DEV-01", "place sandbox", "applied", hidden=6, until=date(2027, 3, 1),
              people="Ada Kowalczyk; Bruno Obuya")  # fmt: skip
    exclusion("DEV-02", "person 1002", "over", hidden=0, until=date(2026, 9, 30),
              reason="Left on leave; came back")  # fmt: skip
    exclusion("DEV-04", f"place {HOSTILE['link']}", "matches nothing", hidden=0)
    exclusion("DEV-09", "the whole rule", "dropped", hidden=0,
              reason="No log platform of our own")  # fmt: skip

    def approval(what: str, name: str, state: str, **more: Any) -> None:
        book.add("approvals", what=what, name=name, state=state, digest="c4" * 32, **more)

    board = {"by": "Change Advisory Board", "on": date(2026, 10, 1)}
    approval("catalogue", "catalogue.yaml", "approved", approved_digest="c4" * 32, **board)
    approval("mitigations", "mitigations.yaml", "not approved")
    changes = (
        "+ rule TEAM-01 Three people between a change and production",
        "~ rule DEV-02 gates: none before, commit behind independent_review now",
        "- duty deploy, way kubernetes: delete deployments.apps",
    )
    approval("ruleset", "devops", "changed since approval", approved_digest="77" * 32,
             changes="\n".join(changes), **board)  # fmt: skip
    approval("systems", "systems in sod.yaml", "not approved")


def decided(tables: Mapping[str, pa.Table]) -> pa.Table:
    """What policies decide at the ends of two paths: one on some resources, one on all."""
    names = tables["edges"]["to_name"].to_pylist()
    ends = [
        hop
        for hop, edge in enumerate(tables["hops"]["edge"].to_pylist())
        if names[edge] and names[edge].startswith("patch deployments.apps ")
    ]
    rows = [
        {
            "hop": ends[0],
            "system": "aws-hv",
            "action": "ecs:UpdateService",
            "resource": HOSTILE["formula"],
            "by": f"identity policy: {HOSTILE['script']}: statement 1, if MFA",
        },
        {"hop": ends[1], "system": "aws-hv", "action": "ecs:RunTask", "by": ""},
    ]
    return pa.Table.from_pylist(rows, schema=REPORT_TABLES["decisions"])
