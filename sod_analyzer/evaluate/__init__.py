"""What each account and identity can do: parts meet in one context, finished duties travel on."""

from __future__ import annotations
