"""Roles by whom their trust policies name, so that of most roles nothing more is asked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from sod_analyzer.cloud.aws.principals import Principal


class Trusting:
    """Which roles may let in whom; a role that may let in whoever asks is among them for all."""

    def __init__(self, roles: Iterable[Principal]) -> None:
        #: By whom they trust; under an empty text those that may let in whoever asks.
        self._by_name: dict[str, list[Principal]] = {}
        for role in roles:
            for key in _keys(role):
                self._by_name.setdefault(key, []).append(role)
        self._known: dict[tuple[str, str], Mapping[str, Principal]] = {}

    def that_name(self, me: Principal) -> Mapping[str, Principal]:
        """Roles whose trust policies may let somebody in, by their ARNs, sorted."""
        found = self._known.get((me.arn, me.unique_id))
        if found is None:
            session = f"arn:aws:sts::{me.account}:assumed-role/{me.name}"
            root = f"arn:aws:iam::{me.account}:root"
            keys = {"", _beginning(me.arn), me.unique_id, me.account, root, session}
            roles = {role.arn: role for key in keys for role in self._by_name.get(key, ())}
            found = self._known[me.arn, me.unique_id] = {arn: roles[arn] for arn in sorted(roles)}
        return found


def _keys(role: Principal) -> set[str]:
    if role.trust is None:
        return {""}
    keys = {""} if role.trust.damaged else set[str]()
    for statement in role.trust.statements:
        named = statement.principals
        if named is None or not statement.allows:
            continue
        if named.negated or named.everyone:
            keys.add("")
        keys |= {_beginning(text) for text in named.aws}
    return keys


def _beginning(text: str) -> str:
    """A principal as a policy names it, in the commercial partition; a session as its role's."""
    head, _, rest = text.partition(":")
    _, _, rest = rest.partition(":")
    plain = f"arn:aws:{rest}" if head == "arn" else text
    return plain.rpartition("/")[0] if ":assumed-role/" in plain else plain
