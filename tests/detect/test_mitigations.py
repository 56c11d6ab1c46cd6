"""When a mitigation excuses a broken place, and what is said when it does not."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.detect.mitigations import Weighed, pins_for, weigh
from sod_analyzer.detect.pairs import as_good
from sod_analyzer.errors import SourceRef
from sod_analyzer.model.finding import MITIGATIONS
from sod_analyzer.model.mitigation import BrokenPlace, Mitigation, Standing
from sod_analyzer.model.ruleset import Control

TODAY = date(2026, 10, 31)
#: Ann and Bob work for Mia, who works for Max; Cat and Dan for Zoe.
NAMES = {
    "E1": "Ann Lee",
    "E2": "Bob Ray",
    "E3": "Mia Fox",
    "E4": "Max Orr",
    "E5": "Cat Poe",
    "E6": "Dan Kim",
    "E7": "Zoe Day",
}
MANAGERS = {"E1": "E3", "E2": "E3", "E3": "E4", "E5": "E7", "E6": "E7"}

BROKEN = BrokenPlace(
    rule_id="DEV-01",
    rule_digest="d1",
    subject_key="E1",
    place="payments",
    means=("held, conditional", "eligible, sure"),
    ways={"commit": ("github: push",), "deploy": ("k8s: create", "k8s: patch")},
    controls=("CC-A", "CC-B"),
    max_days=90,
)
PINNED = Mitigation(
    mitigation_id="M-001",
    control="CC-A",
    rule_id="DEV-01",
    subject_key="E1",
    place="payments",
    owner="E4",
    approver="E5",
    performer="E6",
    approved_on=date(2026, 10, 1),
    valid_until=date(2026, 12, 30),
    frequency_days=7,
    last_performed=date(2026, 10, 25),
    evidence="tickets",
    pin=pins_for(
        [Mitigation("M-001", "", "DEV-01", "E1", "payments", "", "", "", TODAY, TODAY)], [BROKEN]
    )[("M-001", "E1", "payments")],
    where=SourceRef("mitigations.yaml", 3),
)
KEY = ("DEV-01", "E1", "payments")


def weighed(
    register: Sequence[Mitigation],
    broken: Sequence[BrokenPlace] = (BROKEN,),
    *,
    as_of: date = TODAY,
    controls: Mapping[str, Control] | None = None,
) -> Weighed:
    return weigh(
        register, broken, as_of=as_of, managers=MANAGERS, names=NAMES, controls=controls or {}
    )


def stands(
    mitigation: Mitigation, *broken: BrokenPlace, as_of: date = TODAY
) -> tuple[str, str | None]:
    """The standing of one mitigation and why."""
    (row,) = weighed([mitigation], broken or (BROKEN,), as_of=as_of).rows
    return row["standing"], row["why"]


def open_place(subject: str, place: str = "payments") -> BrokenPlace:
    return replace(BROKEN, subject_key=subject, place=place)


def test_what_still_is_as_approved_excuses_its_place_and_no_other() -> None:
    found = weighed([PINNED], [BROKEN, open_place("E1", "lending"), open_place("E2")])

    assert {key: (e.standing, e.text) for key, e in found.excuse.items()} == {
        KEY: (Standing.IN_FORCE, "M-001 in force until 2026-12-30")
    }
    assert list(found.rows[0]) == MITIGATIONS.names
    assert found.rows[0] == {
        "mitigation_id": "M-001",
        "control": "CC-A",
        "rule_id": "DEV-01",
        "subject_key": "E1",
        "name": "Ann Lee",
        "place": "payments",
        "owner": "E4",
        "approver": "E5",
        "performer": "E6",
        "approved_on": date(2026, 10, 1),
        "valid_until": date(2026, 12, 30),
        "frequency_days": 7,
        "last_performed": date(2026, 10, 25),
        "evidence": "tickets",
        "standing": "in force",
        "why": "next due by 2026-11-01",
        "excuses": 1,
        "file": "mitigations.yaml",
        "record": 3,
    }


DEPLOY_TOO = {**BROKEN.ways, "deploy": ("k8s: create", "k8s: exec", "k8s: patch")}
RELEASE_TOO = {**BROKEN.ways, "release": ("changeman: PrdRelmgnt",)}

# Each: what differs from a mitigation in force, and the standing with its reason.
MITIGATION_FAULTS = [
    ({"approved_on": date(2026, 11, 1)}, "not yet", "approved only on 2026-11-01"),
    ({"valid_until": date(2026, 10, 30)}, "expired", "valid until 2026-10-30"),
    ({"pin": None}, "not pinned", "nobody has approved it for what is found there"),
    ({"control": "CC-C"}, "not allowed", "DEV-01 allows CC-A, CC-B, not CC-C"),
    (
        {"valid_until": date(2026, 12, 31)},
        "not allowed",
        "approved for 91 days; DEV-01 allows 90",
    ),
    (
        {"performer": "E1"},
        "not independent",
        "performer Ann Lee (E1) is the person it is for",
    ),
    ({"approver": "E1"}, "not independent", "approver Ann Lee (E1) is the person it is for"),
    (
        {"performer": "E66"},
        "not independent",
        "nobody knows who performer E66 is; did you mean 'E6'?",
    ),
    ({"approver": "nobody"}, "not independent", "nobody knows who approver nobody is"),
    (
        {"last_performed": date(2026, 10, 23)},
        "overdue",
        "last performed on 2026-10-23; it was due by 2026-10-30",
    ),
    ({"last_performed": None}, "overdue", "never performed; it was due by 2026-10-08"),
    (
        {"last_performed": date(2026, 11, 2)},
        "overdue",
        "performed only on 2026-11-02; it was due by 2026-10-08",
    ),
]


@pytest.mark.parametrize(("changed", "standing", "why"), MITIGATION_FAULTS)
def test_a_mitigation_that_fails_a_check_excuses_nothing_and_says_why(
    changed: dict[str, object], standing: str, why: str
) -> None:
    mitigation = replace(PINNED, **changed)  # type: ignore[arg-type]

    found = weighed([mitigation])

    assert stands(mitigation) == (standing, why)
    assert found.excuse[KEY].standing is not Standing.IN_FORCE
    assert found.excuse[KEY].text == f"M-001 {standing}: {why}"
    assert found.rows[0]["excuses"] == 0


# Each: what differs from what was broken when it was approved.
LAPSES = [
    ({"rule_digest": "d2"}, "the meaning of DEV-01 has changed since it was approved"),
    (
        {"means": ("held, sure",)},
        "it is now broken by access held, sure; approved for held, conditional; eligible, sure",
    ),
    ({"ways": DEPLOY_TOO}, "deploy is now also reached by k8s: exec"),
    ({"ways": RELEASE_TOO}, "release is now also reached by changeman: PrdRelmgnt"),
]


@pytest.mark.parametrize(("changed", "why"), LAPSES)
def test_a_mitigation_lapses_when_what_was_approved_has_grown(
    changed: dict[str, object], why: str
) -> None:
    now = replace(BROKEN, **changed)  # type: ignore[arg-type]

    assert stands(PINNED, now) == ("lapsed", why)


@pytest.mark.parametrize(
    "changed",
    [
        {"means": ("held, conditional",)},
        {"means": ("eligible, sure",)},
        {"means": ("eligible, conditional",)},
        {"means": ("self-grant by 2 own changes, sure",)},
        {"ways": {"commit": ("github: push",), "deploy": ("k8s: patch",)}},
        {"ways": {"deploy": ("k8s: patch", "k8s: create"), "commit": ("github: push",)}},
        {"ways": {}},
    ],
)
def test_a_mitigation_stands_when_what_was_approved_has_not_grown(
    changed: dict[str, object],
) -> None:
    now = replace(BROKEN, **changed)  # type: ignore[arg-type]

    assert stands(PINNED, now)[0] == "in force"


@pytest.mark.parametrize(
    ("one", "other", "wanted"),
    [
        ("held, sure", "held, sure", True),
        ("held, sure", "held, conditional", True),
        ("held, conditional", "held, sure", False),
        ("held, sure", "eligible, sure", True),
        ("held, conditional", "eligible, sure", False),
        ("eligible, sure", "held, conditional", False),
        ("eligible, sure", "self-grant by 1 own change, sure", True),
        ("self-grant by 1 own change, sure", "self-grant by 2 own changes, sure", True),
        ("self-grant by 2 own changes, sure", "self-grant by 1 own change, sure", False),
        ("by magic", "by magic", True),
        ("by magic", "held, conditional", False),
        ("held, sure", "by magic", False),
    ],
)
def test_pairs_compare_as_the_engine_ranks_them(one: str, other: str, *, wanted: bool) -> None:
    assert as_good(one, other) is wanted


def test_days_are_included_at_both_ends() -> None:
    assert stands(PINNED, as_of=PINNED.approved_on)[0] == "in force"
    # Performed on the last day that it was due.
    late = replace(PINNED, last_performed=date(2026, 12, 23))
    assert stands(late, as_of=PINNED.valid_until)[0] == "in force"
    assert stands(late, as_of=PINNED.valid_until + timedelta(days=1))[0] == "expired"


def test_a_rule_that_names_no_controls_takes_any() -> None:
    free = replace(BROKEN, controls=(), max_days=None)
    long = replace(PINNED, control="CC-Z", valid_until=date(2030, 1, 1))

    assert stands(long, free)[0] == "in force"


def test_a_control_performed_too_seldom_for_its_own_terms_is_overdue() -> None:
    seldom = replace(PINNED, frequency_days=None, last_performed=None)
    controls = {"CC-A": Control("CC-A", "Weekly review", frequency_days=7)}

    assert weighed([seldom]).rows[0]["standing"] == "in force"
    (row,) = weighed([seldom], controls=controls).rows
    assert (row["standing"], row["why"]) == (
        "overdue",
        "never performed; it was due by 2026-10-08",
    )


# -- independence ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("subject", "who", "why"),
    [
        ("E3", "E1", "performer Ann Lee (E1) reports to Mia Fox (E3)"),
        ("E4", "E1", "performer Ann Lee (E1) reports to Max Orr (E4)"),
        ("E1", "E3", None),
        ("E1", "E2", None),
    ],
)
def test_whoever_reports_to_the_person_is_not_independent(
    subject: str, who: str, why: str | None
) -> None:
    broken = open_place(subject)
    mitigation = replace(PINNED, subject_key=subject, performer=who)

    found = stands(mitigation, broken)

    assert found == (("not independent", why) if why else ("in force", "next due by 2026-11-01"))


def test_a_circle_of_managers_ends() -> None:
    found = weigh([PINNED], [BROKEN], as_of=TODAY, managers={"E6": "E7", "E7": "E6"}, names=NAMES)

    assert found.rows[0]["standing"] == "in force"


@pytest.mark.parametrize(
    ("place", "wanted"),
    [("payments", "not independent"), ("all", "not independent"), ("lending", "in force")],
)
def test_whoever_holds_the_rule_open_there_is_not_independent(place: str, wanted: str) -> None:
    assert stands(PINNED, BROKEN, open_place("E6", place))[0] == wanted


def test_whoever_holds_another_rule_there_is_independent() -> None:
    assert stands(PINNED, BROKEN, replace(open_place("E6"), rule_id="DEV-02"))[0] == "in force"


def mutual(subject: str, performer: str, name: str) -> Mitigation:
    return replace(PINNED, mitigation_id=name, subject_key=subject, performer=performer)


def test_two_who_perform_each_others_control_excuse_nobody() -> None:
    found = weighed(
        [mutual("E1", "E2", "M-1"), mutual("E2", "E1", "M-2")], [BROKEN, open_place("E2")]
    )

    assert [row["standing"] for row in found.rows] == ["not independent", "not independent"]


def test_a_performer_whose_own_place_is_excused_by_a_third_may_perform() -> None:
    chain = [mutual("E1", "E2", "M-1"), mutual("E2", "E5", "M-2"), mutual("E5", "E6", "M-3")]
    broken = [BROKEN, open_place("E2"), open_place("E5")]

    found = weighed(chain, broken)
    without = weighed(chain[:2], broken)

    # The approver of all three is E5, whose own place only M-3 excuses.
    assert [row["standing"] for row in found.rows] == ["not independent"] * 3
    assert [row["standing"] for row in without.rows] == ["not independent"] * 2
    neutral = [replace(m, approver="E7") for m in chain]
    assert [r["standing"] for r in weighed(neutral, broken).rows] == ["in force"] * 3
    assert [r["standing"] for r in weighed(neutral[:2], broken).rows] == ["not independent"] * 2


# -- unused ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        ({"rule_id": "DEV-10"}, "nobody breaks DEV-10; did you mean 'DEV-01'?"),
        ({"rule_id": "P2P-77"}, "nobody breaks P2P-77"),
        ({"subject_key": "ldap:uid=an"}, "ldap:uid=an does not break DEV-01"),
        (
            {"subject_key": "payments"},
            "payments does not break DEV-01; the rule is about people there, so name them",
        ),
        (
            {"place": "payment"},
            "E1 does not break DEV-01 in payment; did you mean 'payments'?",
        ),
        (
            {"place": "intranet"},
            "E1 does not break DEV-01 in intranet; known: 'payments'",
        ),
        (
            {"subject_key": "E9"},
            (
                "E9 breaks DEV-01 everywhere at once (place 'all'), "
                "which no control of one place can stand for"
            ),
        ),
    ],
)
def test_a_mitigation_that_nothing_answers_to_is_unused_and_says_what_is_near(
    changed: dict[str, object], why: str
) -> None:
    mitigation = replace(PINNED, **changed)  # type: ignore[arg-type]
    broken = [BROKEN, open_place("E9", "all")]

    found = weighed([mitigation], broken)

    assert (found.rows[0]["standing"], found.rows[0]["why"]) == ("unused", why)
    assert found.excuse == {}


def test_a_mitigation_that_is_over_is_expired_even_when_nothing_answers_to_it() -> None:
    over = replace(PINNED, subject_key="gone", valid_until=date(2026, 10, 2))

    assert stands(over)[0] == "expired"


def test_a_register_against_a_clean_estate_is_all_unused() -> None:
    found = weigh([PINNED], [], as_of=TODAY, managers={}, names={})

    assert (found.excuse, found.rows[0]["why"]) == ({}, "nobody breaks DEV-01")


# -- several ---------------------------------------------------------------------------------------


def test_of_several_for_one_place_the_best_wins_and_all_are_listed() -> None:
    old = replace(PINNED, mitigation_id="M-000", valid_until=date(2026, 10, 2))
    lapsed = replace(PINNED, mitigation_id="M-005", pin=replace(PINNED.pin, rule_digest="x"))  # type: ignore[type-var]

    found = weighed([lapsed, old, PINNED])
    worse = weighed([old, lapsed])

    assert found.excuse[KEY].text == "M-001 in force until 2026-12-30"
    assert [row["mitigation_id"] for row in found.rows] == ["M-000", "M-001", "M-005"]
    assert [row["standing"] for row in found.rows] == ["expired", "in force", "lapsed"]
    assert worse.excuse[KEY].text == (
        "M-005 lapsed: the meaning of DEV-01 has changed since it was approved"
    )


def crowd(count: int, others: int) -> tuple[list[Mitigation], list[BrokenPlace]]:
    excused = [open_place("E1", f"app-{n:02}") for n in range(count)]
    register = [replace(PINNED, place=broken.place) for broken in excused]
    return register, [*excused, *(open_place(f"X{n}") for n in range(others))]


@pytest.mark.parametrize(
    ("count", "others", "warning"),
    [
        (4, 0, None),
        (5, 9, "CC-A alone excuses 5 of 14 broken places"),
        (5, 10, None),
        (9, 40, None),
        (10, 40, "CC-A alone excuses 10 of 50 broken places"),
    ],
)
def test_a_control_that_stands_for_much_is_told(
    count: int, others: int, warning: str | None
) -> None:
    found = weighed(*crowd(count, others))

    due = "next due by 2026-11-01"
    assert {row["excuses"] for row in found.rows} == {count}
    assert {row["why"] for row in found.rows} == {f"{due}; {warning}" if warning else due}


def test_a_place_that_counts_people_is_its_own_subject() -> None:
    broken = BrokenPlace("DEV-30", "d", "payments", "payments", ("held, sure",), {"release": ()})
    (pin,) = pins_for(
        [replace(PINNED, rule_id="DEV-30", subject_key="payments")], [broken]
    ).values()
    mitigation = replace(PINNED, rule_id="DEV-30", subject_key="payments", pin=pin)

    assert stands(mitigation, broken)[0] == "in force"


def test_pins_are_of_what_is_broken_and_of_nothing_else() -> None:
    gone = replace(PINNED, subject_key="E2")

    pins = pins_for([gone, PINNED], [BROKEN])

    assert list(pins) == [("M-001", "E1", "payments")]
    assert pins[("M-001", "E1", "payments")].ways == BROKEN.ways


# -- laws ------------------------------------------------------------------------------------------

DAYS = st.sampled_from([date(2026, 9, 20), date(2026, 10, 1), date(2026, 10, 25), TODAY])
START = st.sampled_from([date(2026, 9, 1), date(2026, 9, 20), date(2026, 10, 25)])
PEOPLE = st.sampled_from(["E1", "E2", "E3", "E4", "E5", "E6", "E7", "E99"])
PAIRS = st.sampled_from(
    ["held, sure", "held, conditional", "eligible, sure", "eligible, conditional"]
)
WAYS = st.dictionaries(
    st.sampled_from(["commit", "deploy"]),
    st.lists(st.sampled_from(["a", "b", "c"]), max_size=2, unique=True).map(tuple),
    max_size=2,
)


@st.composite
def places(draw: st.DrawFn) -> BrokenPlace:
    return BrokenPlace(
        draw(st.sampled_from(["R-1", "R-2"])),
        draw(st.sampled_from(["d1", "d2"])),
        draw(PEOPLE),
        draw(st.sampled_from(["p", "q", "all"])),
        (draw(PAIRS),),
        draw(WAYS),
        draw(st.sampled_from([(), ("CC-A",)])),
        draw(st.sampled_from([None, 60])),
    )


@st.composite
def mitigations(draw: st.DrawFn, broken: list[BrokenPlace]) -> Mitigation:
    """One for a place that is broken, pinned as it is or as another was; now and then for none."""
    pinned = draw(st.sampled_from(broken) | places() if broken else places())
    other = replace(draw(places()), rule_id=pinned.rule_id, subject_key=pinned.subject_key)
    approved = draw(st.sampled_from([pinned, pinned, pinned, replace(other, place=pinned.place)]))
    start = draw(START)
    made = Mitigation(
        draw(st.sampled_from(["M-1", "M-2", "M-3"])),
        draw(st.sampled_from(["CC-A", "CC-A", "CC-B"])),
        pinned.rule_id,
        pinned.subject_key,
        pinned.place,
        "E4",
        draw(PEOPLE | st.sampled_from(["E5", "E6", "E7"])),
        draw(PEOPLE | st.sampled_from(["E5", "E6", "E7"])),
        start,
        start + timedelta(days=draw(st.integers(20, 100))),
        draw(st.sampled_from([None, 7, 31])),
        draw(st.none() | DAYS),
    )
    (pin,) = pins_for([made], [approved]).values()
    return replace(made, pin=draw(st.sampled_from([pin, pin, pin, None])))


@st.composite
def worlds(draw: st.DrawFn) -> tuple[list[Mitigation], list[BrokenPlace]]:
    broken = unique(draw(st.lists(places(), max_size=4)))
    return draw(st.lists(mitigations(broken), max_size=5)), broken


def unique(broken: Sequence[BrokenPlace]) -> list[BrokenPlace]:
    return list({(b.rule_id, b.subject_key, b.place): b for b in broken}.values())


@settings(max_examples=100, deadline=None)
@given(worlds(), DAYS)
def test_nothing_is_excused_unless_every_condition_holds(
    world: tuple[list[Mitigation], list[BrokenPlace]], as_of: date
) -> None:
    """Each condition told once more, in other words, of whatever is in force."""
    register, broken = world
    found = weigh(register, broken, as_of=as_of, managers=MANAGERS, names=NAMES)

    assert len(found.rows) == len(register)
    by_key = {(b.rule_id, b.subject_key, b.place): b for b in broken}
    in_force = {k for k, e in found.excuse.items() if e.standing is Standing.IN_FORCE}
    for key, excuse in found.excuse.items():
        if excuse.standing is not Standing.IN_FORCE:
            continue
        now = by_key[key]
        allowing = [
            m
            for m in register
            if m.mitigation_id == excuse.mitigation_id
            and (m.rule_id, m.subject_key, m.place) == key
            and m.approved_on <= as_of <= m.valid_until
            and (not now.controls or m.control in now.controls)
            and (not now.max_days or m.valid_until <= m.approved_on + timedelta(days=now.max_days))
            and m.pin is not None
            and m.pin.rule_digest == now.rule_digest
            and {(d, w) for d, ways in now.ways.items() for w in ways}
            <= {(d, w) for d, ways in m.pin.ways.items() for w in ways}
            and all(
                any(p.split()[0] <= n.split()[0] or p[:4] == "held" for p in m.pin.means)
                for n in now.means
            )
            and not {m.performer, m.approver} & {m.subject_key, "E99"}
            and not any(
                (now.rule_id, who, place) in by_key.keys() - in_force
                for who in (m.performer, m.approver)
                for place in (now.place, "all")
            )
            and (
                m.frequency_days is None
                or any(
                    as_of - timedelta(days=m.frequency_days) <= day <= as_of
                    for day in (m.last_performed, m.approved_on)
                    if day
                )
            )
        ]

        assert allowing != []


@settings(max_examples=60, deadline=None)
@given(worlds(), DAYS)
def test_the_order_of_register_and_places_changes_nothing(
    world: tuple[list[Mitigation], list[BrokenPlace]], as_of: date
) -> None:
    register, broken = world
    one = weigh(register, broken, as_of=as_of, managers=MANAGERS, names=NAMES)

    other = weigh(register[::-1], broken[::-1], as_of=as_of, managers=MANAGERS, names=NAMES)

    assert one == other


@settings(max_examples=60, deadline=None)
@given(worlds(), DAYS)
def test_what_is_approved_today_never_lapses_today(
    world: tuple[list[Mitigation], list[BrokenPlace]], as_of: date
) -> None:
    register, broken = world
    pins = pins_for(register, broken)
    approved = [
        replace(m, pin=pins.get((m.mitigation_id, m.subject_key, m.place))) for m in register
    ]

    found = weigh(approved, broken, as_of=as_of, managers=MANAGERS, names=NAMES)

    # One id may stand for two rules here, which no register says: then the pin is of one of them.
    rules = {(m.mitigation_id, m.subject_key, m.place, m.rule_id) for m in register}
    if len({key[:3] for key in rules}) == len(rules):
        assert {row["standing"] for row in found.rows} & {"lapsed", "not pinned"} == set()
