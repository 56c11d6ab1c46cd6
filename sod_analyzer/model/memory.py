"""Memory that is free but still counted as ours, given back to the system."""

from __future__ import annotations

import ctypes
from contextlib import suppress

import pyarrow as pa

#: Rows up to which memory is kept for later.
MANY = 2**25
#: From `malloc.h` of glibc.
_MMAP_THRESHOLD = -3
_ARENA_MAX = -8


def give_back() -> None:
    """Gives back what Arrow and the C library keep for later, as far as they can.

    Worth its few hundredths of a second between stages of which each lets go of many columns: a
    C library keeps freed blocks below a certain size, and a column of a million numbers is below
    it. Where the C library is not glibc, only Arrow gives back.
    """
    pa.default_memory_pool().release_unused()
    with suppress(OSError, TypeError, AttributeError):  # no such library, or no such function
        ctypes.CDLL(None).malloc_trim(0)


def thrifty_for(rows: int) -> None:
    """Has less be kept for later, from now on, if there are so many rows that it is worth it.

    Threads share one heap, of which each would leave holes in its own; and what takes eight
    megabytes or more is the system's again once it is let go of. Arrow's own allocator would keep
    what its threads let go of for as long as they live. Where the C library is not glibc, nothing
    changes.

    Cost: a seventh of all time.
    """
    if rows <= MANY:
        return
    with suppress(OSError, TypeError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_ARENA_MAX, 1)
        library.mallopt(_MMAP_THRESHOLD, 8 * 2**20)
        pa.set_memory_pool(pa.system_memory_pool())
