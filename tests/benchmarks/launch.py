"""Runs a command and tells what it took: wall and CPU seconds, and the peak of its memory.

A script of its own with nothing but the standard library: a process starts with the peak of the
one that made it, so whoever measures must be smaller than what is measured.
"""

from __future__ import annotations

import json
import os
import sys
import time


def main() -> None:
    """`launch.py REPORT COMMAND …`: the numbers go into the file REPORT."""
    report, command = sys.argv[1], sys.argv[2:]
    began = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ)
    _, status, usage = os.wait4(child, 0)
    took = {
        "wall": time.perf_counter() - began,
        "cpu": usage.ru_utime + usage.ru_stime,
        # Kilobytes here, bytes on a Mac.
        "peak_mb": usage.ru_maxrss / (1 << 20 if sys.platform == "darwin" else 1 << 10),
        "code": os.waitstatus_to_exitcode(status),
    }
    with open(report, "w", encoding="ascii") as stream:  # noqa: PTH123 - pathlib is large
        json.dump(took, stream)


if __name__ == "__main__":
    main()
