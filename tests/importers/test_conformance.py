"""Every built-in importer keeps every promise, on the sample bank and on damaged copies of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import openpyxl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from sod_analyzer import plugins
from sod_analyzer.config import load_config, source_spec, validate_options
from sod_analyzer.model.batch import Importer, SourceSpec
from sod_analyzer.testing import check_importer
from tests.conftest import ROOT

BANK = ROOT / "samples" / "northbank"

CONFIG = """
name: Two tables
ruleset: devops
systems:
  app: {product: app}
  aws: {product: aws}
sources:
  accounts:
    system: aws
    importer: aws
    path: account.json
  access-excel:
    system: app
    importer: excel
    sheet: Access
    path: access.xlsx
    columns: {account: Login, permission: Right, resource: Where}
  access-parquet:
    system: app
    importer: parquet
    path: access.parquet
    columns: {account: Login, permission: Right, resource: Where}
  access-json:
    system: app
    importer: json
    path: access.json
    records: rows
    columns: {account: Login, permission: Right, resource: Where}
"""
HEADER = ["Login", "Right", "Where"]
ROWS = [["ann", "open", "vault"], ["007", "=1+1", "NA"], ["ann", "open", "vault"], ["", "x", "y"]]
ACCOUNT = "arn:aws:iam::111122223333"
LOGIN = {
    "UserName": "ann",
    "Arn": f"{ACCOUNT}:user/ann",
    "GroupList": None,
    "UserPolicyList": [
        {
            "PolicyName": "own",
            "PolicyDocument": {
                "Version": "2012-10-17",
                "Statement": [{"Effect": "Allow", "Action": "s3:*", "Resource": "*"}],
            },
        }
    ],
}


def case(config: Path, source_id: str) -> tuple[Importer, SourceSpec]:
    """The importer of one source of a configuration, and what it gets to know."""
    loaded = load_config(config)
    entry = next(entry for entry in loaded.sources if entry.source_id == source_id)
    importer = plugins.importer(entry.importer, builtin_only=True)
    return importer, source_spec(loaded, entry, validate_options(entry, importer.options))


def bank_sources() -> list[str]:
    return [entry.source_id for entry in load_config(BANK / "sod.yaml").sources]


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one table as a workbook, JSON and Parquet, and what reads them."""
    folder = tmp_path_factory.mktemp("tables")
    book = openpyxl.Workbook()
    sheet = book.create_sheet("Access", 0)
    for row in [HEADER, *ROWS]:
        sheet.append(row)
    book.save(folder / "access.xlsx")
    rows = [dict(zip(HEADER, row, strict=True)) for row in ROWS]
    columns = [list(column) for column in zip(*ROWS, strict=True)]
    pq.write_table(pa.table(columns, names=HEADER), folder / "access.parquet")
    (folder / "access.json").write_text(json.dumps({"rows": rows}), encoding="utf-8")
    account = {
        "UserDetailList": [LOGIN, LOGIN, {"UserName": "without an ARN"}, 7],
        "GroupDetailList": [],
        "RoleDetailList": None,
        "Policies": [],
    }
    (folder / "account.json").write_text(json.dumps(account), encoding="utf-8")
    (folder / "sod.yaml").write_text(CONFIG, encoding="utf-8")
    return folder


@pytest.mark.parametrize("source_id", bank_sources())
def test_an_importer_conforms_on_the_sample_bank(source_id: str) -> None:
    importer, spec = case(BANK / "sod.yaml", source_id)

    check_importer(importer, spec)


@pytest.mark.parametrize("source_id", ["access-excel", "access-json", "access-parquet", "accounts"])
def test_an_importer_conforms_on_a_table(tables: Path, source_id: str) -> None:
    importer, spec = case(tables / "sod.yaml", source_id)

    check_importer(importer, spec)


def test_every_built_in_importer_is_checked(tables: Path) -> None:
    checked = {
        entry.importer
        for config in (BANK / "sod.yaml", tables / "sod.yaml")
        for entry in load_config(config).sources
    }

    assert checked == set(plugins.importers(builtin_only=True))


def _cut(content: bytes) -> bytes:
    return content[: len(content) * 2 // 3]


def _swap(content: bytes) -> bytes:
    return content.replace(b"a", b"\xff", 50)


def _empty(_: bytes) -> bytes:
    return b""


def _other(_: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n\x00\x01\xfe\xff" * 100


@pytest.mark.parametrize("damage", [_cut, _swap, _empty, _other], ids=lambda d: d.__name__[1:])
@pytest.mark.parametrize("source_id", bank_sources())
def test_an_importer_conforms_on_a_damaged_file(
    source_id: str, damage: Callable[[bytes], bytes], tmp_path: Path
) -> None:
    """Damage is a failed file or counted records, with issues; never a crash or a false count."""
    folder = tmp_path / "bank"
    shutil.copytree(BANK, folder, ignore=shutil.ignore_patterns("maker", "*.py"))
    importer, spec = case(folder / "sod.yaml", source_id)
    for file in importer.fetch(spec).files[:3]:
        file.local.write_bytes(damage(file.local.read_bytes()))

    check_importer(importer, spec)
