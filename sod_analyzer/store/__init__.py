"""Snapshots on disk, and files and folders that appear whole or not at all.

What needs Arrow is loaded when it is asked for: hashing of files can begin before.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

from sod_analyzer.store.atomic import atomic_file, atomic_folder
from sod_analyzer.store.seal import SUMS, check_seal, seal

if TYPE_CHECKING:
    from sod_analyzer.store.snapshots import (
        MANIFEST,
        read_snapshot,
        read_without_grants,
        write_snapshot,
    )

__all__ = [
    "MANIFEST",
    "SUMS",
    "atomic_file",
    "atomic_folder",
    "check_seal",
    "read_snapshot",
    "read_without_grants",
    "seal",
    "write_snapshot",
]

#: Names above that are at home where Arrow is needed.
_SNAPSHOTS = frozenset({"MANIFEST", "read_snapshot", "read_without_grants", "write_snapshot"})


def __getattr__(name: str) -> object:
    """Load what a name belongs to; Python asks for each name once."""
    if name not in _SNAPSHOTS:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    found: object = getattr(import_module(f"{__name__}.snapshots"), name)
    globals()[name] = found
    return found
