"""Stages of a process, told to whoever started it."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager


class Laps:
    """Seconds by stage, in the order of their beginning, and what else is to be told."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.notes: dict[str, float] = {}

    @contextmanager
    def lap(self, stage: str) -> Iterator[None]:
        """Time what is inside, and add it to the stage."""
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began

    def tell(self) -> None:
        """One line of JSON, the last that the process writes."""
        sys.stdout.write(json.dumps({"seconds": self.seconds, "notes": self.notes}) + "\n")
