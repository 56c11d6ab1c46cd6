"""Find people who can do what no one person should, and prove it to an auditor."""

from __future__ import annotations

__version__ = "0.1.0"
