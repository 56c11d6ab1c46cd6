"""A generated bank of any size, and whom a right answer must find in it."""

from __future__ import annotations

from tests.benchmarks.world.making import make
from tests.benchmarks.world.sizes import SIZES, Size, size_of

__all__ = ["SIZES", "Size", "make", "size_of"]
