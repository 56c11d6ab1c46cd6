"""Assembly under random worlds: order, repeats and names change nothing."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from sod_analyzer.assemble import assemble
from sod_analyzer.model.access import BATCH_TABLES
from sod_analyzer.model.batch import Batch, join_batches
from tests.assemble.worlds import account, batch, estate, grant, person, right, role, source

LOGINS = ["p", "q", "r"]
ROLES = ["d", "e"]
SOURCES = [source("hr"), source("ldap"), source("k8s")]
RECORDS = st.integers(1, 3)
Worlds = tuple[Batch, tuple[tuple[str, str], ...]]


@st.composite
def worlds(draw: st.DrawFn) -> Worlds:
    """Rows of every table, with clashes, repeats and dangling ends, and an alias file."""
    staff = [
        person(name, record=draw(RECORDS), email=draw(st.sampled_from([None, "p@x", "q@x"])))
        for name in draw(st.lists(st.sampled_from(["1", "2"]), max_size=3))
    ]
    logins = [
        account(
            f"{system}{name}",
            record=draw(RECORDS),
            email=draw(st.sampled_from([None, "p@x", "q@x"])),
            employee_id=draw(st.sampled_from([None, "1", "2", "3"])),
            enabled=draw(st.sampled_from([None, True, False])),
            kind=draw(st.sampled_from(["person", "workload", "shared"])),
        )
        for system, name in draw(
            st.lists(st.tuples(st.sampled_from(["ldap:", "k8s:oidc:"]), st.sampled_from(LOGINS)))
        )
    ]
    bundles = [
        role(f"{system}{name}", record=draw(RECORDS), title=draw(st.sampled_from([None, "T", "U"])))
        for system, name in draw(
            st.lists(
                st.tuples(st.sampled_from(["ldap:", "k8s:group/oidc:"]), st.sampled_from(ROLES))
            )
        )
    ]
    holders = st.sampled_from(
        [("account", f"ldap:{name}") for name in LOGINS] + [("role", f"ldap:{n}") for n in ROLES]
    )
    targets = st.sampled_from(
        [("role", f"ldap:{name}") for name in ROLES] + [("entitlement", "ldap:push@a")]
    )
    grants = [
        grant(holder, target, record=draw(RECORDS), conditional=draw(st.booleans()))
        for holder, target in draw(st.lists(st.tuples(holders, targets), max_size=8))
    ]
    lines = draw(
        st.lists(
            st.tuples(st.sampled_from(["ldap:p", "ldap:q"]), st.sampled_from(["1", "7"])),
            max_size=2,
        )
    )
    whole = batch(
        sources=SOURCES,
        identities=staff,
        accounts=logins,
        roles=bundles,
        entitlements=[right("ldap:push@a")],
        grants=grants,
    )
    return whole, tuple(lines)


def scattered(whole: Batch, chance: random.Random) -> Sequence[Batch]:
    """The same rows in another order, some of them twice, in two batches."""
    batches: list[dict[str, pa.Table]] = [{}, {}]
    for name, table in whole.tables.items():
        rows = list(range(table.num_rows))
        rows += [row for row in rows if chance.random() < 0.3]
        chance.shuffle(rows)
        cut = chance.randint(0, len(rows))
        for part, chosen in zip(batches, (rows[:cut], rows[cut:]), strict=True):
            part[name] = table.take(pa.array(chosen, pa.int64()))
    return [Batch(part) for part in batches]


@settings(max_examples=25, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_order_and_exact_repeats_change_nothing(world: Worlds, chance: random.Random) -> None:
    whole, lines = world
    expected = assemble([whole], estate(aliases=lines, federated=True))

    actual = assemble(scattered(whole, chance), estate(aliases=lines, federated=True))

    assert expected.digest == actual.digest
    assert dict(expected.tables) == dict(actual.tables)


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_renaming_a_login_changes_its_id_and_nothing_else(world: Worlds) -> None:
    """The new name sorts like the old one, so that even the codes stay."""
    whole, lines = world

    def renamed(text: str | None) -> str | None:
        return text.replace("ldap:r", "ldap:ra") if text else text

    tables = dict(whole.tables)
    for name, columns in (("accounts", ["account"]), ("grants", ["holder", "target"])):
        for column in columns:
            at = tables[name].schema.get_field_index(column)
            kind = tables[name].schema.field(at)
            cells = pa.array(map(renamed, tables[name].column(at).to_pylist()), kind.type)
            tables[name] = tables[name].set_column(at, kind, cells)
    settled = estate(aliases=lines)

    before, after = assemble([whole], settled), assemble([Batch(tables)], settled)

    assert list(map(renamed, before.node_ids)) == list(after.node_ids)
    for name in ("grants", "derivations"):
        assert before[name] == after[name]


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_every_row_of_a_node_table_is_a_node_and_every_grant_has_its_ends(world: Worlds) -> None:
    whole, lines = world

    snapshot = assemble([whole], estate(aliases=lines, federated=True))

    described = [
        node
        for table in ("identities", "accounts", "roles", "entitlements")
        for node in snapshot[table].column(0).to_pylist()
    ]
    assert described == list(snapshot.node_ids)
    for name in ("grants", "derivations"):
        for end in ("holder", "target"):
            codes = snapshot[name].column(end).to_pylist()
            assert all(0 <= code < len(described) for code in codes)


@settings(max_examples=12, deadline=None)
@given(worlds())
def test_every_stated_edge_survives_with_its_record(world: Worlds) -> None:
    whole, lines = world
    stated = {
        (row["holder"], row["target"], row["source_id"], row["record"], row["conditional"])
        for row in whole.tables["grants"].to_pylist()
    }

    snapshot = assemble([whole], estate(aliases=lines, federated=True))

    ids = snapshot.node_ids
    kept = {
        (ids[r["holder"]], ids[r["target"]], r["source_id"], r["record"], r["conditional"])
        for r in snapshot["grants"].to_pylist()
    }
    assert stated <= kept


def test_every_batch_table_has_a_place() -> None:
    assert set(join_batches([])) == set(BATCH_TABLES)
