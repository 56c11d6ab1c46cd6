"""What every question reads of a written folder, hashed before anything else is ready.

Nothing here loads Arrow or NumPy: they load while files are hashed.
"""

from __future__ import annotations

from pathlib import Path

from sod_analyzer.store.hashed import Ahead

SNAPSHOT = "snapshot"
REACH = "reach"

#: What almost every answer names, as it is asked for.
_TABLES = ("identities", "accounts", "grants")


def look_ahead(folder: Path) -> Ahead:
    """Begin to hash what a question about a folder will ask for; a file may well be missing."""
    arrays = sorted((folder / REACH).glob("*.npy"))
    return Ahead([*arrays, *(folder / SNAPSHOT / f"{name}.parquet" for name in _TABLES)])
