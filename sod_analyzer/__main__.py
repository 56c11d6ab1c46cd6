"""`python -m sod_analyzer` is `sod`."""

from __future__ import annotations

from sod_analyzer.cli import main

if __name__ == "__main__":
    main()
