"""Snapshots on disk, and files and folders that appear whole or not at all.

What needs Arrow is loaded when it is asked for: hashing of files can begin before.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from sod_analyzer.deferred import names_of
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

#: Where each name above that needs Arrow is at home.
_HOMES = {"snapshots": ("MANIFEST", "read_snapshot", "read_without_grants", "write_snapshot")}

__getattr__ = names_of(__name__, _HOMES)
