"""Names of entries: equal however they are spelled, refused when they are none."""

from __future__ import annotations

import re
from pathlib import Path
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.importers.ldif import dn as names
from sod_analyzer.importers.ldif.dn import DnError, escape, leaf, normalise, parse, prepare


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("", ""),
        ("  ", ""),
        ("uid=ann,ou=People,dc=example,dc=com", "uid=ann,ou=people,dc=example,dc=com"),
        ("UID = ann ,  OU=People;DC=example", "uid=ann,ou=people,dc=example"),
        ("0.9.2342.19200300.100.1.1=ann", "uid=ann"),
        ("OID.2.5.4.3=Ann", "cn=ann"),
        ("commonName=Ann", "cn=ann"),
        (r"cn=Lee\2C Ann", r"cn=lee\, ann"),
        (r"cn=Lee\, Ann", r"cn=lee\, ann"),
        ('cn="Lee, Ann"', r"cn=lee\, ann"),
        (r'cn="Lee \"the boss\" Ann" , dc=x', r"cn=lee \"the boss\" ann,dc=x"),
        (r"cn=Lu\C4\8Di\C4\87", "cn=lučić"),
        ("cn=LUČIĆ", "cn=lučić"),
        ("cn=Lucc\u030cic\u0301", "cn=luc\u010di\u0107"),
        ("cn=Straße", "cn=strasse"),
        ("cn=ﬁnance", "cn=finance"),
        ("cn=Ann   Lee", "cn=ann lee"),
        ("cn=Ann\u00a0Lee", "cn=ann lee"),
        ("cn=An\u200bn", "cn=ann"),
        (r"cn=\20Ann\20", "cn=ann"),
        (r"cn=\#1", r"cn=\#1"),
        ("cn=a=b", "cn=a=b"),
        ("cn=", "cn="),
        (r"cn=\20", r"cn=\ "),
        ("cn=#04024869", "cn=hi"),
        ("cn=#0C024869", "cn=hi"),
        ("cn=#1E0400480069", "cn=#1e0400480069"),
        ("cn=#04ff", "cn=#04ff"),
        ("sn=Kroker+CN=Amy Wong,dc=x", "cn=amy wong+sn=kroker,dc=x"),
        ("cn=Amy Wong + sn=Kroker,dc=x", "cn=amy wong+sn=kroker,dc=x"),
        ("cn=a+CN=A", "cn=a"),
    ],
)
def test_equal_names_share_one_spelling(written: str, normal: str) -> None:
    found = normalise(written)

    assert normal == found
    assert normal == normalise(found)


@pytest.mark.parametrize(
    "written",
    [
        "ann",
        "=ann",
        "cn=a,",
        "cn=a+",
        ",cn=a",
        "cn=a,,dc=x",
        "uid;x=a",
        "a_b=c",
        "-a=b",
        "1=a",
        "1..1=a",
        "1.1.=a",
        "01.1=a",
        "1.f=a",
        "cn=#",
        "cn=#F",
        "cn=#000",
        "cn=#GG",
        "cn=#0401 x",
        r"cn=a\?b",
        r"cn=a\Fs",
        "cn=a\\",
        'cn="a',
        'cn="a"b',
        'cn=a"b',
        "<cn=a>",
        "cn=a<b",
        "cn=a\0b",
        r"cn=\FF",
        "cn=\ud800",
        "ſn=a",
        "cn=" + "a" * 20_000,
    ],
)
def test_what_is_no_name_is_refused(written: str) -> None:
    with pytest.raises(DnError):
        normalise(written)


def test_the_entrys_own_part_is_read_alone() -> None:
    own = leaf("cn=Amy Wong+sn=Kroker,not a name")

    assert (own.first("cn"), own.first("sn"), own.first("uid")) == ("Amy Wong", "Kroker", None)


VALUES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
TYPES = st.sampled_from(["cn", "ou", "dc", "uid", "x-own"])
RDNS = st.lists(st.tuples(TYPES, VALUES), min_size=1, max_size=3)
NAMES = st.lists(RDNS, min_size=1, max_size=4)


@given(VALUES)
def test_an_escaped_value_is_read_back(value: str) -> None:
    (((_, found),),) = parse(f"cn={escape(value)}").rdns

    assert value == found


@given(NAMES)
def test_normalising_twice_changes_nothing(rdns: list[list[tuple[str, str]]]) -> None:
    once = normalise(_written(rdns))

    assert once == normalise(once)


@given(NAMES, st.randoms(use_true_random=False))
def test_respelling_changes_nothing(rdns: list[list[tuple[str, str]]], chance: Random) -> None:
    respelled = [
        [(_other_type(kind, chance), _other_case(value, chance)) for kind, value in rdn]
        for rdn in rdns
    ]
    for rdn in respelled:
        chance.shuffle(rdn)
    separator = chance.choice([",", ", ", " ; "])
    hexed = separator.join(" + ".join(f"{k} = {_hexed(v)}" for k, v in rdn) for rdn in respelled)

    assert normalise(_written(rdns)) == normalise(hexed)


@given(VALUES, VALUES)
def test_values_that_compare_unequal_stay_apart(one: str, two: str) -> None:
    same = prepare(one) == prepare(two)

    assert same == (normalise(f"cn={escape(one)}") == normalise(f"cn={escape(two)}"))


@given(st.text("aZ9 ,=+\\\"#;.-'é", max_size=20))
def test_the_short_way_for_plain_names_gives_what_the_long_way_gives(tail: str) -> None:
    for text in (f"cn={tail}", f"OU = {tail},dc=x", tail):
        try:
            long_way = parse(text).normal
        except DnError:
            with pytest.raises(DnError):
                normalise(text)
        else:
            assert long_way == normalise(text)


def test_plain_names_do_take_the_short_way() -> None:
    assert names._PLAIN.fullmatch("cn=Ann Lee (x), ou=Corp/IT, dc=example")


@pytest.mark.realdata
def test_the_name_torture_file_agrees(realdata: Path) -> None:
    lines = realdata.joinpath("ldif_openldap/test-dn.ldif").read_text().splitlines()
    values = [line.partition(": ") for line in lines if line.startswith(("member:", "seeAlso:"))]
    members = {_try(value) for name, _, value in values if name == "member"}
    also = [value for name, _, value in values if name == "seeAlso"]
    refused = [value for _, _, value in values if _try(value) is None]

    assert len(also) == 3
    assert all(_try(value) in members for value in also)
    assert refused == [
        "uid;x-option=jsmith",
        "at_tr=jsmith",
        "-attr=jsmith",
        "1..1=jsmith",
        "1.1.=jsmith",
        "01.1=jsmith",
        "1.ff=jsmith",
        "1.1.1=#GG",
        "1.1.1=#000",
        "1.1.1=#F",
        "1.1.1=#",
        "UID=jsmith,,DC=example,DC=net",
        "UID=john,smith",
        "UID=john+smith",
        r"UID=john\?smith",
        r"UID=john\Fsmith",
        r"UID=john\GGsmith",
        "<UID=jsmith,O=example,C=US>",
    ]


def _try(text: str) -> str | None:
    try:
        return normalise(text)
    except DnError:
        return None


def _written(rdns: list[list[tuple[str, str]]]) -> str:
    return ",".join("+".join(f"{kind}={escape(value)}" for kind, value in rdn) for rdn in rdns)


def _other_type(kind: str, chance: Random) -> str:
    spellings = {"cn": ["CN", "2.5.4.3", "commonName"], "dc": ["DC", "domainComponent"]}
    return chance.choice(spellings.get(kind, [kind.upper()]))


def _other_case(value: str, chance: Random) -> str:
    flip = chance.random() < 0.5
    return re.sub("[A-Za-z]", lambda found: found[0].swapcase(), value) if flip else value


def _hexed(value: str) -> str:
    return "".join(f"\\{octet:02X}" for octet in value.encode())
