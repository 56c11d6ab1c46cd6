"""One damaged document, read: what a reader may answer, and what is a failure.

It may give tables that keep every promise of `sod_analyzer.testing`, or raise an error with its
place. Anything else fails: another exception, a broken promise, a file that failed without an
issue, or more than `SECONDS`.
"""

from __future__ import annotations

import functools
import json
import shutil
import signal
import traceback
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from random import Random

from sod_analyzer import plugins
from sod_analyzer.errors import InputError, SodError
from sod_analyzer.evaluate import aws
from sod_analyzer.model.batch import Batch, Importer, Raw, SourceSpec, join_batches
from sod_analyzer.testing import importer_problems
from tests.fuzz import mutate
from tests.fuzz.documents import AWS, Start

#: A damaged document of this size takes milliseconds; one that takes this long hangs.
SECONDS = 20

_KINDS: Mapping[str, tuple[mutate.Change, ...]] = {
    "aws": (mutate.tree,),
    "csv": (mutate.table,),
    "hr": (mutate.table,),
    "excel": (mutate.book,),
    "github": (mutate.tree,),
    "json": (mutate.tree,),
    "kubernetes": (mutate.tree,),
    "ldif": (mutate.directory,),
    "parquet": (mutate.columns,),
}


class HangError(BaseException):
    """A reader took longer than it may; no reader can catch it by accident."""


@dataclass(frozen=True)
class Outcome:
    """What came of one document: `failure` is None where all is well."""

    answer: str  # read | refused | failed
    failure: str | None = None


def damaged(importer: str, start: Start, seed: int) -> Mapping[str, bytes]:
    """The files of a document with some damage in one of them; the same for the same seed."""
    random = Random(f"{importer}:{start.name}:{seed}")  # noqa: S311 - repeatable chance is meant
    files = dict(start.files)
    name = random.choice(sorted(files))
    if importer == AWS:
        shaken = mutate.shaken(random, json.loads(files[name]))
        files[name] = json.dumps(shaken).encode()
        return files
    for _ in range(random.randint(1, 2)):
        known = _KINDS[importer] if random.random() < 0.7 else mutate.PLAIN
        files[name] = random.choice(known)(random, files[name])
    return files


def attempt(importer: str, start: Start, files: Mapping[str, bytes], folder: Path) -> Outcome:
    """Read the files as the pipeline would, in an emptied folder, and judge the answer."""
    try:
        with _watched(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            if importer == AWS:
                broken = list(_account_problems(files))
            else:
                _write(folder, files)
                broken = list(_table_problems(importer, start, folder))
    except SodError as error:
        unplaced = [str(each) for each in error.problems if each.where is None]
        if importer != AWS and (unplaced or not isinstance(error, InputError)):
            return Outcome("failed", f"an error without a place: {error!r}"[:2000])
        return Outcome("refused")
    except HangError:
        return Outcome(
            "failed", f"took more than {SECONDS} seconds: {traceback.format_exc()[-2000:]}"
        )
    except Exception:  # noqa: BLE001 - any other exception is what is looked for
        return Outcome("failed", traceback.format_exc()[-4000:])
    return Outcome("failed", "\n".join(broken)[:4000]) if broken else Outcome("read")


@functools.cache
def _importer(name: str) -> Importer:
    return plugins.importer(name, builtin_only=True)


class _Kept:
    """An importer that keeps what it gave last."""

    def __init__(self, inner: Importer) -> None:
        self.inner = inner
        self.name = inner.name
        self.options = inner.options
        self.batches: list[Batch] = []

    def fetch(self, spec: SourceSpec) -> Raw:
        return self.inner.fetch(spec)

    def parse(self, raw: Raw) -> Iterator[Batch]:
        self.batches = list(self.inner.parse(raw))
        return iter(self.batches)


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)


def _table_problems(importer: str, start: Start, folder: Path) -> Iterator[str]:
    assert start.spec is not None
    spec = replace(start.spec, base=folder)
    reader = _Kept(_importer(importer))
    for problem in importer_problems(reader, spec):
        # Damage may make a secret of a name; that secrets stay out is tested on whole documents.
        if "looks like a secret" not in problem:
            yield problem
    tables = join_batches(reader.batches)
    issues = tables["issues"].to_pylist()
    for source in tables["sources"].to_pylist():
        said = [each for each in issues if each["source_id"] in {source["source_id"], None}]
        if source["status"] != "read" and not any(each["hides"] != "no" for each in said):
            yield f"{source['path']} is {source['status']}, and no issue says so"
        if source["rejected"] and not said:
            yield f"{source['path']} has {source['rejected']} rejected records, and no issue"


_ASKED = (
    ("s3:GetObject", "arn:aws:s3:::books/q3.csv"),
    ("iam:PassRole", "*"),
    ("sts:AssumeRole", "*"),
)


def _account_problems(files: Mapping[str, bytes]) -> Iterator[str]:
    exports = [(name, json.loads(content)) for name, content in files.items()]
    account = aws.load(exports)
    people = sorted(account.estate.principals)
    told = len(
        {
            json.dumps(record, sort_keys=True)
            for _, export in exports
            for part in ("UserDetailList", "RoleDetailList")
            for record in _records(export, part)
        }
    )
    if len(people) < told and not account.problems:
        yield f"{told} logins and roles give {len(people)}, and no problem is named"
    for arn in people[:3]:
        for action, resource in _ASKED:
            account.decide(arn, action, resource)
        account.decide_any(arn, ["s3:Put*", "iam:*"], ["*"])


def _records(export: object, part: str) -> list[object]:
    found = export.get(part) if isinstance(export, dict) else None
    return found if isinstance(found, list) else []


@contextmanager
def _watched() -> Iterator[None]:
    """Stop what takes too long, where the system has timers."""

    def stop(number: int, frame: object) -> None:
        raise HangError

    before = signal.signal(signal.SIGALRM, stop)
    signal.setitimer(signal.ITIMER_REAL, SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
