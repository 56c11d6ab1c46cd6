"""JSON as exports hold it: several values in one file, strange encodings, cut short, hostile.

`read_json` brings the values of one file and what is odd about them; `Elements` walks the records
among them and counts what becomes of each.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NoReturn

from sod_analyzer.cloud.shapes import shown
from sod_analyzer.errors import InputError, SourceRef
from sod_analyzer.importers.files import open_text
from sod_analyzer.model.access import Hides
from sod_analyzer.model.batch import BatchBuilder, RawFile, Waterfall

#: The parsed values take some ten times the room of their text, and are held whole.
MAX_JSON_BYTES = 256 * 1024**2
#: Deeper nesting than this is refused; an exported object stays far below.
MAX_DEPTH = 200
#: How many repeated keys one file names in its issue.
SHOWN_KEYS = 5

_SPACE = re.compile(r"[ \t\r\n]*")
_ESCAPED_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Documents:
    """The top-level values of one file, in order.

    `repeated` names keys that one object has twice: the last value counts, as in every common
    reader. `mended` says that text which is no Unicode was replaced by U+FFFD.
    """

    values: tuple[object, ...]
    encoding: str
    repeated: tuple[str, ...] = ()
    mended: bool = False


def read_json(file: RawFile) -> Documents:
    """Every value in the file: one, several one after the other, or one a line.

    Cost: the file's text and its values are in memory together.

    Raises:
        InputError: empty, cut short, not JSON (naming line and column), NaN or Infinity, nested
            too deep, or one of the reasons of `open_text`.
    """
    with open_text(file, max_bytes=MAX_JSON_BYTES) as opened:
        return parse_json(opened.stream.read(), path=file.path, encoding=opened.encoding)


def parse_json(text: str, *, path: str, encoding: str = "utf-8") -> Documents:
    """What `read_json` brings, of text that is in memory already. Raises like it."""
    repeated: dict[str, None] = {}

    def build(pairs: list[tuple[str, object]]) -> dict[str, object]:
        built = dict(pairs)
        if len(built) != len(pairs):
            counts = Counter(key for key, _ in pairs)
            repeated.update((key, None) for key, count in counts.items() if count > 1)
        return built

    decoder = json.JSONDecoder(object_pairs_hook=build, parse_constant=_refuse_constant)
    values: list[object] = []
    end = len(text)
    position = _skip_space(text, 0)
    while position < end:
        try:
            value, after = decoder.raw_decode(text, position)
        except json.JSONDecodeError as error:
            raise _located(error, text, path) from error
        except RecursionError as error:
            raise _too_deep(text, position, path) from error
        except ValueError as error:  # a constant, or a number of thousands of digits
            raise InputError(f"not JSON: {error}", where=_line(text, position, path)) from error
        if depth_of(value, most=MAX_DEPTH) > MAX_DEPTH:
            raise _too_deep(text, position, path)
        values.append(value)
        position = _skip_space(text, after)
    if not values:
        raise InputError("the file is empty; expected JSON", where=SourceRef(path))
    # A lone half of a surrogate pair is legal in JSON and cannot be stored as text.
    mended = bool(_ESCAPED_SURROGATE.search(text)) and any(map(_has_lone, values))
    if mended:
        values = [_mend(value) for value in values]
    return Documents(tuple(values), encoding, tuple(repeated)[: SHOWN_KEYS + 1], mended)


def _skip_space(text: str, position: int) -> int:
    found = _SPACE.match(text, position)
    return found.end() if found else position


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON value")


def _line(text: str, position: int, path: str) -> SourceRef:
    return SourceRef(path, text.count("\n", 0, position) + 1)


def _too_deep(text: str, position: int, path: str) -> InputError:
    return InputError(f"nested deeper than {MAX_DEPTH} levels", where=_line(text, position, path))


def _located(error: json.JSONDecodeError, text: str, path: str) -> InputError:
    cut = error.pos >= len(text.rstrip()) or error.msg.startswith("Unterminated string")
    what = "the JSON is cut short" if cut else "not JSON"
    return InputError(
        f"{what}: {error.msg.removesuffix(' at')} at column {error.colno}",
        where=SourceRef(path, error.lineno),
    )


def depth_of(value: object, *, most: int) -> int:
    """How deep lists and objects are nested; stops counting one beyond `most`."""
    depth = 0
    layer = [value]
    while depth <= most:
        inner: list[object] = []
        nested = False
        for each in layer:
            if isinstance(each, dict):
                nested = True
                inner.extend(x for x in each.values() if isinstance(x, (dict, list)))
            elif isinstance(each, list):
                nested = True
                inner.extend(x for x in each if isinstance(x, (dict, list)))
        if not nested:
            return depth
        depth += 1
        layer = inner
    return depth


def _has_lone(value: object) -> bool:
    if isinstance(value, str):
        return bool(_LONE_SURROGATE.search(value))
    if isinstance(value, dict):
        return any(_has_lone(key) or _has_lone(inner) for key, inner in value.items())
    return isinstance(value, list) and any(map(_has_lone, value))


def _mend(value: object) -> object:
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value)
    if isinstance(value, dict):
        return {_mend(key): _mend(inner) for key, inner in value.items()}
    return [_mend(inner) for inner in value] if isinstance(value, list) else value


class Elements:
    """The records of one file: walked once, counted, and closed with the file's row of `sources`.

    `documents` is null when the file could not be read; that is already an issue then, and there
    are no records.
    """

    def __init__(
        self,
        builder: BatchBuilder,
        file: RawFile,
        *,
        kind: str,
        record_template: str,
        read: Callable[[RawFile], Documents] = read_json,
    ) -> None:
        self.builder = builder
        self.file = file
        self.kind = kind
        self.record_template = record_template
        self.counts = Waterfall("element")
        self.status = "read"
        self.documents: Documents | None = None
        try:
            self.documents = read(file)
        except InputError as error:
            self.fail(str(error))
        else:
            self._oddities(self.documents)

    @property
    def source_id(self) -> str:
        """The id under which the file stands in `sources`."""
        return self.file.source_id

    def fail(self, why: str) -> None:
        """Give the whole file up: nothing of it is loaded, and that could hide a conflict."""
        self.status = "failed"
        self.documents = None
        self.issue("unreadable-file", why, hides=Hides.YES, subject=self.file.path)

    def distinct(self, values: Iterable[object]) -> Iterator[tuple[int, object]]:
        """Each value with its ordinal from 0, without those equal to an earlier one."""
        seen: set[bytes] = set()
        for record, value in enumerate(values):
            self.counts.lines += 1
            form = json.dumps(value, sort_keys=True).encode()
            digest = hashlib.blake2b(form, digest_size=16).digest()
            if digest in seen:
                self.counts.duplicate += 1
                continue
            seen.add(digest)
            yield record, value

    def reject(self, record: int, why: str) -> None:
        """Count a record as rejected and say why: what it would have granted is not known."""
        self.counts.rejected += 1
        text = f"{self.place(record)}: {why}"
        self.issue("bad-record", text, hides=Hides.YES, record=record, subject=self.file.path)

    def issue(
        self,
        kind: str,
        text: str,
        *,
        hides: Hides,
        record: int | None = None,
        subject: str | None = None,
    ) -> None:
        """An issue of this file."""
        self.builder.issue(
            kind, text, hides=hides, source_id=self.source_id, record=record, subject=subject
        )

    def place(self, record: int) -> str:
        """The file and the record, as printed in a sentence."""
        return f"{self.file.path} {self.record_template.format(record=record)}"

    def close(self) -> None:
        """The file's row of `sources`; call once, after the last record."""
        self.builder.source(
            self.file,
            self.counts,
            kind=self.kind,
            record_template=self.record_template,
            status=self.status,
            encoding=self.documents.encoding if self.documents else None,
        )

    def _oddities(self, documents: Documents) -> None:
        if documents.repeated:
            named = ", ".join(f"'{shown(key)}'" for key in documents.repeated[:SHOWN_KEYS])
            more = " and others" if len(documents.repeated) > SHOWN_KEYS else ""
            self.issue(
                "repeated-key",
                f"{self.file.path} has objects that state a key twice ({named}{more}); "
                "the last value counts",
                hides=Hides.UNKNOWN,
                subject=self.file.path,
            )
        if documents.mended:
            self.issue(
                "not-unicode",
                f"{self.file.path} holds text that is not Unicode (half of a surrogate pair); "
                "U+FFFD stands in its place, so two names may have become one",
                hides=Hides.UNKNOWN,
                subject=self.file.path,
            )
