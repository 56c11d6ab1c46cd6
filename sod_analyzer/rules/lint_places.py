"""Where the statements of a ruleset stand, to the line of the key that is meant."""

from __future__ import annotations

import posixpath
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

from sod_analyzer.documents import Document, document_of
from sod_analyzer.documents.tree import Keyed, Listed, Scalar
from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.ruleset import Control, Duty, Rule, Ruleset


@dataclass(frozen=True)
class Places:
    """The lines of one ruleset's own text."""

    ruleset: Ruleset

    @cached_property
    def document(self) -> Document | None:
        """The ruleset's own text as a tree; None for one that was made without a text."""
        if not self.ruleset.text:
            return None
        return document_of(self.ruleset.text, error=RulesetError, shown=self.ruleset.path)

    def head(self, *way: object) -> SourceRef:
        """The line of a key of the file."""
        return SourceRef(self.ruleset.path, self.document.line(*way) if self.document else None)

    def own(self, stated: Rule | Duty | Control) -> bool:
        """Whether this file states it, and no imported one."""
        return stated.where is None or stated.where.path == self.ruleset.path

    def rule(self, rule: Rule, *way: object) -> SourceRef:
        """The line of a key of a rule, or of what this file says anew of it, else of the rule."""
        if self.document is not None:
            for begin in (("extend", "rules"), ("rules",)):
                full = (*begin, rule.rule_id, *way[:1])
                if way and self._stands(full):
                    return self.head(*begin, rule.rule_id, *way)
        return rule.where or self.head("rules", rule.rule_id)

    def import_of(self, key: str) -> SourceRef | None:
        """The line that imports the ruleset of this key; None where another import brings it."""
        begin = self.document.root if self.document else None
        listed = begin.entries.get("imports") if isinstance(begin, Keyed) else None
        if listed is None or not isinstance(listed.value, Listed):
            return None
        for n, each in enumerate(listed.value.elements):
            named = each.entries["ruleset"].value if isinstance(each, Keyed) else each
            if isinstance(named, Scalar) and key in (named.text, posixpath.normpath(named.text)):
                return self.head("imports", n)
        return None

    def _stands(self, way: tuple[object, ...]) -> bool:
        tree: object = self.document.root if self.document else None
        for key in way:
            if not isinstance(tree, Keyed) or str(key) not in tree.entries:
                return False
            tree = tree.entries[str(key)].value
        return True


#: Adds a note: its code, its text and its place.
Say = Callable[[str, str, SourceRef], None]
