"""How each condition operator compares one value of a policy with one value of a request.

Source: the AWS page "IAM JSON policy elements: Condition operators". Every comparison answers true,
false, or None where a value is not of the form that the page asks for, or where the page leaves
the answer open; None is never to be read as either.
"""

from __future__ import annotations

import re
from base64 import b64decode
from binascii import Error as NotBase64
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from ipaddress import IPv4Network, IPv6Network, ip_network
from operator import eq, ge, gt, le, lt
from typing import TypeAlias, TypeVar

from sod_analyzer.cloud.aws.variables import Filled, matches
from sod_analyzer.cloud.globs import Piece

Match: TypeAlias = Callable[[Filled, str], bool | None]
Network: TypeAlias = IPv4Network | IPv6Network
_T = TypeVar("_T")

_LONGEST = 64  # of a number, a date or an address; Decimal and ipaddress need not see more
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_EPOCH = re.compile(r"-?[0-9]+")
_YEAR = re.compile(r"[0-9]{4}")
_CLOCK = "([01][0-9]|2[0-3]):([0-5][0-9])"
_DATE = re.compile(
    r"([0-9]{4})-([0-9]{2})(?:-([0-9]{2})"
    rf"(?:T{_CLOCK}(?::([0-5][0-9](?:\.[0-9]{{1,9}})?))?(?:Z|([+-]){_CLOCK}))?)?"
)
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_DAY = 86_400
_ARN_SEGMENTS = 6


@dataclass(frozen=True)
class Comparison:
    """What an operator does to two values.

    Attributes:
        match: Compares; for a negated operator, the comparison that it negates.
        readable: Whether a value of a policy is of the form that the operator asks for.
        negated: Whether the operator asks for values that do not match.
        filled: Whether policy variables are filled in.
        wildcards: Whether `*` and `?` are wildcards.
    """

    match: Match
    readable: Callable[[str], bool] = lambda _: True
    negated: bool = False
    filled: bool = False
    wildcards: bool = False


def number(text: str) -> Decimal | None:
    """An integer or decimal number, exactly; no exponent, no sign but minus."""
    if len(text) > _LONGEST or _NUMBER.fullmatch(text) is None:
        return None
    return Decimal(text)


def instant(text: str) -> Decimal | None:
    """Seconds since 1970 of a date in a W3C form of ISO 8601, or of epoch seconds.

    A date without a time is its first second in UTC, where the page is silent. Four digits alone
    are None: they are a year as well as a number of seconds.
    """
    if len(text) > _LONGEST or _YEAR.fullmatch(text) is not None:
        return None
    if _EPOCH.fullmatch(text) is not None:
        return Decimal(text)
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    year, month, day, hour, minute, second, sign, ahead_hours, ahead_minutes = found.groups()
    try:
        days = date(int(year), int(month), int(day or 1)).toordinal() - _EPOCH_DAY
    except ValueError:
        return None
    ahead = int(ahead_hours or 0) * 3600 + int(ahead_minutes or 0) * 60
    clock = int(hour or 0) * 3600 + int(minute or 0) * 60 + Decimal(second or 0)
    return days * _DAY + clock + (ahead if sign == "-" else -ahead)


def boolean(text: str) -> bool | None:
    """The two words of JSON; the page names no others."""
    return {"true": True, "false": False}.get(text)


def octets(text: str) -> bytes | None:
    """What the base64 stands for."""
    try:
        return b64decode(text, validate=True)
    except (NotBase64, ValueError):
        return None


def network(text: str) -> Network | None:
    """An address, or a range in CIDR form; host bits behind the prefix are ignored."""
    prefix = text.partition("/")[2]
    if len(text) > _LONGEST or "%" in text or (prefix and not prefix.isdigit()):
        return None
    try:
        return ip_network(text, strict=False)
    except ValueError:
        return None


def _equal(wanted: Filled, given: str) -> bool | None:
    return _unless_open(wanted, hit=matches(wanted.pieces, given))


def _equal_without_case(wanted: Filled, given: str) -> bool | None:
    """Letters of other alphabets may have more than one counterpart: then None unless equal."""
    lowered = [_lower(piece) for piece in wanted.pieces]
    if matches(lowered, given.lower()):
        return _unless_open(wanted, hit=True)
    folded = [piece.casefold() if isinstance(piece, str) else piece for piece in wanted.pieces]
    return None if matches(folded, given.casefold()) else False


def _lower(piece: Piece) -> Piece:
    return piece.lower() if isinstance(piece, str) else piece


def _arn(wanted: Filled, given: str) -> bool | None:
    """Variables are filled in first, so a colon in a value of a request parts segments too.

    A pattern of fewer than six segments is None where it matches as plain text does, for the page
    compares six; where it does not even match as text, no reading lets it match.
    """
    if not matches(wanted.pieces, given):
        return False
    if wanted.unknown:
        return None
    patterns = _segments(wanted.pieces)
    if len(patterns) < _ARN_SEGMENTS:
        return None
    # As the pattern has five colons and matched as text, the value has at least as many.
    return all(map(matches, patterns, given.split(":", _ARN_SEGMENTS - 1)))


def _segments(pieces: tuple[Piece, ...]) -> list[list[Piece]]:
    segments: list[list[Piece]] = [[]]
    for piece in pieces:
        if not isinstance(piece, str):
            segments[-1].append(piece)
            continue
        first, *others = piece.split(":", _ARN_SEGMENTS - len(segments))
        segments[-1].append(first)
        segments += [[other] for other in others]
    return segments


def _address(wanted: Filled, given: str) -> bool | None:
    """An address of the other family is not in a range.

    The page gives `/32` to any address without a prefix. For IPv6 that may mean the one address or
    a range of that size, so an address in the range that is not the same one is None.
    """
    text = wanted.text or ""
    mine, theirs = network(text), network(given)
    if mine is None or theirs is None or "/" in given:
        return None
    inside = theirs[0] in mine
    if isinstance(mine, IPv6Network) and "/" not in text and not inside:
        return None if theirs[0] in IPv6Network((int(mine[0]), 32), strict=False) else False
    return inside


def _unless_open(wanted: Filled, *, hit: bool) -> bool | None:
    """A match that rests on an unknown variable is open; a mismatch never is."""
    return None if hit and wanted.unknown else hit


def _read(read: Callable[[str], _T | None], holds: Callable[[_T, _T], bool]) -> Match:
    """A comparison of what both texts mean, the value of the request first."""

    def match(wanted: Filled, given: str) -> bool | None:
        mine, theirs = read(wanted.text or ""), read(given)
        return None if mine is None or theirs is None else holds(theirs, mine)

    return match


def _is_arn(text: str) -> bool:
    # A variable may bring the colons, so a text with one cannot be called unreadable.
    return text.count(":") >= _ARN_SEGMENTS - 1 or "${" in text


def _pair(plain: str, negation: str, comparison: Comparison) -> dict[str, Comparison]:
    return {plain: comparison, negation: replace(comparison, negated=True)}


def _ordered(kind: str, read: Callable[[str], Decimal | None]) -> dict[str, Comparison]:
    def comparison(holds: Callable[[Decimal, Decimal], bool]) -> Comparison:
        return Comparison(_read(read, holds), lambda text: read(text) is not None)

    return {
        **_pair(f"{kind}Equals", f"{kind}NotEquals", comparison(eq)),
        f"{kind}LessThan": comparison(lt),
        f"{kind}LessThanEquals": comparison(le),
        f"{kind}GreaterThan": comparison(gt),
        f"{kind}GreaterThanEquals": comparison(ge),
    }


_ARN_LIKE = Comparison(_arn, _is_arn, filled=True, wildcards=True)

COMPARISONS: Mapping[str, Comparison] = {
    **_pair("StringEquals", "StringNotEquals", Comparison(_equal, filled=True)),
    **_pair(
        "StringEqualsIgnoreCase",
        "StringNotEqualsIgnoreCase",
        Comparison(_equal_without_case, filled=True),
    ),
    **_pair("StringLike", "StringNotLike", Comparison(_equal, filled=True, wildcards=True)),
    **_ordered("Numeric", number),
    **_ordered("Date", instant),
    # The page on variables leaves Bool out, the page on operators does not: a text with a variable
    # stays unreadable, which leaves it open.
    "Bool": Comparison(_read(boolean, eq), lambda text: boolean(text) is not None),
    "BinaryEquals": Comparison(_read(octets, eq), lambda text: octets(text) is not None),
    **_pair(
        "IpAddress",
        "NotIpAddress",
        Comparison(_address, lambda text: network(text) is not None),
    ),
    **_pair("ArnEquals", "ArnNotEquals", _ARN_LIKE),
    **_pair("ArnLike", "ArnNotLike", _ARN_LIKE),
}
"""Every operator but `Null`, which compares no values, by its name."""
