"""Why someone can: shortest paths, edge by edge, down to the source record. And why not."""

from __future__ import annotations
