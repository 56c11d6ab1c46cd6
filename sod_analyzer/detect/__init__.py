"""Rules over reach: who breaks which rule, where, and where nobody can say."""

from __future__ import annotations
