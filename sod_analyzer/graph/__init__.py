"""Who has which bundles: grants as arrays, and closures over them."""

from __future__ import annotations
