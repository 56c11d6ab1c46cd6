"""The stages, for commands that need them: the one place from which commands load Arrow.

Arrow loads pandas, where somebody has installed it, as soon as it is given anything: only to see
that it is not given something of pandas'. That takes longer than most answers, so here Arrow does
not find pandas when it looks for it. Where plugins of other packages are used, it looks again: see
`pipeline.guests`.

NumPy's library of linear algebra, of which nothing is used here, starts a thread for each core and
takes memory for each as soon as it is loaded. That takes as long again, so it is told to have one.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib.machinery import ModuleSpec
from types import ModuleType

#: How the library of linear algebra that NumPy comes with is told about threads.
_THREADS = ("OPENBLAS_NUM_THREADS",)


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


def _load_arrow() -> None:
    """Load Arrow, and NumPy with it, without what they would load besides."""
    alone = {name: "1" for name in _THREADS if name not in os.environ}
    os.environ.update(alone)
    try:
        _without_pandas()
    finally:
        # It is read once; programs that are started from here do as they like.
        for name in alone:
            del os.environ[name]


def _without_pandas() -> None:
    if "pandas" in sys.modules:
        return
    import pyarrow as pa

    sys.meta_path.insert(0, _NotNow)
    try:
        pa.array([])
    finally:
        sys.meta_path.remove(_NotNow)


_load_arrow()

from sod_analyzer import pipeline, rules  # noqa: E402 - they load Arrow

__all__ = ["pipeline", "rules"]
