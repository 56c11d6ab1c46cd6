"""Which entitlements perform which part of a duty, and in which places they do so."""

from __future__ import annotations
