"""The same work by the plainest means, to measure against."""

from __future__ import annotations

import csv
from collections import defaultdict

from tests.benchmarks.estate import Bank


def read_files(bank: Bank) -> int:
    """Every cell of every file, and nothing done with it."""
    cells = 0
    for path in sorted(bank.folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as stream:
            for row in csv.reader(stream):
                cells += len(row)
    return cells


def close_masks(bank: Bank) -> dict[int, int]:
    """Each person's (application, action) rights as one integer: dictionaries and a worklist.

    No provenance, no distances, no rules: the least that any answer needs.
    """
    bit: dict[tuple[str, int], int] = {}
    masks: dict[int, int] = defaultdict(int)
    for group, action, application in bank.rights:
        number = bit.setdefault((action, application), len(bit))
        masks[group] |= 1 << number
    below: dict[int, list[int]] = defaultdict(list)
    for group, parent in bank.nesting:
        below[parent].append(group)
    work = list(masks)
    while work:
        parent = work.pop()
        for group in below[parent]:
            if masks[parent] | masks[group] != masks[group]:
                masks[group] |= masks[parent]
                work.append(group)
    people: dict[int, int] = defaultdict(int)
    for person, group in bank.members:
        people[person] |= masks[group]
    return people
