"""Who approved what: an index beside the configuration, with a copy of everything approved.

    approvals/
        approvals.yaml                     what, who, when, the digest
        pins.yaml                          what each mitigation was approved for, see `pins`
        ruleset-3f9c0a1b2c4d.yaml          the text as it was approved, to be read
        ruleset-3f9c0a1b2c4d.meaning.json  its parsed meaning, to be compared

An approval is of a digest. The digest is of what was parsed, so comments and order change nothing.
A ruleset that takes over others is copied with all of them in its meaning: the others may change
under it without any change to its text.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa

from sod_analyzer.documents import Problems, bind, bound, read_document, suggest
from sod_analyzer.errors import RulesetError, SourceRef
from sod_analyzer.model.ruleset import Approval, Ruleset
from sod_analyzer.model.settings import Acceptance
from sod_analyzer.rules.catalogue import Catalogue
from sod_analyzer.rules.difference import difference, plain, text_changes
from sod_analyzer.rules.pins import canonical_digest, quoted_text, write_text
from sod_analyzer.rules.register import Register

INDEX_NAME = "approvals.yaml"

_MAX_BYTES = 50 * 1024**2
_FILE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_HEAD = "# Written by `sod rules approve`.\n"


class What(StrEnum):
    """What can be approved."""

    RULESET = "ruleset"
    CATALOGUE = "catalogue"
    ALIASES = "aliases"
    MITIGATIONS = "mitigations"
    SYSTEMS = "systems"
    ACCEPTED_GAPS = "accepted-gaps"


class ApprovalState(StrEnum):
    APPROVED = "approved"
    CHANGED = "changed since approval"
    NOT_APPROVED = "not approved"


@dataclass(frozen=True)
class Approvable:
    """One thing as it is today. `meaning` is what JSON can hold; `content` the file verbatim."""

    what: What
    name: str
    digest: str
    meaning: Any = field(repr=False)
    content: bytes = field(default=b"", repr=False)  # empty where it has no file of its own
    suffix: str = ".yaml"
    inline: Approval | None = None  # that the text itself claims


@dataclass(frozen=True)
class Approved:
    """One thing as it was approved. `meaning` is None where its copy is lost or changed."""

    what: What
    name: str
    by: str
    on: date
    digest: str
    copy: str | None
    meaning_file: str
    seal: str  # digest of the meaning's copy
    meaning: Any = field(default=None, repr=False)


@dataclass(frozen=True)
class Approvals:
    """Everything approved, by what it is."""

    approved: Mapping[What, Approved] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class _ApprovedShape:
    name: str
    by: str
    on: date
    digest: str
    meaning: str
    seal: str
    where: SourceRef
    copy: str | None = None


@dataclass(frozen=True, slots=True)
class _IndexShape:
    approvals: Mapping[What, _ApprovedShape]


# -- what is approved ------------------------------------------------------------------------------


def of_ruleset(ruleset: Ruleset) -> Approvable:
    """The ruleset with everything it takes over."""
    meaning = plain(replace(ruleset, text="", path="", approved=None))
    return Approvable(
        What.RULESET,
        f"{ruleset.name} {ruleset.version}",
        ruleset.digest,
        meaning,
        ruleset.text.encode("utf-8"),
        inline=ruleset.approved,
    )


def of_catalogue(catalogue: Catalogue) -> Approvable:
    """The applications, and which resources make them up."""
    applications = {}
    for name, shape in catalogue.applications.items():
        meaning = plain(shape)
        meaning.pop("where", None)
        for resource in meaning["resources"]:
            resource.pop("where", None)
        meaning["resources"].sort(key=lambda resource: json.dumps(resource, sort_keys=True))
        applications[name] = meaning
    return _of(
        What.CATALOGUE, catalogue.document.path, applications, catalogue.text.encode("utf-8")
    )


def of_aliases(name: str, rows: pa.Table, content: bytes) -> Approvable:
    """The accounts tied to people by hand; `rows` are `model.settings.ALIASES`."""
    told = {
        f"{row['account']} = {row['employee_id']}": {"since": row["since"], "why": row["why"]}
        for row in rows.to_pylist()
    }
    return _of(What.ALIASES, name, told, content, suffix=".csv")


def of_register(register: Register) -> Approvable:
    """The register of mitigations."""
    return Approvable(
        What.MITIGATIONS,
        register.path,
        register.digest,
        plain(register.meaning),
        register.content,
        register.suffix,
    )


def of_systems(name: str, systems: pa.Table) -> Approvable:
    """What is in scope and what is not; `systems` are `model.access.SYSTEMS`."""
    told = {
        row["system"]: {
            key: value
            for key, value in row.items()
            if key not in {"system", "source_id", "record"} and value is not None
        }
        for row in systems.to_pylist()
    }
    return _of(What.SYSTEMS, name, told)


def of_gaps(name: str, accepted: Iterable[Acceptance]) -> Approvable:
    """The gaps that somebody answers for."""
    told = {
        each.gap: {
            "owner": each.owner,
            "reason": each.reason,
            "until": each.until.isoformat(),
            "most": each.most,
        }
        for each in accepted
    }
    return _of(What.ACCEPTED_GAPS, name, told)


def _of(
    what: What, name: str, meaning: Any, content: bytes = b"", *, suffix: str = ".yaml"
) -> Approvable:
    told = plain(meaning)
    return Approvable(what, name, canonical_digest(told), told, content, suffix)


# -- the folder ------------------------------------------------------------------------------------


def load_approvals(folder: Path, *, shown: str | None = None) -> Approvals:
    """What was approved; nothing where there is no folder yet. `shown` names it in messages.

    A lost or damaged copy is no error here: the digest alone tells whether something changed.

    Raises:
        RulesetError: the index is wrong, with every problem and its line.
    """
    path = folder / INDEX_NAME
    if not path.exists():
        return Approvals()
    name = f"{folder.name if shown is None else shown}/{INDEX_NAME}"
    document = read_document(path, error=RulesetError, shown=name)
    problems = Problems(document.path, RulesetError)
    shape = bound(bind(document.root, _IndexShape, problems), problems)
    approved = {}
    for what, each in sorted(shape.approvals.items()):
        line = each.where.line
        for key in ("copy", "meaning"):
            file = getattr(each, key)
            if file is not None and _FILE.fullmatch(file) is None:
                problems.say(line, f"approvals.{what}.{key}: must be a file in this folder")
        if not each.by.strip():
            problems.say(line, f"approvals.{what}.by: is empty")
        approved[What(what)] = Approved(
            what=What(what),
            name=each.name,
            by=each.by,
            on=each.on,
            digest=each.digest,
            copy=each.copy,
            meaning_file=each.meaning,
            seal=each.seal,
        )
    problems.settle()
    return Approvals(
        {
            what: replace(each, meaning=_read_meaning(folder / each.meaning_file, each.seal))
            for what, each in approved.items()
        }
    )


def approve(folder: Path, subjects: Sequence[Approvable], *, by: str, on: date) -> Approvals:
    """Writes down that these were approved, as they are; what else was approved stays.

    The copies come first and the index last, each file whole or not at all, so an interrupted
    approval has not happened.

    Raises:
        RulesetError: nobody is named, or a file cannot be read or written.
    """
    if not by.strip():
        raise RulesetError("an approval needs the name of whoever gives it")
    approved = dict(load_approvals(folder).approved)
    for subject in subjects:
        stem = f"{subject.what}-{subject.digest[:12]}"
        copy = f"{stem}{subject.suffix}" if subject.content else None
        if copy is not None:
            write_text(folder / copy, subject.content)
        told = json.dumps(subject.meaning, sort_keys=True, ensure_ascii=False, indent=1)
        write_text(folder / f"{stem}.meaning.json", told + "\n")
        approved[subject.what] = Approved(
            what=subject.what,
            name=subject.name,
            by=by.strip(),
            on=on,
            digest=subject.digest,
            copy=copy,
            meaning_file=f"{stem}.meaning.json",
            seal=canonical_digest(subject.meaning),
            meaning=subject.meaning,
        )
    approvals = Approvals(dict(sorted(approved.items())))
    write_text(folder / INDEX_NAME, _index_text(approvals))
    return approvals


def find_what(word: str) -> What:
    """What a word at the command line names.

    Raises:
        RulesetError: nothing of that name can be approved.
    """
    if word not in list(What):
        raise RulesetError(f"'{word}' cannot be approved{suggest(word, list(What))}")
    return What(word)


def _index_text(approvals: Approvals) -> str:
    lines = [_HEAD, "approvals:\n" if approvals.approved else "approvals: {}\n"]
    for what, each in sorted(approvals.approved.items()):
        stated = {
            "name": each.name,
            "by": each.by,
            "on": each.on.isoformat(),
            "digest": each.digest,
            "copy": each.copy,
            "meaning": each.meaning_file,
            "seal": each.seal,
        }
        lines.append(f"  {what}:\n")
        lines += [
            f"    {key}: {quoted_text(text)}\n" for key, text in stated.items() if text is not None
        ]
    return "".join(lines)


def _read_meaning(path: Path, seal: str) -> Any:
    try:
        if path.stat().st_size > _MAX_BYTES:
            return None
        meaning = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None
    return meaning if canonical_digest(meaning) == seal else None


# -- how things stand ------------------------------------------------------------------------------


def standing(approvals: Approvals, approvable: Approvable) -> dict[str, Any]:
    """A row of `APPROVALS`: approved as it is, changed since, or never approved.

    Where the text claims an approval of its own, the later of the two counts; of two on one day,
    the one that does not fit.
    """
    stored = approvals.approved.get(approvable.what)
    inline = approvable.inline
    row: dict[str, Any] = {
        "what": str(approvable.what),
        "name": approvable.name,
        "state": str(ApprovalState.NOT_APPROVED),
        "by": None,
        "on": None,
        "approved_digest": None,
        "digest": approvable.digest,
        "changes": None,
    }
    if inline is not None and (stored is None or _outweighs(inline, stored, approvable.digest)):
        lines = [
            f"~ the text says it was approved by {inline.by} on {inline.on}, with another digest"
        ]
        counted: Approval | Approved = inline
    elif stored is not None:
        lines, counted = [], stored
    else:
        return row
    state = ApprovalState.APPROVED
    if counted.digest != approvable.digest:
        state = ApprovalState.CHANGED
        lines += changes(stored, approvable) if stored else []
        row["changes"] = "\n".join(lines) or None
    return {
        **row,
        "state": str(state),
        "by": counted.by,
        "on": counted.on,
        "approved_digest": counted.digest,
    }


def changes(approved: Approved, approvable: Approvable) -> tuple[str, ...]:
    """What changed since it was approved, one change to a line."""
    if approved.digest == approvable.digest:
        return ()
    if approved.meaning is None:
        lost = f"~ what changed is not known: the copy {approved.meaning_file} is lost or damaged"
        return (lost,)
    if approvable.what is What.RULESET:
        old, new = _ruleset(approved.meaning), _ruleset(approvable.meaning)
        found = difference(old, new) if old and new else ()
    else:
        found = text_changes(approved.meaning, approvable.meaning)
    return found or ("~ the digest is formed in another way; approve it again",)


def _outweighs(inline: Approval, stored: Approved, digest: str) -> bool:
    return inline.on > stored.on or (inline.on == stored.on and inline.digest != digest)


def _ruleset(meaning: Any) -> Ruleset | None:
    """The ruleset that a copy holds; None when it was written in a form of another version."""
    from pydantic import TypeAdapter, ValidationError  # noqa: PLC0415 - rules load without it

    try:
        return TypeAdapter(Ruleset).validate_python(meaning)
    except ValidationError:
        return None
