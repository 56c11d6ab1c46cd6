"""Linking by the book, in plain Python: what the linker is held against."""

from __future__ import annotations

Row = dict[str, str | None]


def key(text: str | None) -> str:
    return (text or "").strip()


def candidates(
    account: Row, roster: list[Row], aliases: list[tuple[str, str]], behind: dict[str, set[str]]
) -> tuple[set[str], bool]:
    """The people an account may be, and whether that is settled.

    `behind` has, per account, the people of the accounts it signs in through.
    """
    said: set[str] = set()
    explicit: set[str] = set()
    for name, employee_id in aliases:
        if name == account["account"]:
            explicit |= {str(p["identity"]) for p in roster if key(p["employee_id"]) == employee_id}
    own_id, address = key(account["employee_id"]), key(account["email"]).lower()
    if own_id:
        said |= {str(p["identity"]) for p in roster if key(p["employee_id"]) == own_id}
    known = bool(said)
    if address:
        owners = {str(p["identity"]) for p in roster if key(p["email"]).lower() == address}
        said |= owners if len(owners) == 1 else set()
    said |= behind.get(str(account["account"]), set())
    if account["kind"] == "workload" and not explicit:
        return set(), True
    everyone = said | explicit
    ids_in_use = any(key(p["employee_id"]) for p in roster)
    strange = bool(own_id and not known and ids_in_use and said and not explicit)
    return everyone, len(everyone) <= 1 and not strange
