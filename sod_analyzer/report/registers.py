"""What people have signed: approvals, mitigations and exclusions, as readers are told of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from sod_analyzer.model.finding import Report, Verdict
from sod_analyzer.model.mitigation import Standing
from sod_analyzer.report.columns import distinct_words, order_by, taken_rows
from sod_analyzer.report.counting import Mask, is_word
from sod_analyzer.report.facts import rows

APPROVED, CHANGED, NOT_APPROVED = "approved", "changed since approval", "not approved"


@dataclass(frozen=True, slots=True)
class Signed:
    """One line about an approval. `tone` is approved, changed or missing."""

    tone: str
    text: str
    changes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Control:
    """How much rests on one compensating control."""

    control: str
    excuses: int  # places
    people: int  # whom it excuses
    performers: int
    failing: int  # rows of the register that do not stand


def approvals(report: Report) -> tuple[Signed, ...]:
    """What was approved: the ruleset first, and at the end in one line what nobody approved.

    Where nothing is stated of the ruleset, that is said.
    """
    found = rows(report["approvals"])
    told = [_signed(row) for row in found if row["what"] == "ruleset"]
    others = [row for row in found if row["what"] != "ruleset"]
    told += [_signed(row) for row in others if row["state"] in (APPROVED, CHANGED)]
    missing = [
        row["name"] or row["what"] for row in others if row["state"] not in (APPROVED, CHANGED)
    ]
    if not any(row["what"] == "ruleset" for row in found):
        told.insert(0, Signed("missing", f"Ruleset {report.ruleset}: no approval is stated", ()))
    if missing:
        told.append(Signed("missing", f"Not approved: {', '.join(missing)}", ()))
    return tuple(told)


def unapproved(report: Report) -> int:
    """How many of the texts that the result rests on nobody approved."""
    return int((~is_word(report["approvals"]["state"], APPROVED, CHANGED)).sum())


def changes_of(row: dict[str, Any]) -> tuple[str, ...]:
    """The changes since an approval, one by one."""
    return tuple(line for line in (row["changes"] or "").split("\n") if line.strip())


def _named(row: dict[str, Any]) -> str:
    """What it is and its name, unless the name says what it is: "systems in sod.yaml"."""
    what, name = str(row["what"]).replace("-", " "), str(row["name"] or "")
    return name if name.startswith(f"{what} ") else f"{what} {name}".strip()


def _signed(row: dict[str, Any]) -> Signed:
    named = _named(row)
    named = named[:1].upper() + named[1:]
    signer = f"by {row['by'] or 'nobody named'}" + (f" on {row['on']}" if row["on"] else "")
    changes = changes_of(row)
    if row["state"] == APPROVED:
        return Signed("approved", f"{named} approved {signer}", changes)
    if row["state"] == CHANGED:
        many = f"{len(changes)} change{'s' if len(changes) != 1 else ''}"
        return Signed(
            "changed",
            f"{named} changed since approval {signer}: {many}",
            changes,
        )
    return Signed("missing", f"{named}: {row['state'] or NOT_APPROVED}", changes)


def controls(report: Report) -> tuple[Control, ...]:
    """How much rests on each control, most places first."""
    found = report["mitigations"]
    control, people, performers = (
        distinct_words(found[name]).codes for name in ("control", "subject_key", "performer")
    )
    names = distinct_words(found["control"]).texts
    standing = _in_force(found)
    excuses = found["excuses"].fill_null(0).to_numpy()
    made = []
    for code, name in enumerate(names.to_pylist()):
        mine = control == code
        made.append(
            Control(
                control=name,
                excuses=int(excuses[mine].max(initial=0)),
                people=len(np.unique(people[mine & standing])),
                performers=len(np.unique(performers[mine & standing])),
                failing=int((mine & ~standing).sum()),
            )
        )
    return tuple(sorted(made, key=lambda entry: (-entry.excuses, entry.control)))


def mitigations(report: Report) -> pa.Table:
    """The register, what does not stand first, else in report order."""
    found = report["mitigations"]
    return taken_rows(found, order_by(_in_force(found).astype(np.int8)))


def exclusions(report: Report) -> pa.Table:
    """What rules leave out, what hides most first, else in report order."""
    found = report["exclusions"]
    hidden = found["hidden"].fill_null(0).to_numpy()
    return taken_rows(found, order_by(hidden.max(initial=0) - hidden))


def measures(report: Report) -> pa.Table:
    """What rules that count people counted, the worst first, else in report order."""
    found = report["measures"]
    verdicts = distinct_words(found["verdict"])
    ranks = np.array([Verdict(verdict).rank for verdict in verdicts.texts.to_pylist()], np.int64)
    return taken_rows(found, order_by(ranks[verdicts.codes]))


def failing(report: Report) -> int:
    """Rows of the register that excuse nothing, though somebody may rely on them."""
    quiet = is_word(report["mitigations"]["standing"], Standing.IN_FORCE, Standing.UNUSED)
    return int((~quiet).sum())


def _in_force(register: pa.Table) -> Mask:
    return is_word(register["standing"], Standing.IN_FORCE)
