"""Looking nodes up in a snapshot, without a dictionary of them all."""

from __future__ import annotations

from hypothesis import given, settings

from sod_analyzer.model.access import NODE_KINDS, NodeKind
from tests.strategies import worlds
from tests.world import World, snapshot_of


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_nodes_are_found_by_id_and_by_code(world: World) -> None:
    snapshot = snapshot_of(world)
    kinds = snapshot["nodes"].column("kind").to_pylist()

    for code, node in enumerate(snapshot["nodes"].column("id").to_pylist()):
        assert snapshot.id_of(code) == node
        assert snapshot.find(NodeKind(kinds[code]), node) == code
        assert code in snapshot.ranges[NodeKind(kinds[code])]
    for kind in NODE_KINDS:
        assert snapshot.find(kind, "nobody") is None
        assert snapshot.find(kind, "~") is None
        assert snapshot.find(kind, "") is None


@given(worlds())
@settings(max_examples=50, deadline=None)
def test_the_tables_of_nodes_stand_in_the_order_of_codes(world: World) -> None:
    snapshot = snapshot_of(world)
    names = {
        NodeKind.IDENTITY: ("identities", "identity"),
        NodeKind.ACCOUNT: ("accounts", "account"),
        NodeKind.ROLE: ("roles", "role"),
        NodeKind.ENTITLEMENT: ("entitlements", "entitlement"),
    }

    for kind, (table, key) in names.items():
        ids = [snapshot.id_of(code) for code in snapshot.ranges[kind]]
        assert snapshot[table].column(key).to_pylist() == ids
