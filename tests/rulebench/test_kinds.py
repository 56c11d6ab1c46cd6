"""Every tag and every rule kind, from the line in a cases file to the verdict of the engine."""

from __future__ import annotations

from pathlib import Path

import pytest

from sod_analyzer.model.ruleset import (
    Counts,
    Exclusion,
    Holder,
    Hygiene,
    HygieneCheck,
    Means,
    Rule,
    RuleKind,
    ScopeKind,
    Subjects,
)
from tests.rulebench.small import DAY, counting, failures, rule, run

WRITE = "gh push o/pay-api"
SHIP = "k8s deploy pay"


def entry(name: str, *rights: str, **marks: str) -> str:
    told = "".join(f"      {key}: {value}\n" for key, value in marks.items())
    return f"    - {name}: [{', '.join(rights)}]\n{told}"


def body(**lists: str) -> str:
    named = {name.replace("_", "-"): entries for name, entries in lists.items()}
    return "R1-01:\n" + "".join(f"  {name}:\n{entries}" for name, entries in named.items())


@pytest.mark.parametrize(
    ("tag", "verdict"),
    [
        ("", "hit"),
        ("@second", "hit"),
        ("via=ops", "hit"),
        ("via=oncall>ops", "hit"),
        ("bot=robot", "hit"),
        ("shared=desk", "hit"),
        ("eligible", "hit"),
        ("conditional", "hit"),
        ("self-grant", "miss"),
        ("with-approval", "hit"),
        ("undecided", "not_evaluable"),
        ("bot=robot undecided", "not_evaluable"),
        ("disabled", "miss"),
        ("expired", "miss"),
        ("from=2026-10-02", "miss"),
        ("until=2026-10-01", "hit"),
        ("until=2026-09-30", "miss"),
        ("expires=2026-09-30", "miss"),
        ("hours=1", "hit"),
    ],
)
def test_a_tag_says_how_a_right_is_held(tmp_path: Path, tag: str, verdict: str) -> None:
    marks = {"differs": "means"} if verdict == "miss" else {}
    told = body(**{verdict: entry("ann", WRITE, f"{SHIP} {tag}".strip(), **marks)})

    assert failures(run(tmp_path, told)) == []


def test_rights_taken_by_a_change_of_ones_own_count_where_the_rule_says_so(tmp_path: Path) -> None:
    wide = rule(counts=Counts(means=tuple(Means)))

    told = body(hit=entry("ann", WRITE, f"{SHIP} self-grant"))

    assert failures(run(tmp_path, told, wide)) == []


def test_parts_of_a_way_meet_in_one_account_and_not_in_two(tmp_path: Path) -> None:
    starting = rule(duties=("write", "start"))
    told = body(
        hit=entry("ann", WRITE, "k8s run pay", "k8s lend web"),
        miss=entry("ann", WRITE, "k8s run pay", "k8s lend web @second", differs="context"),
    )

    assert failures(run(tmp_path, told, starting)) == []


def test_a_right_behind_a_gate_is_gated_and_one_beside_it_is_a_hit(tmp_path: Path) -> None:
    gated = rule(gates={"ship": ("approval_before_deploy",)})
    told = body(
        gated=entry("ann", WRITE, f"{SHIP} with-approval", at="pay"),
        hit=entry("ann", WRITE, f"{SHIP} with-approval", SHIP, at="pay"),
    )

    assert failures(run(tmp_path, told, gated)) == []


def test_a_system_that_was_not_read_leaves_its_application_open(tmp_path: Path) -> None:
    told = body(
        not_evaluable=entry("ann", "gh push o/safe", at="safe"),
        miss=entry("ann", WRITE, differs="duty", exists=f"[{SHIP}]"),
    )

    assert failures(run(tmp_path, told)) == []


def test_subjects_narrow_by_what_the_roster_says(tmp_path: Path) -> None:
    dev = rule(subjects=Subjects(departments=("Dev*",)))
    told = (
        "R1-01:\n  hit:\n"
        f"    - ann: {{department: Development, rights: [{WRITE}, {SHIP}]}}\n"
        f"  miss:\n    - bob: {{department: Sales, rights: [{WRITE}, {SHIP}]}}\n"
        "      differs: subject\n"
        f"  not-evaluable:\n    - cat: [{WRITE}, {SHIP}]\n"
    )

    assert failures(run(tmp_path, told, dev)) == []


@pytest.mark.parametrize("kind", ["person", "vendor", "shared"])
def test_people_of_every_class_are_judged_and_workloads_are_not(tmp_path: Path, kind: str) -> None:
    rights = "[k8s run pay, k8s lend pay, k8s deploy pay]"
    starting = rule(duties=("start", "ship"))
    told = (
        f"R1-01:\n  hit:\n    - ann: {{class: {kind}, rights: {rights}}}\n"
        f"  miss:\n    - job: {{class: workload, rights: {rights}}}\n      differs: subject\n"
    )

    assert failures(run(tmp_path, told, starting)) == []


def test_names_stay_as_written_where_a_rule_tells_them_apart(tmp_path: Path) -> None:
    server = rule(
        kind=RuleKind.ONLY, duties=("ship",), count=1, allowed=Subjects(accounts=("k8s:SRV1",))
    )
    told = body(
        hit=entry("ann", SHIP) + entry("bob", f"{SHIP} @SRV2"),
        miss=entry("ann", f"{SHIP} @SRV1", differs="subject")
        + entry("cat", f"{SHIP} @SRV1", differs="subject"),
    )

    assert failures(run(tmp_path, told, server)) == []


def test_a_role_of_one_name_may_differ_from_case_to_case(tmp_path: Path) -> None:
    dev = rule(subjects=Subjects(roles=("gh:team",)))
    told = body(
        hit=entry("ann", f"{WRITE} via=team", SHIP),
        miss=entry("ann", f"{WRITE} via=crew", SHIP, differs="subject")
        + entry("ann", "gh pull o/pay-api via=team", SHIP, differs="right"),
    )

    assert failures(run(tmp_path, told, dev)) == []


def test_a_declared_role_brings_all_of_its_rights(tmp_path: Path) -> None:
    told = body(hit=entry("ann", "gh push o/pay-api", "k8s look pay via=ops"))
    head = "roles:\n  k8s:ops: {rights: [k8s look pay, k8s deploy pay]}\n"

    assert failures(run(tmp_path, head + told)) == []


def test_roles_break_a_rule_by_what_they_contain(tmp_path: Path) -> None:
    by_role = rule(duties=("start", "ship"), holder=Holder.ROLE)
    parts = "k8s run pay via=ops, k8s lend pay via=ops"
    told = (
        f"R1-01:\n  hit:\n    - ann: [{parts}, k8s deploy pay via=ops]\n"
        "    - box: {class: role, rights: [k8s run pay, k8s lend pay, k8s deploy pay]}\n"
        f"  miss:\n    - ann: [{parts}, k8s deploy pay via=other]\n      differs: context\n"
    )

    assert failures(run(tmp_path, told, by_role)) == []


def test_accounts_are_judged_one_by_one(tmp_path: Path) -> None:
    by_account = rule(duties=("start", "ship"), holder=Holder.ACCOUNT)
    told = body(
        hit=entry("ann", "k8s run pay", "k8s lend pay", "k8s deploy pay"),
        miss=entry("ann", "k8s run pay", "k8s lend pay", "k8s deploy pay @b", differs="context"),
    )

    assert failures(run(tmp_path, told, by_account)) == []


def test_an_exclusion_leaves_somebody_out(tmp_path: Path) -> None:
    exclusion = Exclusion("sandbox", "me", DAY, places=("web",))
    told = body(
        hit=entry("ann", WRITE, SHIP, at="pay"),
        miss=entry("ann", "gh push o/web", "k8s deploy web", differs="exclusion"),
    )

    assert failures(run(tmp_path, told, rule(exclusions=(exclusion,)))) == []


def test_grants_have_hours_by_statement_or_by_days(tmp_path: Path) -> None:
    brief = rule(kind=RuleKind.MAX_GRANT_HOURS, duties=("ship",), count=24)
    told = body(
        hit=entry("ann", SHIP) + entry("ann", f"{SHIP} hours=25"),
        miss=entry("ann", f"{SHIP} hours=24", differs="hours")
        + entry("ann", f"{SHIP} from=2026-10-01 until=2026-10-01", differs="hours"),
        not_evaluable=entry("ann", f"{SHIP} from=2026-10-01 until=2026-10-02"),
    )

    assert failures(run(tmp_path, told, brief)) == []


def three(*people: str) -> str:
    first, *others = people
    told = f"    - {first}: [{SHIP}]\n"
    return told + "".join(f"      {name}: [{SHIP}]\n" for name in others)


@pytest.mark.parametrize(
    ("told", "counted"),
    [
        (
            (
                f"  hit:\n{three('ann', 'bob', 'cat')}      at: pay\n"
                f"  miss:\n{three('ann', 'bob')}      differs: count\n"
                f"  not-evaluable:\n    - ann: [{SHIP}]\n      bob: [{SHIP}]\n"
                f"      cat: [{SHIP} undecided]\n      at: pay\n"
            ),
            counting(RuleKind.MAX_HOLDERS, 2, "ship"),
        ),
        (
            (
                f"  hit:\n{three('ann')}      at: pay\n"
                f"    - ann: []\n      exists: [{SHIP}]\n      at: pay\n"
                f"    - ann: [{SHIP}]\n      bob: {{status: leaver, rights: [{SHIP}]}}\n"
                f"  miss:\n{three('ann', 'bob')}      differs: count\n"
            ),
            counting(RuleKind.MIN_HOLDERS, 2, "ship"),
        ),
        (
            (
                f"  hit:\n    - ann: [{WRITE}, {SHIP}]\n      bob: [{WRITE}]\n      at: pay\n"
                f"  miss:\n    - ann: [{WRITE}]\n      bob: [{SHIP}]\n      differs: count\n"
                f"  not-evaluable:\n    - ann: [{WRITE}]\n      exists: [{SHIP}]\n"
            ),
            counting(RuleKind.MIN_PEOPLE, 2, "write", "ship"),
        ),
    ],
)
def test_rules_that_count_people_have_each_case_to_themselves(
    tmp_path: Path, told: str, counted: Rule
) -> None:
    assert failures(run(tmp_path, f"R1-01:\n{told}", counted)) == []


@pytest.mark.parametrize(
    ("check", "told"),
    [
        (
            HygieneCheck.LEAVER_WITH_ACCESS,
            (
                f"  hit:\n    - ann: {{status: leaver, rights: [{SHIP}]}}\n"
                f"  miss:\n    - ann: [{SHIP}]\n      differs: hygiene\n"
                f"    - bob: {{status: leaver, rights: [{SHIP} disabled]}}\n"
                "      differs: hygiene\n"
            ),
        ),
        (
            HygieneCheck.DORMANT_PRIVILEGED,
            (
                f"  hit:\n    - ann: [{SHIP} via=root privileged unused=91]\n"
                f"  miss:\n    - ann: [{SHIP} via=root privileged unused=90]\n"
                "      differs: hygiene\n"
                f"    - ann: [{SHIP} via=root unused=91]\n      differs: hygiene\n"
                f"  not-evaluable:\n    - ann: [{SHIP} via=root privileged use-unknown]\n"
            ),
        ),
        (
            HygieneCheck.NOBODY_BEHIND,
            (
                f"  hit:\n    - job: {{class: workload, rights: [{SHIP}]}}\n"
                f"    - who: {{status: unknown, rights: [{SHIP}]}}\n"
                f"  miss:\n    - job: {{class: workload, rights: [{SHIP} owner=ann]}}\n"
                f"      differs: hygiene\n"
                f"    - ann: [{SHIP} bot=robot]\n      differs: hygiene\n"
            ),
        ),
        (
            HygieneCheck.SELF_MANAGED_GROUP,
            (
                f"  hit:\n    - ann: [{SHIP} via=ops owner=ann]\n"
                f"  miss:\n    - ann: [{SHIP} via=ops owner=bob]\n      differs: hygiene\n"
            ),
        ),
    ],
)
def test_hygiene_is_about_accounts_and_roles(
    tmp_path: Path, check: HygieneCheck, told: str
) -> None:
    hygiene = rule(
        kind=RuleKind.HYGIENE,
        duties=(),
        count=0,
        scope=ScopeKind.ANYWHERE,
        hygiene=Hygiene(check),
    )

    assert failures(run(tmp_path, f"R1-01:\n{told}", hygiene)) == []


def test_a_wrong_case_says_what_was_found_and_why(tmp_path: Path) -> None:
    told = body(hit=entry("ann", WRITE, f"{SHIP} undecided", at="pay"))

    (failing,) = failures(run(tmp_path, told))

    assert failing == (
        "small.cases.yaml:18: R1-01 ann: expected hit at pay, found not-evaluable at pay"
    )
