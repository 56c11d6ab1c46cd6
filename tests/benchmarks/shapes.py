"""Small worlds of bad shape: very deep, very wide, and bots that hold bots."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from sod_analyzer.model.ruleset import ScopeKind
from tests.benchmarks import answers, page
from tests.benchmarks.comparing import same
from tests.benchmarks.ours import REPORTERS
from tests.benchmarks.running import Run, RunError, python, run
from tests.benchmarks.world.config import write_config
from tests.benchmarks.world.expecting import EVERYWHERE
from tests.benchmarks.world.laws import Duty, Laws, Rule
from tests.benchmarks.world.writing import write_csv
from tests.engine.kit import analysis_of, verdicts, world
from tests.world import rule

Codes = NDArray[np.int64]

LAWS = Laws(
    (Duty("begin", ("begin",)), Duty("end", ("end",))),
    (Rule("BANK-01", ((0,), (1,)), 2),),
    "anywhere",
)


@dataclass(frozen=True)
class Shape:
    """Rows as numbers; everybody has one account. `broken_by` are the people who break the rule."""

    people: int
    groups: int
    member: Codes
    member_of: Codes
    rights: Sequence[tuple[int, str]]
    broken_by: Codes
    nested: int = 0  # so many groups lie each in the next


def chain(length: int) -> Shape:
    """Groups each in the next; one right half way up, the other at the top.

    Only who stands at the bottom has both.
    """
    middle = length // 2
    at = np.array([0, middle + 1, length - 1])
    rights = [(middle, "begin"), (length - 1, "end")]
    return Shape(3, length, np.arange(3), at, rights, np.array([0]), nested=length)


def crowd(members: int) -> Shape:
    """One group with everybody in it; every thousandth is in another one, too."""
    few = np.arange(0, members, 1_000)
    member = np.concatenate((np.arange(members), few))
    group = np.concatenate((np.zeros(members, np.int64), np.ones(len(few), np.int64)))
    return Shape(members, 2, member, group, [(0, "begin"), (1, "end")], few)


def collector(groups: int) -> Shape:
    """One person in every group, another in every group but the last."""
    member = np.repeat([0, 1], [groups, groups - 1])
    group = np.concatenate((np.arange(groups), np.arange(groups - 1)))
    return Shape(2, groups, member, group, [(0, "begin"), (groups - 1, "end")], np.array([0]))


SHAPES: dict[str, tuple[Callable[[int], Shape], int]] = {
    "chain": (chain, 5_000),
    "crowd": (crowd, 500_000),
    "collector": (collector, 20_000),
}
_TITLES = {
    "chain": "a chain of 5,000 nested groups",
    "crowd": "one group with 500,000 members",
    "collector": "one person in 20,000 groups",
}
BOTS = 50


def write(shape: Shape, folder: Path) -> None:
    """The files of a shape as those of any world, with what a right answer finds."""
    folder.mkdir(parents=True, exist_ok=True)
    people = _named("", np.arange(shape.people), 8)
    logins = _named("u", np.arange(shape.people), 8)
    groups = _named("grp-", np.arange(shape.groups), 6)
    below = np.arange(max(shape.nested - 1, 0))
    where = np.array([group for group, _ in shape.rights])
    tables = {
        "people": {
            "employee_id": people,
            "name": _named("Person ", np.arange(shape.people), 1),
            "status": _repeated("active", shape.people),
        },
        "accounts": {
            "login": logins,
            "employee_id": people,
            "enabled": _repeated("yes", shape.people),
        },
        "members": {
            "login": logins.take(shape.member),
            "group": groups.take(shape.member_of),
            **{
                name: _repeated("", len(shape.member))
                for name in ("valid_until", "condition", "self_granted")
            },
        },
        "nesting": {"group": groups.take(below), "parent": groups.take(below + 1)},
        "rights": {
            "group": groups.take(where),
            "right": pa.array([action for _, action in shape.rights]),
            "resource": _repeated("ledger", len(shape.rights)),
        },
    }
    for name, columns in tables.items():
        write_csv(folder / f"{name}.csv", iter([pa.table(columns)]))
    write_config(folder, LAWS, applications=0, form="csv")
    count = len(shape.broken_by)
    np.savez(
        folder / "expected.npz",
        rule=np.zeros(count, np.int16),
        person=np.sort(shape.broken_by),
        application=np.full(count, EVERYWHERE),
    )


def _named(lead: str, numbers: Codes, width: int) -> pa.Array:
    digits = pc.utf8_lpad(pa.array(numbers).cast(pa.string()), width, padding="0")
    return pc.binary_join_element_wise(lead, digits, "")


def _repeated(text: str, count: int) -> pa.Array:
    return pa.repeat(pa.scalar(text), count)


def judge(folder: Path, out: Path) -> Run:
    """Run the tool over the files.

    Raises:
        RunError: it failed, or found other than it must.
    """
    only = [word for name in REPORTERS for word in ("--only", name)]
    config = folder / "sod.yaml"
    command = python("sod_analyzer", "run", "--config", config, "--out", out, "--force", *only)
    done = run(folder.name, command)
    same(answers.of_tool(out), answers.expected(folder), name=folder.name)
    return done


def judge_bots(length: int) -> None:
    """A person's account controls a bot's, that one the next, and so on; the last bot deploys.

    No export says that one bot's login holds another's, so this is a snapshot and not files.

    Raises:
        RunError: the person is not found, or the first bot's holder without `commit` is.
    """
    accounts = " > ".join(f"a{number}" for number in range(length + 1))
    bots = world(f"i0 > {accounts} > x-prod d ra", "a0 > x-prod c ra", "i1 > a1", nodes=["i2"])
    found = verdicts(analysis_of(bots, rule("R", "commit", "deploy", scope=ScopeKind.ANYWHERE)))
    broken = {who for (who, _), verdict in found.items() if verdict == "violation"}
    if broken != {"i0"}:
        raise RunError(f"a chain of {length} bots: {sorted(broken)} instead of i0")


def measure(scratch: Path, *, page_: Path) -> None:
    """Run every shape in a process of its own, and write what each took."""
    rows = []
    for name, (make, size) in SHAPES.items():
        write(make(size), scratch / name)
        rows.append((_TITLES[name], judge(scratch / name, scratch / f"{name}-out")))
    command = python("tests.benchmarks.shapes", str(BOTS))
    rows.append((f"a chain of {BOTS} bots that hold bots", run("bots", command)))
    header = ("shape", "whole, s", "CPU s", "peak MB")
    lines = page.table(
        header,
        [
            (title, page.seconds(one.wall), page.seconds(one.cpu), f"{one.peak_mb:,.0f}")
            for title, one in rows
        ],
    )
    sys.stdout.write("\n".join([*lines, ""]))
    page.put("shapes", [page.machine(), "", *lines], page=page_)


if __name__ == "__main__":
    judge_bots(int(sys.argv[1]))
