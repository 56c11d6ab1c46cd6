"""One analysis as the report's tables: verdicts, witnesses and facts joined for a reader."""

from __future__ import annotations
