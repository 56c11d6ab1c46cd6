"""What stands where in `findings.json`: which members hold which columns and fields."""

from __future__ import annotations

#: Columns of `edges` that say where a hop was read.
EDGE_ORIGIN = ("source_id", "file", "record", "at", "also", "same")

#: Fields of `Report` that are plain texts.
HEADER = (
    "name",
    "result",
    "classification",
    "snapshot_digest",
    "ruleset",
    "ruleset_version",
    "ruleset_digest",
    "ruleset_text",
    "config_text",
)
