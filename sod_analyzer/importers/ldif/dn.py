"""Distinguished names: parsed, compared, and written in one spelling.

Two names of one entry may differ in letter case, spaces, escapes, the order inside a multi-valued
RDN, the spelling of attribute types, and hexadecimal values. `normalise` writes all of them alike.

Source: RFC 4514 (string form), RFC 4518 (string preparation of caseIgnoreMatch), RFC 2253 and 1779
(older spellings: `;` between RDNs, spaces around separators, quoted values, `OID.` prefix).
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

#: A longer name is refused: nothing a directory makes comes near.
MAX_DN_CHARS = 16_384
_CACHED_CHARS = 512

#: The types that have a number and one or more names in common use.
_TYPES: dict[str, tuple[str, ...]] = {
    "0.9.2342.19200300.100.1.1": ("uid", "userid"),
    "0.9.2342.19200300.100.1.3": ("mail", "rfc822mailbox"),
    "0.9.2342.19200300.100.1.25": ("dc", "domaincomponent"),
    "1.2.840.113549.1.9.1": ("email", "emailaddress", "e"),
    "2.5.4.3": ("cn", "commonname"),
    "2.5.4.4": ("sn", "surname"),
    "2.5.4.5": ("serialnumber",),
    "2.5.4.6": ("c", "countryname"),
    "2.5.4.7": ("l", "localityname"),
    "2.5.4.8": ("st", "stateorprovincename", "s"),
    "2.5.4.9": ("street", "streetaddress"),
    "2.5.4.10": ("o", "organizationname"),
    "2.5.4.11": ("ou", "organizationalunitname"),
    "2.5.4.12": ("title",),
    "2.5.4.13": ("description",),
    "2.5.4.20": ("telephonenumber",),
    "2.5.4.41": ("name",),
    "2.5.4.42": ("givenname", "gn"),
    "2.5.4.45": ("x500uniqueidentifier",),
    "2.5.4.46": ("dnqualifier",),
    "1.3.6.1.1.1.1.0": ("uidnumber",),
    "1.3.6.1.1.1.1.1": ("gidnumber",),
    "2.16.840.1.113730.3.1.3": ("employeenumber",),
}
_TYPE_NAMES = {
    spelling: names[0] for number, names in _TYPES.items() for spelling in (number, *names)
}

_TYPE = re.compile(
    r"(?:(?:oid\.)?(?:0|[1-9][0-9]*)(?:\.(?:0|[1-9][0-9]*))+|[a-z][a-z0-9-]*)",
    re.IGNORECASE | re.ASCII,
)
_HEX_VALUE = re.compile(r"#((?:[0-9A-Fa-f]{2})+)")
_HEX_PAIR = re.compile(r"[0-9A-Fa-f]{2}")
_SEPARATORS = ",;+"
_SPECIAL = frozenset(' "#+,;<=>\\')
_UNESCAPED_REFUSED = frozenset('"<>\0')
#: Names without escapes, quotes, `+` and anything but ASCII: nearly all of them.
_PLAIN = re.compile(
    r"(?:[A-Za-z][A-Za-z0-9-]* *= *[A-Za-z0-9_.@'()/&:*!?$-](?: ?[A-Za-z0-9_.@'()/&:*!?$-])*)"
    r"(?: *, *(?:[A-Za-z][A-Za-z0-9-]* *= *"
    r"[A-Za-z0-9_.@'()/&:*!?$-](?: ?[A-Za-z0-9_.@'()/&:*!?$-])*))*"
)
_AROUND = re.compile(r" *([,=]) *")
_SPACES = re.compile(" +")

#: Characters that string preparation removes (RFC 4518, 2.2).
_REMOVED = re.compile(
    "[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\u00ad\u034f\u06dd\u070f\u1806\u180b-\u180e"
    "\u200b-\u200f\u202a-\u202e\u2060-\u2063\u206a-\u206f\ufe00-\ufe0f\ufeff\ufff9-\ufffc"
    "\U0001d173-\U0001d17a\U000e0001\U000e0020-\U000e007f]"
)
_SPACE_LIKE = re.compile(
    "[\t\n\x0b\x0c\r\x85\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
)
#: BER tags whose value is text that UTF-8 covers: octets, UTF-8, numeric, printable, IA5.
_TEXT_TAGS = frozenset({0x04, 0x0C, 0x12, 0x13, 0x16})


class DnError(ValueError):
    """The text is not a distinguished name; says at which character and why."""


@dataclass(frozen=True, slots=True)
class Dn:
    """A parsed name.

    `rdns` holds, from the entry up to its root, the (type, value) pairs of each RDN: the type under
    its usual lower-case name, the value as written but unescaped. A value that is only known as
    BER keeps its `#hex` form and is marked by a type that ends in `#`.
    """

    rdns: tuple[tuple[tuple[str, str], ...], ...]

    @property
    def normal(self) -> str:
        """The one spelling that all equal names share; itself a valid name."""
        return ",".join(
            "+".join(sorted({_canonical_pair(*pair) for pair in rdn})) for rdn in self.rdns
        )

    def first(self, kind: str | None = None) -> str | None:
        """The value of the entry's own RDN, of the given type if one is asked for."""
        if not self.rdns:
            return None
        return next((value for name, value in self.rdns[0] if kind in {None, name}), None)


def normalise(text: str) -> str:
    """The one spelling that all names of this entry share.

    Values compare as caseIgnoreMatch does: letter case, compatibility forms, invisible characters
    and runs of spaces do not count. Errs: types that compare exactly are treated the same way, so
    two entries that differ in letter case only are taken for one: it adds access, never hides it.

    Raises:
        DnError: the text is not a distinguished name.
    """
    return _cached(text) if len(text) <= _CACHED_CHARS else _normalise(text)


def leaf(text: str) -> Dn:
    """The name's own RDN alone; what follows it is not looked at.

    Raises:
        DnError: the text does not begin like a distinguished name.
    """
    return parse(text, rdns_wanted=1)


def parse(text: str, *, rdns_wanted: int | None = None) -> Dn:
    """The name in parts, or its first parts; an empty text is the name of the root.

    Raises:
        DnError: the text is not a distinguished name.
    """
    if len(text) > MAX_DN_CHARS:
        raise DnError(f"longer than {MAX_DN_CHARS:,} characters")
    if not text.strip(" "):
        return Dn(())
    rdns: list[tuple[tuple[str, str], ...]] = []
    pairs: list[tuple[str, str]] = []
    position = 0
    while True:
        name, value, position = _pair(text, position)
        pairs.append((name, value))
        separator = text[position : position + 1]
        if separator != "+":
            rdns.append(tuple(pairs))
            pairs = []
        if not separator or len(rdns) == rdns_wanted:
            return Dn(tuple(rdns))
        position += 1


def escape(value: str) -> str:
    """The value as it may stand in a name (RFC 4514, 2.4); controls become hex pairs."""
    escaped = "".join(_escaped(character) for character in value)
    if value.startswith(("#", " ")):
        escaped = "\\" + escaped
    if value.endswith(" ") and len(value) > 1:
        escaped = escaped[:-1] + "\\ "
    return escaped


def prepare(value: str) -> str:
    """The value as caseIgnoreMatch compares it.

    Compatibility caseless matching (Unicode 3.13, D146), then the removals and the space handling
    of RFC 4518. An all-space value becomes one space.
    """
    text = _SPACE_LIKE.sub(" ", _REMOVED.sub("", value))
    if text.isascii():
        text = text.lower()
    else:
        text = unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).casefold())
        text = unicodedata.normalize("NFKC", text.casefold())
        # Compatibility forms may hide spaces and removed characters of their own.
        text = _SPACE_LIKE.sub(" ", _REMOVED.sub("", text))
    squeezed = _SPACES.sub(" ", text).strip(" ")
    return squeezed or (" " if text else "")


def _normalise(text: str) -> str:
    if len(text) <= MAX_DN_CHARS and _PLAIN.fullmatch(text):
        name_like = _AROUND.sub(r"\1", _SPACES.sub(" ", text)).lower()
        return ",".join(_plain_rdn(rdn) for rdn in name_like.split(","))
    return parse(text).normal


_cached = lru_cache(maxsize=262_144)(_normalise)


def _plain_rdn(rdn: str) -> str:
    name, _, value = rdn.partition("=")
    return f"{_TYPE_NAMES.get(name, name)}={value}"


def _pair(text: str, position: int) -> tuple[str, str, int]:
    """One `type=value` from `position` on, and where the separator after it stands."""
    position = _skip_spaces(text, position)
    found = _TYPE.match(text, position)
    if not found:
        raise DnError(f"no attribute type at character {position + 1}")
    name = found.group().lower().removeprefix("oid.")
    position = _skip_spaces(text, found.end())
    if text[position : position + 1] != "=":
        raise DnError(f"no '=' after the attribute type at character {position + 1}")
    position = _skip_spaces(text, position + 1)
    name = _TYPE_NAMES.get(name, name)
    first = text[position : position + 1]
    if first == "#":
        return _hex_value(name, text, position)
    if first == '"':
        value, position = _quoted(text, position + 1)
    else:
        value, position = _string(text, position)
    return name, value, position


def _skip_spaces(text: str, position: int) -> int:
    while text[position : position + 1] == " ":
        position += 1
    return position


def _hex_value(name: str, text: str, position: int) -> tuple[str, str, int]:
    found = _HEX_VALUE.match(text, position)
    end = _skip_spaces(text, found.end()) if found else position
    if not found or text[end : end + 1] not in {"", *_SEPARATORS}:
        raise DnError(f"not a hexadecimal value at character {position + 1}")
    value = _ber_text(bytes.fromhex(found.group(1)))
    if value is None:
        return name + "#", "#" + found.group(1).lower(), end
    return name, value, end


def _ber_text(encoded: bytes) -> str | None:
    """The text inside a BER-encoded string, or nothing when it is no text."""
    if len(encoded) < 2 or encoded[0] not in _TEXT_TAGS:  # noqa: PLR2004  tag and length
        return None
    length, start = encoded[1], 2
    if length & 0x80:
        width = length & 0x7F
        length, start = int.from_bytes(encoded[2 : 2 + width], "big"), 2 + width
        if not width:
            return None
    if len(encoded) - start != length:
        return None
    try:
        return encoded[start:].decode()
    except UnicodeDecodeError:
        return None


def _quoted(text: str, position: int) -> tuple[str, int]:
    """A quoted value (RFC 1779) whose opening quote stands before `position`."""
    out = bytearray()
    while (character := text[position : position + 1]) != '"':
        if not character:
            raise DnError("a quoted value has no end")
        if character == "\\":
            piece, position = _escape_sequence(text, position)
            out += piece
        else:
            out += _encoded(character)
            position += 1
    end = _skip_spaces(text, position + 1)
    if text[end : end + 1] not in {"", *_SEPARATORS}:
        raise DnError(f"text after a quoted value at character {end + 1}")
    return _decoded(out), end


def _string(text: str, position: int) -> tuple[str, int]:
    """An unquoted value; unescaped spaces at its end do not belong to it."""
    out = bytearray()
    keep = 0
    while (character := text[position : position + 1]) and character not in _SEPARATORS:
        if character == "\\":
            piece, position = _escape_sequence(text, position)
            out += piece
            keep = len(out)
            continue
        if character in _UNESCAPED_REFUSED:
            raise DnError(f"{character!r} without an escape at character {position + 1}")
        out += _encoded(character)
        position += 1
        if character != " ":
            keep = len(out)
    return _decoded(out[:keep]), position


def _escape_sequence(text: str, position: int) -> tuple[bytes, int]:
    """What the backslash at `position` stands for, and where the text goes on."""
    following = text[position + 1 : position + 2]
    if following in _SPECIAL and following:
        return following.encode(), position + 2
    pair = text[position + 1 : position + 3]
    if not _HEX_PAIR.fullmatch(pair):
        raise DnError(f"not an escape at character {position + 1}")
    return bytes.fromhex(pair), position + 3


def _encoded(character: str) -> bytes:
    try:
        return character.encode()
    except UnicodeEncodeError:
        raise DnError("half of a surrogate pair") from None


def _decoded(octets: bytes | bytearray) -> str:
    try:
        return octets.decode()
    except UnicodeDecodeError:
        raise DnError("escaped bytes are not UTF-8") from None


def _canonical_pair(name: str, value: str) -> str:
    if name.endswith("#"):
        return f"{name[:-1]}={value}"
    return f"{name}={escape(prepare(value))}"


def _escaped(character: str) -> str:
    if character in '"+,;<>\\':
        return "\\" + character
    if character < " " or character == "\x7f":
        return f"\\{ord(character):02x}"
    return character
