"""Security identifiers of Active Directory: their text form, and the ones with a fixed meaning.

Source: Microsoft's [MS-DTYP] 2.4.2 and its list of well-known SIDs.
"""

from __future__ import annotations

import re

_TEXT = re.compile(r"S-1-(?:[0-9]{1,15}|0x[0-9A-Fa-f]{1,12})(?:-[0-9]{1,10}){0,15}", re.IGNORECASE)
_HEAD_BYTES = 8
_PART_BYTES = 4

#: Whoever can reach a system belongs to these. Errs: the ones for a way of signing in (interactive,
#: network, remote) count for everyone, and anonymous too, which over-reports.
EVERYONE: dict[str, str] = {
    "S-1-1-0": "Everyone",
    "S-1-2-0": "Local",
    "S-1-2-1": "Console Logon",
    "S-1-5-2": "Network",
    "S-1-5-4": "Interactive",
    "S-1-5-7": "Anonymous",
    "S-1-5-11": "Authenticated Users",
    "S-1-5-13": "Terminal Server User",
    "S-1-5-14": "Remote Interactive Logon",
    "S-1-5-15": "This Organization",
}
#: Programs of the operating system itself; no person can sign in as one.
MACHINE: dict[str, str] = {
    "S-1-5-3": "Batch",
    "S-1-5-6": "Service",
    "S-1-5-9": "Enterprise Domain Controllers",
    "S-1-5-17": "IUSR",
    "S-1-5-18": "Local System",
    "S-1-5-19": "Local Service",
    "S-1-5-20": "Network Service",
}


def sid_text(content: bytes) -> str:
    """A SID as `S-1-…`, from its binary form or from that text itself.

    Raises:
        ValueError: it is neither.
    """
    if content[:2].upper() == b"S-":
        return known_text(content.decode("ascii", "replace"))
    parts, rest = divmod(len(content) - _HEAD_BYTES, _PART_BYTES)
    if rest or parts < 0 or content[0] != 1 or content[1] != parts:
        raise ValueError("not a security identifier")
    authority = int.from_bytes(content[2:_HEAD_BYTES], "big")
    starts = range(_HEAD_BYTES, len(content), _PART_BYTES)
    numbers = (int.from_bytes(content[at : at + _PART_BYTES], "little") for at in starts)
    return "-".join(("S-1", str(authority), *map(str, numbers)))


def known_text(text: str) -> str:
    """The text form of a SID in its usual spelling.

    Raises:
        ValueError: it is none.
    """
    if not _TEXT.fullmatch(text):
        raise ValueError("not a security identifier")
    return text.upper().replace("X", "x")


def in_domain_of(sid: str, number: str) -> str:
    """The SID of the object with this number in the same domain."""
    return f"{sid.rpartition('-')[0]}-{number}"
