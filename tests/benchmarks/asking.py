"""`python -m tests.benchmarks.asking MODE FOLDER`: AWS accounts asked from Python.

`shared` loads, asks one question with changes of one's own, and then every capability of every
principal. `alone` asks the last of some principals, and shares nothing from one to the next or
from one capability to the next. Both tell their answers, so that they can be compared.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import count
from math import gcd
from pathlib import Path

from sod_analyzer.cloud.aws.actions import Published
from sod_analyzer.cloud.truth import Answer
from sod_analyzer.evaluate import aws
from tests.benchmarks.accounts import CAPABILITIES, read, resource_of
from tests.benchmarks.peers.laps import Laps

#: By principal, one letter for each capability.
Matrix = Mapping[str, str]
#: Changes of one's own that count.
CHANGES = 1
_LETTER = {Answer.NO: ".", Answer.UNKNOWN: "?", Answer.CONDITIONAL: "c", Answer.YES: "Y"}
#: Seconds after which the peer begins with no further principal.
_ENOUGH = 60.0


def by_account(account: aws.Aws) -> dict[str, list[str]]:
    """Principals of each account, sorted."""
    found: dict[str, list[str]] = {}
    for arn, principal in sorted(account.estate.principals.items()):
        found.setdefault(principal.account, []).append(arn)
    return found


def requests_in(number: str, catalogue: aws.Catalogue) -> list[tuple[str, str]]:
    """Every capability, on something in an account."""
    return [(action, resource_of(action, number, catalogue)) for action in CAPABILITIES]


def shared(account: aws.Aws) -> Matrix:
    """The whole matrix, an account at a time."""
    found: dict[str, str] = {}
    for number, principals in by_account(account).items():
        requests = requests_in(number, account.catalogue)
        each = account.who_can_each(requests, max_changes=CHANGES, principals=principals)
        for arn in principals:
            found[arn] = "".join(_LETTER[_of(able.get(arn))] for able in each)
    return found


def alone(account: aws.Aws, principals: Iterable[str]) -> Matrix:
    """The same of some principals, one by one: whom each can become, then what each of these may.

    Every time with accounts that know nothing of what was asked before.
    """
    found: dict[str, str] = {}
    for arn in principals:
        number = account.estate.principals[arn].account
        letters = ""
        for action, resource in requests_in(number, account.catalogue):
            fresh = replace(account)
            best = Answer.NO
            for reached in fresh.reach(arn, max_changes=CHANGES):
                as_it_is = {**fresh.estate.principals, reached.principal.arn: reached.principal}
                then = replace(fresh, estate=replace(fresh.estate, principals=as_it_is))
                decision = then.decide(reached.principal.arn, action, resource)
                best = max(best, min(decision.answer, reached.answer))
            letters += _LETTER[best]
        found[arn] = letters
    return found


def _of(decision: aws.Decision | None) -> Answer:
    return Answer.NO if decision is None else decision.answer


def main() -> None:
    """Ask, tell what it took, and leave the answers in the folder."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.asking")
    parser.add_argument("mode", choices=("shared", "alone"))
    parser.add_argument("folder", type=Path)
    told = parser.parse_args()
    exports = read(told.folder)
    laps = Laps()
    with laps.lap("load"):
        account = aws.load(exports, catalogue=Published())
    everyone = sorted(account.estate.principals)
    laps.notes["people"] = laps.notes["sample"] = len(everyone)
    laps.notes["policies"] = len(
        {policy.name for each in account.estate.principals.values() for policy in each.policies}
    )
    if told.mode == "shared":
        with laps.lap("who-can"):
            home = account.estate.principals[everyone[0]].account
            resource = resource_of("iam:CreateAccessKey", home, account.catalogue)
            account.who_can("iam:CreateAccessKey", resource, max_changes=CHANGES)
        with laps.lap("reach"):
            found = shared(account)
    else:
        found = {}
        began = time.perf_counter()
        # A step that shares no factor with their number meets all, from all over the list.
        step = next(n for n in count(len(everyone) // 3 + 1) if gcd(n, len(everyone)) == 1)
        order = [everyone[n * step % len(everyone)] for n in range(len(everyone))]
        with laps.lap("reach"):
            for arn in order:
                found |= alone(account, [arn])
                if time.perf_counter() - began > _ENOUGH:
                    break
        laps.notes["sample"] = len(found)
    told.folder.joinpath(f"{told.mode}.json").write_text(json.dumps(found), encoding="utf-8")
    laps.tell()


if __name__ == "__main__":
    main()
