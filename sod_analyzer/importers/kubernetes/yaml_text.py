"""YAML as `kubectl get -o yaml` writes it, read into the same values as JSON.

Built from parser events, not by a constructor: every scalar stays text, so nothing is guessed from
its looks, and anchors, aliases and tags, which no export has, are refused before they can grow.
"""

from __future__ import annotations

from typing import NoReturn

import yaml

from sod_analyzer.errors import InputError, SourceRef
from sod_analyzer.importers.files import open_text
from sod_analyzer.importers.json_text import MAX_DEPTH, MAX_JSON_BYTES, Documents, parse_json
from sod_analyzer.model.batch import RawFile

_NULLS = frozenset({"", "~", "null", "Null", "NULL"})


def read_text(file: RawFile) -> Documents:
    """Every value in the file; text that begins like JSON is read as JSON, the rest as YAML.

    Raises:
        InputError: as `read_json` and `parse_yaml` do.
    """
    with open_text(file, max_bytes=MAX_JSON_BYTES) as opened:
        text = opened.stream.read()
    if text.lstrip()[:1] in {"{", "[", ""}:
        return parse_json(text, path=file.path, encoding=opened.encoding)
    return parse_yaml(text, path=file.path, encoding=opened.encoding)


def parse_yaml(text: str, *, path: str, encoding: str = "utf-8") -> Documents:
    """Every document of a YAML text.

    Plain `null`, `~` and nothing are null; every other scalar is text. A key that an object has
    twice counts with its last value and is named.

    Raises:
        InputError: not YAML (naming line and column), anchors, aliases or tags, nested too deep,
            a key that is not plain text, or no document at all.
    """
    builder = _Builder(path)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            builder.take(event)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else None
        column = f" at column {error.problem_mark.column + 1}" if error.problem_mark else ""
        where = SourceRef(path, line)
        raise InputError(f"not YAML: {error.problem}{column}", where=where) from error
    except (yaml.YAMLError, UnicodeEncodeError) as error:
        raise InputError(
            "not YAML: it holds a character YAML refuses", where=SourceRef(path)
        ) from error
    values = tuple(value for value in builder.documents if value is not None)
    if not values:
        raise InputError("the file is empty; expected YAML or JSON", where=SourceRef(path))
    return Documents(values, encoding, tuple(builder.repeated))


class _Builder:
    """Puts values together from events; a class because it keeps a stack between them."""

    def __init__(self, path: str) -> None:
        self.documents: list[object] = []
        self.repeated: dict[str, None] = {}
        self._path = path
        # Open lists and objects, and for each object the key that waits for its value.
        self._open: list[tuple[list[object] | dict[str, object], str | None]] = []

    def take(self, event: yaml.Event) -> None:
        """One event. Raises `InputError` for what no export holds."""
        if isinstance(event, yaml.AliasEvent) or getattr(event, "anchor", None) is not None:
            self._refuse(event, "anchors and aliases are not accepted")
        if isinstance(event, yaml.NodeEvent) and getattr(event, "tag", None) not in {None, "!"}:
            self._refuse(event, "tags are not accepted")
        if isinstance(event, yaml.ScalarEvent):
            plain_null = event.implicit[0] and event.value in _NULLS
            self._put(event, None if plain_null else event.value)
        elif isinstance(event, yaml.SequenceStartEvent):
            self._begin(event, [])
        elif isinstance(event, yaml.MappingStartEvent):
            self._begin(event, {})
        elif isinstance(event, yaml.CollectionEndEvent):
            self._put(event, self._open.pop()[0])

    def _begin(self, event: yaml.Event, value: list[object] | dict[str, object]) -> None:
        if len(self._open) >= MAX_DEPTH:
            self._refuse(event, f"nested deeper than {MAX_DEPTH} levels")
        self._open.append((value, None))

    def _put(self, event: yaml.Event, value: object) -> None:
        if not self._open:
            self.documents.append(value)
            return
        holder, key = self._open[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif key is None:
            if not isinstance(value, str):
                self._refuse(event, "a key that is no text")
            self._open[-1] = holder, value
        else:
            if key in holder:
                self.repeated[key] = None
            holder[key] = value
            self._open[-1] = holder, None

    def _refuse(self, event: yaml.Event, why: str) -> NoReturn:
        line = event.start_mark.line + 1 if event.start_mark else None
        raise InputError(f"not accepted: {why}", where=SourceRef(self._path, line))
