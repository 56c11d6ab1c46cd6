"""Every door tells the same story about the sample bank."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from sod_analyzer import pipeline
from sod_analyzer.compose.questions import Question
from sod_analyzer.evaluate.lens import COUNTED
from sod_analyzer.model.access import NodeKind
from tests.e2e import outcome
from tests.e2e.conftest import Ran
from tests.e2e.shell import sod

APPLICATIONS = ("payments", "onboarding", "internet-banking", "logging")
DUTIES = ("commit", "approve", "deploy", "administer-access", "change-pipeline", "administer-logs")


@pytest.fixture(scope="module")
def space(northbank: Ran) -> pipeline.Space:
    return pipeline.Space(northbank.folder)


def _ask(northbank: Ran, *arguments: str) -> dict[str, Any]:
    said = sod(*arguments, "--in", northbank.folder, "--format", "json", cwd=northbank.folder)
    told: dict[str, Any] = json.loads(said.out)
    return {**told, "code": said.code}


#: What a question on the command line counts: what may be activated, and what is conditional.
AS_ASKED = COUNTED


def _by_answer(told: Mapping[str, Any]) -> dict[str, set[str]]:
    """Who, by what `can` must answer for them."""
    answers: dict[str, set[str]] = {"yes": set(), "unknown": set()}
    for row in told["rows"]:
        answers["unknown" if row["group"] == "not decided" else "yes"].add(row["identity"])
    return answers


#: Duties of further rules, whose legs are confirmed as well.
MORE = (
    "approve-own",
    "administer-cluster-access",
    "administer-pipeline",
    "change-network-rules",
    "control-gates",
    "delete-backups",
    "develop",
    "merge-unreviewed",
    "read-secrets",
    "stop-logs",
)
#: To say of everybody why not takes its time: two questions always, the rest when asked for.
_ALWAYS = {("deploy", "payments"), ("administer-access", "logging")}
PAIRS = [
    pytest.param(
        duty,
        application,
        marks=() if (duty, application) in _ALWAYS else pytest.mark.slow,
    )
    for duty in DUTIES
    for application in APPLICATIONS
]


@pytest.mark.parametrize(("duty", "application"), PAIRS)
def test_who_can_names_exactly_those_of_whom_can_says_yes(
    northbank: Ran, space: pipeline.Space, duty: str, application: str
) -> None:
    told = _ask(northbank, "who-can", duty, "--app", application)

    asker = pipeline.ask(space, Question(duty, application, lens=AS_ASKED))
    asked: dict[str, set[str]] = {"yes": set(), "unknown": set(), "no": set()}
    for code in space.snapshot.ranges[NodeKind.IDENTITY]:
        row = asker.can(code)
        asked[row["answer"]].add(row["identity"])
        assert bool(row["why"]) == (row["answer"] != "yes"), row
    assert _by_answer(told) == {"yes": asked["yes"], "unknown": asked["unknown"]}


def test_who_can_deploy_in_production_is_what_can_says_at_the_terminal(northbank: Ran) -> None:
    told = _ask(northbank, "who-can", "deploy", "--app", "payments", "--env", "prod")
    people = [row["identity"] for row in told["rows"] if row["group"] == "can now"]

    assert told["code"] == 4
    assert len(people) > 10
    for identity in people[:4]:
        row = next(row for row in told["rows"] if row["identity"] == identity)
        said = _ask(northbank, "can", identity, "deploy", "--app", "payments", "--env", "prod")
        assert said["answer"] == "yes"
        assert (row["path"], row["source"]) == (said["rows"][0]["path"], said["rows"][0]["source"])


def test_those_who_can_act_now_come_first_and_the_undecided_last(northbank: Ran) -> None:
    told = _ask(northbank, "who-can", "deploy@payments")

    groups = list(dict.fromkeys(row["group"] for row in told["rows"]))
    assert groups[0] == "can now"
    assert groups[-1] == "not decided"
    assert all(
        row["email"] and row["resource"] for row in told["rows"] if row["group"] == "can now"
    )


def test_every_leg_of_a_violation_is_confirmed_by_who_can(
    northbank: Ran, space: pipeline.Space
) -> None:
    holders = {
        (duty, application): _by_answer(
            # Rules count what holds under a condition, too.
            {"rows": pipeline.ask(space, Question(duty, application, lens=COUNTED)).who_can().rows}
        )
        for application in APPLICATIONS
        for duty in DUTIES + MORE
    }
    places = {
        (row["finding_id"], row["place"]): row for row in outcome.table(northbank.folder, "places")
    }
    # The leg of a rule about logins is confirmed by whose login it is.
    owners = {
        account: row["identity"]
        for row in outcome.table(northbank.folder, "population")
        for account in (row["account_ids"] or "").split("; ")
    }
    confirmed = 0

    for leg in outcome.table(northbank.folder, "legs"):
        place = places[leg["finding_id"], leg["place"]]
        if place["verdict"] != "violation" or leg["state"] != "yes":
            continue
        applications = APPLICATIONS if leg["place"] == "all" else (leg["place"],)
        for application in applications:
            if (leg["duty"], application) in holders:
                who = holders[leg["duty"], application]["yes"]
                # Logging has no mainframe part, and "all" means all systems a duty lives in.
                if leg["place"] != "all" or application != "logging":
                    assert owners.get(leg["holder"], leg["holder"]) in who, leg
                    confirmed += 1
    assert confirmed > 500


def _explained(northbank: Ran, finding: str) -> list[dict[str, str]]:
    said = sod(
        *("explain", finding, "--in", northbank.folder, "--format", "csv"), cwd=northbank.folder
    )
    return list(csv.DictReader(io.StringIO(said.out)))


def texts_of(row: Mapping[str, object]) -> dict[str, str]:
    """A row as CSV has it."""
    return {name: _flat(cell) for name, cell in row.items()}


def _paths(rows: list[dict[str, str]], *keys: str) -> Iterator[tuple[str, ...]]:
    """Each run of hops as its place, duty and nodes; a run begins with hop 1."""
    runs: list[list[str]] = []
    for row in rows:
        if row["hop"] == "1":
            runs.append([*(row[key] for key in keys), row["from_name"]])
        runs[-1].append(row["to_name"])
    for place, duty, *nodes in runs:
        yield (place, duty, " > ".join(nodes))


@pytest.mark.slow
def test_explain_lists_the_printed_paths_of_a_finding_of_every_rule(northbank: Ran) -> None:
    space = pipeline.open_workspace(northbank.folder)
    first: dict[str, str] = {}
    printed: dict[str, list[dict[str, str]]] = {}
    for row in outcome.rows_of(northbank.folder / "paths.csv"):
        first.setdefault(row["rule_id"], row["finding_id"])
        printed.setdefault(row["finding_id"], []).append(row)

    assert len(first) > 20
    for finding in first.values():
        told = pipeline.explain(space, finding, max_paths=1000)
        every = set(_paths([texts_of(row) for row in told.rows], "place", "leg"))
        shortest = set(_paths(printed[finding], "place", "duty"))
        assert shortest <= every, (finding, shortest - every)


@pytest.mark.parametrize("number", range(3))
def test_explain_lists_the_printed_path(northbank: Ran, number: int) -> None:
    rows = outcome.rows_of(northbank.folder / "paths.csv")
    finding = sorted({row["finding_id"] for row in rows})[number * 20]

    every = set(_paths(_explained(northbank, finding), "place", "leg"))

    shortest = set(_paths([r for r in rows if r["finding_id"] == finding], "place", "duty"))
    assert shortest
    assert shortest <= every


def test_explain_tells_a_condition_only_of_what_has_one(northbank: Ran) -> None:
    """Of a role, whose rights for sure and under conditions come from the same policies."""
    found = [
        row["finding_id"]
        for row in outcome.rows_of(northbank.folder / "findings.csv")
        if (row["subject_key"], row["rule_id"]) == ("001533", "DEV-01")
    ]

    told = [row for row in _explained(northbank, found[0]) if row["decided"]]

    assert len(told) == 1
    assert "lambda:UpdateFunctionCode on arn:" in told[0]["decided"]
    assert [("conditional" in row["note"], ", if " in row["decided"]) for row in told] == [
        (False, False)
    ]


QUESTIONS = (
    ("who-can", "deploy@payments"),
    ("can", "001358", "deploy@payments"),
    ("access", "001358"),
    ("explain", "F-31002213f17a"),
)


@pytest.mark.parametrize("question", QUESTIONS, ids=" ".join)
def test_all_formats_hold_the_same_rows(northbank: Ran, question: tuple[str, ...]) -> None:
    said = {
        form: sod(*question, "--in", northbank.folder, "--format", form, cwd=northbank.folder)
        for form in ("table", "json", "jsonl", "csv", "md")
    }

    rows = json.loads(said["json"].out)["rows"]
    assert len({each.code for each in said.values()}) == 1
    assert rows == [json.loads(line) for line in said["jsonl"].out.splitlines()]
    table = list(csv.DictReader(io.StringIO(said["csv"].out)))
    assert [[_flat(row[name]) for name in row if name in table[0]] for row in rows] == [
        [record[name] for name in row if name in record]
        for row, record in zip(rows, table, strict=True)
    ]
    # `can` draws the hops of its one row below it.
    drawn = said["table"].out.splitlines()[2:]
    assert len(drawn) == len(rows) + (question[0] == "can") * (2 + len(rows[0].get("hops", [])))
    assert len(said["md"].out.splitlines()[2:]) == len(rows)
    for row, line in zip(table, drawn, strict=False):
        assert all(
            " ".join(cell.lstrip("'").split()) in " ".join(line.split()) for cell in row.values()
        )


def _flat(cell: object) -> str:
    """A cell as CSV shows it: what a spreadsheet would take for a formula has a mark before it."""
    text = "" if cell is None else str(cell)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


WHY_NOT = {
    "the account is disabled": (
        ("002121", "deploy@payments"),
        "could, if re-enabled: ldap-north:uid=ciara.zielinski,ou=people,dc=northbank,dc=example",
    ),
    "left, and locked out": (
        ("002142", "deploy@onboarding"),
        "could, if re-enabled: ldap-north:uid=cliona.zielinski,ou=people,dc=northbank,dc=example",
    ),
    "the grant has ended": (
        ("001477", "deploy@payments"),
        "expired or is not valid yet: NB01477 > promote on PAY, valid until 2026-10-30 (changeman/",
    ),
    "the grant has not begun": (
        ("001995", "deploy@internet-banking"),
        "NB01995 > promote on IBK, valid from 2026-11-01 (changeman/access.csv line 20)",
    ),
    "the right application in test only": (
        ("001925", "deploy@internet-banking"),
        "has the right only outside prod, in k8s-test: Brendan Schäfer > brendan.schafer > ",
    ),
    "another application": (
        ("001421", "deploy@payments"),
        "can deploy to production only in Onboarding",
    ),
    "accounts without the right": (
        ("001001", "deploy@payments"),
        "none of the accounts has a right in aws-prod or changeman or k8s-prod that does it: ldap-",
    ),
}


@pytest.mark.parametrize(("asked", "why"), WHY_NOT.values(), ids=WHY_NOT)
def test_can_says_why_not(northbank: Ran, asked: tuple[str, str], why: str) -> None:
    told = _ask(northbank, "can", *asked)

    assert (told["answer"], told["code"]) == ("no", 0)
    assert why in told["rows"][0]["why"]


def test_can_says_why_not_of_a_person_without_any_account(
    northbank: Ran, space: pipeline.Space
) -> None:
    holders = set(space.snapshot["grants"].column("holder").to_pylist())
    nobody = next(c for c in space.snapshot.ranges[NodeKind.IDENTITY] if c not in holders)
    identity = space.snapshot.node_ids[nobody]

    told = _ask(northbank, "can", identity, "deploy@payments")

    assert (told["answer"], told["code"]) == ("no", 0)
    assert told["rows"][0]["why"] == "no account that can be used"


@pytest.mark.parametrize(
    ("question", "message"),
    [
        (("can", "Una Vargas", "deploy"), "nobody is called 'Una Vargas'; did you mean"),
        (("can", "Malachy Byrne", "deploy"), "'Malachy Byrne' could be several: "),
        (("can", "001001", "deplyo"), "no duty is called 'deplyo' in ruleset devops; did you mean"),
        (("who-can", "deploy@paymnts"), "no application is called 'paymnts'; did you mean"),
        (("who-can", "deploy", "--on", "paymnts"), "no resource is called 'paymnts'; did you mean"),
        (("who-can", "kubernets:get pods"), "no system here is of product 'kubernets'; did you"),
        (("explain", "F-zzzz"), "F-zzzz"),
    ],
    ids=lambda x: " ".join(x) if isinstance(x, tuple) else "",
)
def test_a_question_about_nothing_is_answered_with_what_is_near(
    northbank: Ran, question: tuple[str, ...], message: str
) -> None:
    said = sod(*question, "--in", northbank.folder, cwd=northbank.folder)

    assert (said.code, said.out) == (2, "")
    assert message in said.err


def test_the_exports_are_not_needed_to_ask(northbank: Ran, tmp_path: Path) -> None:
    said = sod("who-can", "deploy@payments", "--in", northbank.folder, cwd=tmp_path)

    assert said.code == 4
