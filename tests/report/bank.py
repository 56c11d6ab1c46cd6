"""Harbour & Vale Bank: an invented report with everything that is awkward to show."""

from __future__ import annotations

import dataclasses
from datetime import UTC, date, datetime
from typing import Any

import pyarrow as pa

from sod_analyzer.model.finding import Completeness, Report, RunFacts, Verdict
from sod_analyzer.report.core import findings_digest
from tests.report.book import FILES, RULE_KINDS, RULES, Book, Person, finding_id
from tests.report.planted import LOGIC, counted, decided, excused, registers
from tests.report.witnesses import DIRECTORY, HOSTILE, commit, deploy


def bank() -> Report:
    """The report of the bank: incomplete, with findings of every sort."""
    book = Book()
    people = _people()
    _findings(book, people)
    excused(book, {person.key: person for person in people})
    counted(book, {person.key: person for person in people})
    _order(book)
    _population(book, people)
    _rules(book)
    _inputs(book)
    _exceptions(book)
    registers(book)
    _rest(book)
    tables = book.tables()
    tables["decisions"] = decided(tables)
    rows = book.rows
    real = [row for row in rows["violations"] if row["verdict"] == "violation"]
    open_rows = [row for row in real if row["folded_under"] is None]
    known = {row["identity"] for row in rows["population"]}
    violating = len({row["subject"] for row in open_rows} & known)
    return Report(
        name="Harbour & Vale Bank",
        as_of=date(2026, 10, 31),
        result=f"{len(open_rows)} violations by {violating} people",
        completeness=Completeness(
            complete=False,
            line="Incomplete: 4 open gaps, 1 system without input, 1 gap accepted",
            open_gaps=4,
            accepted_gaps=1,
        ),
        findings_digest=findings_digest(tables),
        snapshot_digest="5b" * 32,
        ruleset="devops",
        ruleset_version="2026.1",
        ruleset_digest="c4" * 32,
        ruleset_text="ruleset: devops\nversion: 2026.1\n# </script> stays text\n",
        numbers={
            "people": len(rows["population"]),
            "accounts": 61,
            "violations": len(open_rows),
            "violations_folded": len(real) - len(open_rows),
            "places": sum(
                place["verdict"] == "violation"
                for row in open_rows
                for place in rows["places"]
                if place["finding_id"] == row["finding_id"]
            ),
            "mitigated": 1,
            "gated": 1,
            "excluded": 6,
        },
        tables=tables,
        run=RunFacts(
            run_id="2026-11-02T09-14-07Z-5b5b",
            started_at="2026-11-02T09:14:07Z",
            finished_at="2026-11-02T09:14:09Z",
            command="sod run --config sod.yaml",
            versions={"python": "3.11.9", "sod-analyzer": "0.1.0", "pyarrow": "26.0.1"},
        ),
        config_text="name: Harbour & Vale Bank\nruleset: devops\n",
        limits=(
            "Branch rules and pipelines are not read: a duty behind a review counts as if alone.",
            "Access inside applications is not covered.",
        ),
    )


def clean(*, gaps: int = 0, accepted: int = 0) -> Report:
    """A report without any finding, complete unless gaps are given."""
    full = bank()
    tables = dict(full.tables)
    for name in (
        *("violations", "places", "legs", "edges", "hops", "decisions"),
        *("dormant", "unmapped", "exceptions"),
        *("measures", "mitigations", "exclusions", "approvals"),
    ):
        tables[name] = tables[name].slice(0, 0)
    states = pa.array(["evaluated"] * tables["rules"].num_rows)
    tables["rules"] = tables["rules"].set_column(
        tables["rules"].column_names.index("state"), "state", states
    )
    line = f"Incomplete: {gaps} open gaps" if gaps else "Complete: every source tied to zero"
    return dataclasses.replace(
        full,
        result="No conflicts",
        completeness=Completeness(not gaps, line, gaps, accepted),
        findings_digest=findings_digest(tables),
        numbers={"violations": 0},
        tables=tables,
    )


def rerun(report: Report) -> Report:
    """The same analysis, run on another day."""
    facts = RunFacts("other", "2027-01-01T00:00:00Z", "2027-01-01T00:00:01Z", "sod run", {})
    return dataclasses.replace(report, run=facts)


def _people() -> list[Person]:
    given = "Ada Bruno Carys Dmitri Esra Finn Gwen Hana Idris Jonas Kira Liam Mei Nils Orla Petra"
    family = "Kowalczyk Obuya Lindqvist Marchetti Tanaka Byrne Okafor Sandoval Wieland Archer"
    names, families = given.split(), family.split()
    made = [
        Person(
            str(1001 + number),
            f"{names[number % len(names)]} {families[(number * 7) % len(families)]}",
            department=("Software engineering", "Platform", "Payments operations")[number % 3],
            title=("Engineer", "Senior engineer", "Release manager")[number % 3],
        )
        for number in range(24)
    ]
    made[0] = Person("1001", "Maud Ferriter", "Platform", "Head of platform", manager=None)
    made[5].status = "leaver"
    made.append(
        Person(
            "github-hv:ci-release-bot",
            "ci-release-bot",
            department="",
            title="",
            status="unknown",
            kind="workload",
            manager=None,
        )
    )
    made += [
        Person(f"90{number:02}", name, department="R&D, <Labs>", title='"Tester"')
        for number, name in enumerate(HOSTILE.values())
    ]
    return made


def _findings(book: Book, people: list[Person]) -> None:
    by_key = {person.key: person for person in people}
    names = list(HOSTILE)
    for number, repository in enumerate(("payments-api", "onboarding-web", "ibank-core")):
        place = ("payments", "onboarding", "ibank")[number]
        for offset in range(3):
            key = str(1003 + number * 3 + offset)
            book.finding(
                by_key[key],
                "DEV-01",
                {
                    place: {
                        "commit": commit(f"dev{key}", 40 + number, repository),
                        "deploy": deploy(f"u{key}", 60 + number, place, levels=1 + offset * 2),
                    }
                },
            )
    two = by_key["1004"]
    book.finding(
        two,
        "DEV-02",
        {
            place: {
                "commit": commit("dev1004", 44, repository),
                "approve": commit("dev1004", 44, repository).replace("push", "approve"),
            }
            for place, repository in (("payments", "payments-api"), ("ibank", "ibank-core"))
        },
        means="held, sure; eligible, conditional",
        severity="medium",
    )
    owner = by_key["1013"]
    owned = (
        "-holds hr:12> a github-hv:owner1013 | owner1013\n"
        "-assigned github-members:3> r github-hv:org/harbourvale#owner | harbourvale (owner)\n"
        "-contains github-members:3> e github-hv:*@* | everything in github-hv"
    )
    everything = book.finding(
        owner,
        "UNRESTRICTED",
        {"all": {"everything": owned}},
        sentence=f"{owner.name} can do everything in github-hv.",
        caveats=None,
    )
    for rule in ("DEV-01", "DEV-02", "DEV-04"):
        duties = RULES[rule][1]
        book.finding(
            owner,
            rule,
            {"all": dict.fromkeys(duties, owned), "payments": dict.fromkeys(duties, owned)},
            folded_under=everything,
        )
    book.finding(
        by_key["1015"],
        "DEV-04",
        {
            "ibank": {
                "change-pipeline": commit("dev1015", 51, "ibank-core").replace("push", "edit"),
                "deploy": deploy("u1015", 71, "ibank")
                + " ++ "
                + deploy("u1015", 72, "ibank", levels=2)
                .replace("patch deployments", "get secrets")
                .replace("-member ldap:504>", "-member ldap:504!conditional: MFA>"),
            }
        },
        means="eligible, sure; held, conditional",
        severity="low",
    )
    for key, rule in (("1017", "DEV-03"), ("1018", "LOG-01"), ("1019", "LOG-01")):
        first, second = RULES[rule][1]
        book.finding(
            by_key[key],
            rule,
            {
                "unmapped": {
                    first: deploy(f"u{key}", 80, "sandbox"),
                    second: "?mainframe gave no input, and this duty has a way in it",
                }
            },
            verdict="not-evaluable",
            reason="mainframe gave no input",
        )
    bot = by_key["github-hv:ci-release-bot"]
    book.finding(
        bot,
        "DEV-04",
        {
            "payments": {
                "change-pipeline": commit("bot", 8, "payments-api"),
                "deploy": deploy("svc-release", 9, "payments"),
            }
        },
        severity="medium",
    )
    for number in range(len(HOSTILE)):
        person = by_key[f"90{number:02}"]
        if names[number] in ("zeros", "null", "exponent", "spaces", "minus", "at", "plus"):
            continue
        book.finding(
            person,
            "DEV-01",
            {
                "onboarding": {
                    "commit": commit(f"h{number}", 90 + number, "onboarding-web"),
                    "deploy": deploy(f"h{number}", 90 + number, "onboarding"),
                }
            },
            severity=("low", "medium", "high")[number % 3],
        )


def _order(book: Book) -> None:
    """Sort as the model says: verdict, severity, rule, name, id; details follow their finding."""
    worst = ["critical", "high", "medium", "low"]
    book.rows["violations"].sort(
        key=lambda row: (
            Verdict(row["verdict"]).rank,
            worst.index(row["severity"]),
            row["rule_id"],
            row["name"],
            row["finding_id"],
        )
    )
    place = {row["finding_id"]: number for number, row in enumerate(book.rows["violations"])}
    for rows in (book.rows["places"], book.rows["legs"], book.paths):
        rows.sort(key=lambda row: place[row["finding_id"]])


def _population(book: Book, people: list[Person]) -> None:
    held = book.rows["violations"]
    for person in sorted(people, key=lambda person: (person.kind, person.name, person.node)):
        mine = [row for row in held if row["subject"] == person.node]
        bad = sum(row["verdict"] == "violation" and not row["folded_under"] for row in mine)
        open_, excused_, behind = (
            sum(row["verdict"] == verdict for row in mine)
            for verdict in ("not-evaluable", "mitigated", "gated")
        )
        results = (
            (bad, "conflict"),
            (open_, "not evaluable"),
            (excused_, "mitigated"),
            (behind, "gated"),
            (1, "no conflict"),
        )
        book.add(
            "population",
            identity=person.node,
            subject_key=person.key,
            name=person.name,
            email=person.email,
            kind=person.kind,
            status=person.status,
            department=person.department,
            title=person.title,
            manager=person.manager,
            accounts=2,
            dormant_accounts=0,
            account_ids=f"github-hv:dev{person.key}; ldap-hv:uid=u{person.key},ou=people",
            matched_by="email; employee-id",
            duties="commit; deploy" if mine else None,
            violations=bad,
            not_evaluable=open_,
            mitigated=excused_,
            gated=behind,
            result=next(result for count, result in results if count),
        )


def _rules(book: Book) -> None:
    for rule, (title, duties) in RULES.items():
        rows = [row for row in book.rows["violations"] if row["rule_id"] == rule]
        bad = [row for row in rows if row["verdict"] == "violation" and not row["folded_under"]]
        open_, excused_, behind = (
            sum(row["verdict"] == verdict for row in rows)
            for verdict in ("not-evaluable", "mitigated", "gated")
        )
        book.add(
            "rules",
            rule_id=rule,
            title=title,
            kind=RULE_KINDS.get(rule, "combination"),
            ruleset="hv-own" if rule == "TEAM-01" else "devops",
            severity="high",
            tiers="move-money: critical",
            scope="application",
            logic=LOGIC.get(rule) or " and ".join(duties),
            subjects="department Platform or Software*" if rule == "DEV-03" else None,
            gates="commit: independent_review" if rule == "DEV-02" else None,
            why="One person can put unreviewed code in front of customers.",
            counts="held, eligible; sure, conditional",
            controls="CC-DEPLOY-REVIEW",
            references="SOX 404; NIST 800-53 AC-5, CM-5; ISO 27001 A.5.3",
            false_positives="A pipeline's own account",
            status="stable",
            people_violating=len({row["subject"] for row in bad if row["identity_kind"]}),
            violations=len(bad),
            places=sum(row["places"] for row in bad),
            not_evaluable=open_,
            mitigated=excused_,
            gated=behind,
            state="not evaluable" if rule == "LOG-01" else "evaluated",
            notes="gates not evaluated (github-hv)"
            if rule != "LOG-01"
            else "no live way in mainframe",
        )
        for number, duty in enumerate(duties, start=1):
            book.add(
                "patterns",
                duty=duty,
                duty_title=title,
                way=number,
                part=1,
                pattern=f"github: {duty} | kubernetes: {duty}*",
                systems="github-hv; k8s-prod",
                entitlements=0 if duty == "administer-logs" else 12,
                people=len(bad),
                state="dead" if duty == "administer-logs" else "live",
            )


def _inputs(book: Book) -> None:
    for number, (source, path) in enumerate(FILES.items()):
        lines, blank, rejected, duplicate, filtered = 300 + number * 411, 3, number % 3, 1, number
        parsed = lines - 1 - blank - 4
        system = {"hr": "hv-hr", "ldap": "ldap-hv"}.get(
            source, "github-hv" if source.startswith("github") else source
        )
        book.add(
            "sources",
            source_id=source,
            system=system,
            importer=source.split("-")[0],
            kind="csv" if source == "hr" else "json",
            path=path,
            sha256=f"{number:02x}" * 32,
            bytes=lines * 83,
            encoding="utf-8",
            extracted_at=datetime(
                2026, 10, 30 - (12 if source == "k8s-test" else 0), 22, tzinfo=UTC
            ),
            extracted_at_basis="stated" if number % 2 else "file-time",
            extracted_by="Job 41",
            query="select * from people where 1 = 1",
            evidence=None,
            expected_count=parsed + (2 if source == "ldap" else 0) if number < 4 else None,
            status="read",
            unit="line" if number < 2 else "element",
            record_template="line {record}" if number < 2 else "items/{record}",
            lines=lines,
            continued=4,
            header=1,
            blank=blank,
            parsed=parsed,
            rejected=rejected,
            duplicate=duplicate,
            filtered=filtered,
            filtered_why=f"{filtered} not a group" if filtered else None,
            loaded=parsed - rejected - duplicate - filtered,
        )
    for system, product, scope, reason in (
        ("hv-hr", "hr", "in-scope", None),
        ("ldap-hv", "ldap", "in-scope", None),
        ("github-hv", "github", "in-scope", None),
        ("k8s-prod", "kubernetes", "in-scope", None),
        ("k8s-test", "kubernetes", "in-scope", None),
        ("mainframe", "csv", "in-scope", None),
        ("old-erp", "sap", "out-of-scope", "Sold in 2025"),
    ):
        book.add(
            "systems",
            system=system,
            product=product,
            title=system.replace("-", " ").title(),
            environment="prod" if "prod" in system else None,
            owner="Identity team",
            scope=scope,
            reason=reason,
            source_id="config",
            record=10,
        )


def _exceptions(book: Book) -> None:
    def add(kind: str, system: str, hides: str, text: str, record: int | None, **more: Any) -> None:
        family = system.partition("-")[0]
        source = next((s for s in FILES if s.partition("-")[0] == family), None)
        if source is None or record is None:
            file, at = None, None
        else:
            file, at = FILES[source], f"line {record}"
        book.add(
            "exceptions", kind=kind, system=system, hides=hides, text=text, file=file,
            record=record if file else None, at=at, **more,
        )  # fmt: skip

    add("no-input", "mainframe", "yes", "mainframe is in scope and gave no input.", None,
        subject="mainframe", gap="no-input:mainframe")  # fmt: skip
    for record in (112, 340, 341):
        add("dangling-member", "ldap-hv", "unknown",
            f"Group cn=ops names cn=gone{record},{DIRECTORY}, which the export does not hold.",
            record, subject=f"cn=gone{record}", gap="dangling-member:ldap-hv",
            accepted="Ann Lee until 2027-01-31: leavers stay named")  # fmt: skip
    add("gates-not-evaluated", "github-hv", "unknown", "Branch rules were not read.", None,
        subject="github-hv", gap="gates-not-evaluated:github-hv")  # fmt: skip
    add("link-undecided", "github-hv", "yes", "Account dev77 may be Finn Byrne or Orla Byrne.",
        12, subject="github-hv:dev77", gap="link-undecided:github-hv")  # fmt: skip
    add("stale-source", "k8s-test", "unknown", "k8s-test was extracted 13 days before the day "
        "of the report.", None, subject="k8s-test", gap="stale-source:k8s-test")  # fmt: skip
    for number, (what, name) in enumerate(HOSTILE.items()):
        add("odd-text", "ldap-hv", "no", f"The name {name} holds {what}.", 900 + number,
            subject=name)  # fmt: skip


def _rest(book: Book) -> None:
    for what, count in (
        ("active people with an account", 40),
        ("active people without an account", 6),
        ("accounts matched by employee-id", 33),
        ("accounts matched by email", 21),
        ("accounts unmatched", 3),
        ("leavers with an enabled account", 1),
    ):
        book.add("reconciliation", what=what, system="ldap-hv", kind="person", count=count)
    book.add(
        "dormant",
        rule_id="DEV-01",
        subject="hv-hr:1020",
        name="Esra Archer",
        place="payments",
        accounts="ldap-hv:uid=u1020,ou=people",
        why="disabled in the directory since 2026-08-01",
    )
    book.add(
        "unmapped",
        system="k8s-prod",
        resource="sandbox",
        duties="deploy",
        holders=3,
        people="Ada Kowalczyk; Bruno Obuya; Carys Lindqvist",
    )
    for key, value, origin in (
        ("as_of", "2026-10-31", "file"),
        ("max_skew_days", "7", "default"),
        ("ruleset", "devops", "file"),
    ):
        book.add("parameters", key=key, value=value, origin=origin, meaning=f"The {key} used.")


__all__ = ["HOSTILE", "bank", "clean", "commit", "deploy", "finding_id", "rerun"]
