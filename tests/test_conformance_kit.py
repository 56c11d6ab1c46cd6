"""The conformance kit passes an honest importer and names each promise that another breaks."""

from __future__ import annotations

import hashlib
import itertools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from sod_analyzer.model.access import GrantKind, Hides, NodeKind
from sod_analyzer.model.batch import Batch, BatchBuilder, Raw, RawFile, SourceSpec, Waterfall
from sod_analyzer.testing import check_importer, spec_for

TEXT = "account,role\nann,payer\nbob,\n"


@dataclass(frozen=True, slots=True)
class Options:
    """Keys of the toy importer: none."""


class Toy:
    """Reads `account,role` lines, honestly unless a test bends it."""

    name = "toy"
    options: type[Any] = Options
    bend: Callable[[BatchBuilder], None] | None = None
    record = 2
    lines = 3

    def fetch(self, spec: SourceSpec) -> Raw:
        local = spec.base / spec.path
        content = local.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        when = datetime(2026, 1, 1, tzinfo=UTC)
        file = RawFile(spec.source_id, spec.path, local, sha256, len(content), when)
        return Raw(spec, (file,))

    def parse(self, raw: Raw) -> Iterator[Batch]:
        (file,) = raw.files
        here: dict[str, Any] = {"source_id": file.source_id, "record": self.record}
        builder = BatchBuilder(raw.spec)
        builder.account("sample:ann", login="ann", **here)
        builder.role("sample:payer", kind="role", **here)
        right = builder.entitlement("pay", "*")
        ann = (NodeKind.ACCOUNT, "sample:ann")
        payer = (NodeKind.ROLE, "sample:payer")
        builder.grant(ann, payer, GrantKind.MEMBER, **here)
        builder.grant(payer, (NodeKind.ENTITLEMENT, right), GrantKind.CONTAINS, **here)
        builder.issue("no-role", "bob has no role", hides=Hides.NO, source_id="sample", record=3)
        counts = Waterfall("line", lines=self.lines, header=1, rejected=1)
        builder.source(file, counts, kind="toy", record_template="line {record}", encoding="utf-8")
        if self.bend is not None:
            self.bend(builder)
        yield builder.take()


@pytest.fixture
def spec(tmp_path: Path) -> SourceSpec:
    (tmp_path / "toy.csv").write_text(TEXT)
    return spec_for(Toy(), tmp_path / "toy.csv")


def bent(bend: Callable[[BatchBuilder], None]) -> Toy:
    toy = Toy()
    toy.bend = bend
    return toy


def test_an_honest_importer_conforms(spec: SourceSpec) -> None:
    check_importer(Toy(), spec)


@pytest.mark.parametrize(
    ("bend", "said"),
    [
        (
            lambda b: b.account("ann", source_id="sample", record=2),
            "accounts: the id 'ann' does not start with 'sample:'",
        ),
        (
            lambda b: b.account("sample:x", source_id="other", record=2),
            "names the source 'other', which has no row in sources",
        ),
        (
            lambda b: b.row("accounts", account="sample:x", system="sample", kind="person"),
            "names the source 'None'",
        ),
        (
            lambda b: b.account("sample:x", source_id="sample", record=4),
            "record 4 of sample is outside of 1 to 3",
        ),
        (
            lambda b: b.account("sample:x", source_id="sample", record=0),
            "record 0 of sample is outside of 1 to 3",
        ),
        (
            lambda b: b.grant(
                (NodeKind.ACCOUNT, "sample:ghost"),
                (NodeKind.ROLE, "sample:payer"),
                GrantKind.MEMBER,
                source_id="sample",
                record=2,
            ),
            "the account 'sample:ghost' has no row in its own table",
        ),
        (
            lambda b: b.row(
                "grants",
                holder_kind="group",
                holder="sample:payer",
                target_kind="role",
                target="sample:payer",
                kind="member",
                source_id="sample",
                record=2,
            ),
            "'group' is no holder_kind",
        ),
        (
            lambda b: b.issue("Bad Kind", "x", hides=Hides.NO, source_id="sample"),
            "the kind 'Bad Kind' is not in small letters",
        ),
        (
            lambda b: b.issue("bad", " ", hides=Hides.NO, source_id="sample"),
            "an issue of kind 'bad' has no text",
        ),
        (
            lambda b: b.account("sample:x", source_id="sample", record=2, name="{SSHA}abcd"),
            "the column 'name' holds what looks like a secret",
        ),
    ],
)
def test_a_broken_promise_is_named(
    spec: SourceSpec, bend: Callable[[BatchBuilder], None], said: str
) -> None:
    with pytest.raises(AssertionError) as caught:
        check_importer(bent(bend), spec)

    assert said in str(caught.value)


def test_a_planted_secret_is_found_and_not_printed(spec: SourceSpec) -> None:
    toy = bent(lambda b: b.account("sample:x", source_id="sample", record=2, login="sesame7"))

    with pytest.raises(AssertionError) as caught:
        check_importer(toy, spec, secrets=["sesame7"])

    assert "column 'login'" in str(caught.value)
    assert "sesame7" not in str(caught.value)


def test_a_count_of_lines_that_the_file_does_not_have_is_named(spec: SourceSpec) -> None:
    toy = Toy()
    toy.lines = 4

    with pytest.raises(AssertionError, match="counts 4 lines where the file has 3"):
        check_importer(toy, spec)


def test_a_file_without_its_row_of_sources_is_named(spec: SourceSpec) -> None:
    class Silent(Toy):
        def parse(self, raw: Raw) -> Iterator[Batch]:
            for batch in super().parse(raw):
                yield Batch({k: v for k, v in batch.tables.items() if k != "sources"})

    with pytest.raises(AssertionError, match="the rows of sources are not one for each file"):
        check_importer(Silent(), spec)


def test_a_waterfall_that_does_not_tie_is_named(spec: SourceSpec) -> None:
    class Leaky(Toy):
        def parse(self, raw: Raw) -> Iterator[Batch]:
            for batch in super().parse(raw):
                sources = batch.tables["sources"]
                at = sources.schema.get_field_index("loaded")
                wrong = sources.set_column(
                    at, sources.schema.field(at), pa.array([7], type=pa.int64())
                )
                yield Batch({**batch.tables, "sources": wrong})

    with pytest.raises(AssertionError, match="parsed - rejected - duplicate - filtered"):
        check_importer(Leaky(), spec)


def test_two_runs_that_differ_are_named(spec: SourceSpec) -> None:
    numbers = itertools.count()
    toy = bent(
        lambda b: b.account(f"sample:{next(numbers)}", source_id="sample", record=2, login="x")
    )

    with pytest.raises(AssertionError, match="two runs over the same files"):
        check_importer(toy, spec)


def test_a_wrong_hash_is_named(spec: SourceSpec) -> None:
    class Forger(Toy):
        def fetch(self, spec: SourceSpec) -> Raw:
            raw = super().fetch(spec)
            return replace(raw, files=(replace(raw.files[0], sha256="0" * 64),))

    with pytest.raises(AssertionError, match="SHA-256"):
        check_importer(Forger(), spec)
