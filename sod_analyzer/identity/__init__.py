"""Accounts to identities: every method is asked, disagreement stays undecided."""

from __future__ import annotations

from sod_analyzer.identity.federation import Federated, SignIn, federate, needs_members
from sod_analyzer.identity.link import LinkResult, link

__all__ = ["Federated", "LinkResult", "SignIn", "federate", "link", "needs_members"]
