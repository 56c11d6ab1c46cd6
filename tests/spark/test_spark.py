"""The engine spark in local mode says, byte by byte, what the local engine says."""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, Phase, given, settings

from sod_analyzer.assemble import assemble
from sod_analyzer.compose.report import analyse
from sod_analyzer.errors import ConfigError, StoreError
from sod_analyzer.spark.analysis import FarMemberships
from sod_analyzer.spark.lake import Lake
from sod_analyzer.store import read_snapshot
from tests.benchmarks.world import make, size_of
from tests.conftest import ROOT
from tests.e2e.shell import cold_sod
from tests.rule_law_worlds import Folk, folks
from tests.spark.folders import far_report, grants_of, imported, near_report, scattered
from tests.spark.pretend import PretendLake, bare, spelled
from tests.spark.test_laws import told
from tests.test_rule_laws import ruleset as laws
from tests.test_rule_laws import world as world_of

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

pytestmark = pytest.mark.spark
NORTHBANK = ROOT / "samples" / "northbank" / "sod.yaml"


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The sample bank, imported."""
    return imported(NORTHBANK, tmp_path_factory.mktemp("bank") / "bank")


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A generated bank of ten thousand people, imported."""
    folder = tmp_path_factory.mktemp("small")
    make(size_of("S"), folder / "world")
    return imported(folder / "world" / "sod.yaml", folder / "bank")


def test_the_sample_bank_is_judged_alike(bank: Path, spark: SparkSession) -> None:
    assert far_report(bank) == near_report(bank)


def test_a_generated_bank_is_judged_alike_wherever_its_rows_lie(
    small: Path, spark: SparkSession, tmp_path: Path
) -> None:
    lake = scattered(grants_of(small), tmp_path / "lake", 10)

    expected = near_report(small)

    assert far_report(small, lake) == expected
    assert far_report(small) == expected


def test_two_hundred_thousand_people_are_judged_alike(spark: SparkSession, tmp_path: Path) -> None:
    """Three million memberships."""
    make(size_of("M"), tmp_path / "world")
    folder = imported(tmp_path / "world" / "sod.yaml", tmp_path / "bank")

    assert far_report(folder) == near_report(folder)


@given(folks())
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)
def test_rules_of_every_kind_are_judged_alike(
    spark: SparkSession, tmp_path_factory: pytest.TempPathFactory, folk: Folk
) -> None:
    found = world_of(folk)
    snapshot = assemble([found.batch], found.estate)
    path = tmp_path_factory.mktemp("laws") / "grants.parquet"
    pq.write_table(spelled(snapshot["grants"]), path, row_group_size=7)
    unknown = frozenset(found.unknown_systems)
    with ExitStack() as until:
        lake = Lake(spark, path.as_uri(), bare(snapshot), snapshot["grants"].num_rows)
        far = FarMemberships(lake, until).analyse(
            bare(snapshot), laws(), as_of=snapshot.as_of, unknown_systems=unknown
        )
        said = told(far)

    near = analyse(snapshot, laws(), as_of=snapshot.as_of, unknown_systems=unknown)
    assert said == told(near)


def test_the_command_says_and_writes_the_same(bank: Path, tmp_path: Path) -> None:
    """In processes of their own, which start Spark and end it."""
    answers, written = [], []
    for engine in ("local", "spark"):
        folder = tmp_path / engine
        shutil.copytree(bank, folder)
        said = cold_sod("analyze", "--in", folder, "--engine", engine, cwd=tmp_path)
        assert said.code == 4, said.err
        answers.append(said.out)
        written.append(_without_run(folder))

    assert answers[0] == answers[1]
    assert written[0] == written[1]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["local", "spark"]


def _without_run(folder: Path) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads((folder / "findings.json").read_text(encoding="utf-8"))
    found.pop("run")
    return found


# -- what is wrong with a lake ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def rows(bank: Path) -> pa.Table:
    return grants_of(bank)


def changed(table: pa.Table, column: str, value: object) -> pa.Table:
    """The rows with another value in the first of them."""
    at = table.schema.get_field_index(column)
    field = table.schema.field(column)
    first = pa.array([value], field.type)
    return table.set_column(
        at, field, pa.chunked_array([first, table[column][1:].combine_chunks()])
    )


def test_a_lake_that_is_not_there(bank: Path, spark: SparkSession, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="nowhere"):
        far_report(bank, (tmp_path / "nowhere").as_uri())


def test_a_lake_that_lacks_a_part(
    bank: Path, spark: SparkSession, tmp_path: Path, rows: pa.Table
) -> None:
    lake = scattered(rows, tmp_path / "lake", 3)
    (tmp_path / "lake" / "part-1.parquet").unlink()

    with pytest.raises(StoreError, match=f"rows where the manifest says {rows.num_rows:,}"):
        far_report(bank, lake)


def test_a_lake_with_a_damaged_part(
    bank: Path, spark: SparkSession, tmp_path: Path, rows: pa.Table
) -> None:
    lake = scattered(rows, tmp_path / "lake", 2)
    part = tmp_path / "lake" / "part-1.parquet"
    part.write_bytes(part.read_bytes()[:-20])

    with pytest.raises(StoreError, match="Spark cannot read it"):
        far_report(bank, lake)


def test_a_lake_of_something_else(
    bank: Path, spark: SparkSession, tmp_path: Path, rows: pa.Table
) -> None:
    lake = scattered(rows.drop_columns(["eligible"]), tmp_path / "lake", 1)

    with pytest.raises(StoreError, match="eligible is missing, not boolean"):
        far_report(bank, lake)


#: A column, what its first row says, and what is said of that.
WRONG = [
    ("kind", "befriends", "no kind of grant called befriends"),
    ("kind", None, "kind is missing in 1 row"),
    ("holder", -1, "holder names a node that does not exist"),
    ("target", 2**30, "target names a node that does not exist"),
]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda wrong: wrong[2])
def test_a_lake_with_a_wrong_row(
    bank: Path,
    spark: SparkSession,
    tmp_path: Path,
    rows: pa.Table,
    wrong: tuple[str, object, str],
) -> None:
    column, value, text = wrong
    lake = scattered(changed(rows, column, value), tmp_path / "lake", 2)

    with pytest.raises(StoreError, match=text):
        far_report(bank, lake)


def test_somebody_who_holds_a_person_is_refused(
    bank: Path, spark: SparkSession, tmp_path: Path, rows: pa.Table
) -> None:
    lake = scattered(changed(rows, "target", 0), tmp_path / "lake", 1)

    with pytest.raises(ConfigError, match="use --engine local"):
        far_report(bank, lake)


def test_a_changed_file_of_the_folder_is_found_out(
    bank: Path, spark: SparkSession, tmp_path: Path, rows: pa.Table
) -> None:
    folder = tmp_path / "bank"
    shutil.copytree(bank, folder)
    pq.write_table(changed(rows, "record", 7), folder / "snapshot" / "grants.parquet")

    with pytest.raises(StoreError, match="damaged or was changed"):
        far_report(folder)


def test_the_flags_of_a_lake_are_those_of_its_rows(
    bank: Path, spark: SparkSession, tmp_path: Path, rows: pa.Table
) -> None:
    """Lenses that nothing tells apart are looked through once; so nothing may be forgotten."""
    snapshot = read_snapshot(bank / "snapshot")
    lake = scattered(rows, tmp_path / "lake", 2)

    found = Lake(spark, lake, bare(snapshot), rows.num_rows)

    for day in (snapshot.as_of, date(2000, 1, 1), date(2100, 1, 1)):
        assert found.flags(day) == PretendLake(snapshot).flags(day)
