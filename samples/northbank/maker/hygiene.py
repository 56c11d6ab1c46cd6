"""The expected answers of checks that look at accounts and groups by themselves."""

from __future__ import annotations

from datetime import date

from maker import bank, directory, rules
from maker.world import AS_OF, Account, World

Results = dict[str, dict[str, dict[str, str]]]


def judge(world: World, results: Results) -> None:
    """Put what is not clear into `results`."""
    for account in world.accounts.values():
        if account.dormant:
            continue
        _put(results, "DEV-35", account.owner or "", account, _left(world, account))
        _put(results, "DEV-36", account.key, account, _unused(world, account))
        _put(results, "DEV-37", account.key, account, _nobody(account))
    for cn, owner in world.group_owners.items():
        if owner in world.group_members[cn]:
            key = f"ldap-north:{directory.group_dn(cn).lower()}"
            results.setdefault("DEV-38", {})[key] = {"ldap-north": "violation"}


def _put(results: Results, rule: str, subject: str, account: Account, verdict: str) -> None:
    if verdict:
        results.setdefault(rule, {}).setdefault(subject, {})[account.system] = verdict


def _left(world: World, account: Account) -> str:
    gone = account.owner is not None and world.people[account.owner].status == "leaver"
    return "violation" if gone else ""


def _unused(world: World, account: Account) -> str:
    """An account with everything in a system, or with a repository's administration.

    Only the directory says when somebody last signed in, and not for everyone; AWS says it of
    roles that were used at all.
    """
    if not (account.unrestricted or _administers_a_repository(account)):
        return ""
    last = world.last_used.get(account.key)
    if last is None:
        return "not-evaluable"
    unused = (AS_OF - date.fromisoformat(last)).days
    return "violation" if unused > rules.DORMANT_AFTER_DAYS else ""


def _administers_a_repository(account: Account) -> bool:
    return any(fact.duty == bank.GATES and fact.system == "github-north" for fact in account.facts)


def _nobody(account: Account) -> str:
    if account.candidates:
        return "not-evaluable"
    return "violation" if account.owner is None and not account.minded else ""
