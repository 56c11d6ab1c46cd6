"""The files that rulesets are imported from, each found by a key that does not depend on the disk.

A built-in ruleset's key is its name. A file's key is its path relative to the folder of the ruleset
that everything begins with, so a stored copy of all the texts can be read again without them.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from sod_analyzer.documents import Document, document_of, quoted, read_document, suggest
from sod_analyzer.errors import RulesetError
from sod_analyzer.rules.finding import builtin_rulesets, is_path

#: Rulesets that import rulesets that import …: nobody reads further down than this.
MOST_DEEP = 10
#: Files of one ruleset; links on the disk could make a few look like very many.
MOST_FILES = 200


@dataclass(frozen=True)
class Library:
    """Every text that one ruleset is made of.

    `imported` has texts by key; where it is given, no import is read from anywhere else.
    """

    top: Path
    shown: str
    imported: Mapping[str, str] | None = None

    @property
    def key(self) -> str:
        """The key of the ruleset that everything begins with."""
        if self.top in builtin_rulesets().values():
            return self.top.stem
        return self.top.name if is_path(self.top.name) else f"./{self.top.name}"

    def open(self) -> Document:
        """The ruleset that everything begins with.

        Raises:
            RulesetError: it cannot be read.
        """
        return read_document(self.top, error=RulesetError, shown=self.shown)

    def key_of(self, spec: str, importer: str) -> str:
        """The key of what the ruleset with the key `importer` calls `spec`.

        Raises:
            RulesetError: there can be no such ruleset.
        """
        if not is_path(spec):
            known = builtin_rulesets()
            if spec not in known and spec not in (self.imported or {}):
                own = f"; a file is named by its path, such as ./{spec}.yaml"
                raise RulesetError(f"no built-in ruleset {quoted(spec)}{suggest(spec, known)}{own}")
            return spec
        if "\\" in spec:
            raise RulesetError(f"{quoted(spec)}: write a path with forward slashes")
        if posixpath.isabs(spec) or Path(spec).is_absolute():
            raise RulesetError(f"{quoted(spec)}: a path must be relative to this file")
        if not spec.endswith((".yaml", ".yml")):
            raise RulesetError(f"{quoted(spec)}: a ruleset's file ends in .yaml")
        if not is_path(importer):
            raise RulesetError(f"{quoted(spec)}: a built-in ruleset imports others by name only")
        return posixpath.normpath(posixpath.join(posixpath.dirname(importer), spec))

    def read(self, key: str) -> Document:
        """The text behind a key.

        Raises:
            RulesetError: it cannot be read, or is not among the stored texts.
        """
        shown = self._shown(key)
        if self.imported is not None:
            if key not in self.imported:
                near = suggest(key, self.imported)
                raise RulesetError(f"{quoted(key)}: its text is not stored with the others{near}")
            return document_of(self.imported[key], error=RulesetError, shown=shown)
        path = self.top.parent / key if is_path(key) else builtin_rulesets()[key]
        return read_document(path, error=RulesetError, shown=shown)

    def _shown(self, key: str) -> str:
        if not is_path(key):
            return f"rulesets/{key}/{key}.yaml"
        return posixpath.normpath(posixpath.join(posixpath.dirname(self.shown), key))
