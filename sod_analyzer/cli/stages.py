"""The stages, for commands that need them: the one place from which commands load Arrow.

Arrow loads pandas, where somebody has installed it, as soon as it is given anything: only to see
that it is not given something of pandas'. That takes longer than most answers, so here Arrow does
not find pandas when it looks for it. Where plugins of other packages are used, it looks again: see
`pipeline.guests`.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType


class _NotNow:
    """Finds nothing, and keeps others from finding pandas."""

    @staticmethod
    def find_spec(
        fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Nothing."""
        del path, target
        if fullname == "pandas":
            raise ImportError("not now", name=fullname)
        return None


def _without_pandas() -> None:
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _NotNow)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NotNow)


_without_pandas()

from sod_analyzer import pipeline, rules  # noqa: E402 - they load Arrow

__all__ = ["pipeline", "rules"]
