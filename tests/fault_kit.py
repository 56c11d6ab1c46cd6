"""What a fault is: one small change that makes an answer wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Fault:
    """One change: `old`, which occurs once in `file`, becomes `new`. `first` is run first."""

    name: str
    file: str
    old: str
    new: str
    first: tuple[str, ...]


def in_module(file: str, first: str, *changes: tuple[str, str, str]) -> Iterator[Fault]:
    """Faults of one module of the package: name, old text, new text."""
    tests = tuple(first.split())
    for name, old, new in changes:
        yield Fault(name, f"sod_analyzer/{file}", old, new, tests)
