"""The pages of the tabular and roster importers: their examples load, and they leave no key out."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest

from sod_analyzer.config import load_config, source_spec, validate_options
from sod_analyzer.importers.hr import KIND_WORDS, KNOWN_NAMES, STATUS_WORDS, HrOptions
from sod_analyzer.importers.tabular.options import (
    FIELDS,
    Column,
    CsvOptions,
    ExcelOptions,
    JsonOptions,
    MappingOptions,
    Matrix,
    ParquetOptions,
)
from sod_analyzer.importers.tabular.parquet_file import MAX_ROWS, PATTERNS
from sod_analyzer.importers.tabular.plan import NEEDS, make_plan
from tests.conftest import ROOT
from tests.importers.tabular_kit import IMPORTERS

TABULAR = (ROOT / "docs" / "importers" / "tabular.md").read_text(encoding="utf-8")
PARQUET = (ROOT / "docs" / "importers" / "parquet.md").read_text(encoding="utf-8")
HR = (ROOT / "docs" / "importers" / "hr.md").read_text(encoding="utf-8")


def examples(page: str) -> list[str]:
    return re.findall(r"^```yaml\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", [*examples(TABULAR), *examples(PARQUET), *examples(HR)])
def test_every_example_is_a_configuration_that_loads(tmp_path: Path, example: str) -> None:
    path = tmp_path / "sod.yaml"
    path.write_text(f"name: Example\nruleset: devops\n{example}", encoding="utf-8")

    config = load_config(path)

    for entry in config.sources:
        options = validate_options(entry, IMPORTERS[entry.importer].options)
        spec = source_spec(config, entry, options)
        if isinstance(options, MappingOptions):
            plan = make_plan(options, spec, matrix=getattr(options, "matrix", None))
            assert plan.relation in NEEDS


def names(shape: type) -> set[str]:
    return {each.name for each in dataclasses.fields(shape)} - {"where"}


def mentioned(page: str) -> set[str]:
    prose = re.sub(r"^```.*?^```$", "", page, flags=re.MULTILINE | re.DOTALL)
    return {word for code in re.findall(r"`([^`]+)`", prose) for word in re.split(r"[ :\"]", code)}


def test_the_page_explains_every_key_field_and_relation() -> None:
    keys = names(CsvOptions) | names(ExcelOptions) | names(JsonOptions) | names(Matrix)
    wanted = keys | names(Column) | set(FIELDS) | {str(relation) for relation in NEEDS}

    assert wanted - mentioned(TABULAR) - {"columns", "column", "records"} == set()


def test_the_page_of_parquet_names_every_key_and_limit() -> None:
    assert names(ParquetOptions) - mentioned(PARQUET) == set()
    assert f"more than {MAX_ROWS:,} rows" in PARQUET
    assert all(pattern.removeprefix("*") in mentioned(PARQUET) for pattern in PATTERNS)


def test_the_roster_page_explains_every_key_and_word() -> None:
    assert names(HrOptions) - mentioned(HR) - {"columns"} == set()
    assert set(KNOWN_NAMES) - mentioned(HR) == set()
    words = {re.sub(r"[\W_]+", "", word) for word in re.split(r"[|,(\n]", HR)}
    known = {word for each in KNOWN_NAMES.values() for word in each}
    assert (known | set(STATUS_WORDS) | set(KIND_WORDS)) - words == {"costcenter"}
