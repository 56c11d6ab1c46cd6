"""The issues that only the last entry settles."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from sod_analyzer.importers.ldif.directory import Directory, Mark
from sod_analyzer.importers.ldif.holders import Holders, Place
from sod_analyzer.importers.ldif.reader import shorten
from sod_analyzer.model.access import Hides


def unexported_members(
    directory: Directory, holders: Holders, filled: frozenset[str]
) -> Iterator[None]:
    """Groups whose members the server computes, unless some are in the source."""
    for normal, known in sorted(directory.names.items()):
        if known.is_group and known.marks & Mark.DYNAMIC and normal not in filled:
            holders.issue(
                "membership-not-exported",
                f"the server computes the members of '{shorten(normal)}' from a filter; "
                "the export holds none",
                hides=Hides.YES,
                place=Place(known.file, known.line),
                subject=normal,
            )
            yield


def incomplete_ranges(directory: Directory, holders: Holders) -> Iterator[None]:
    """Member lists of which a page is missing."""
    for normal, pages in sorted(directory.ranges.items()):
        missing = _missing_page(pages)
        if missing is not None and not directory.names[normal].marks & Mark.IGNORED:
            holders.issue(
                "incomplete-range",
                f"'{shorten(normal)}' lists its members in pages, and the page from number "
                f"{missing:,} on is not in the export",
                hides=Hides.YES,
                place=Place(*min(page[2:] for page in pages)),
                subject=normal,
            )
            yield


def repeated_names(directory: Directory, holders: Holders) -> Iterator[None]:
    """Further entries of one name that differ from the first."""
    for file, line, normal in directory.differing:
        known = directory.names[normal]
        if not known.is_account and not known.is_group:
            continue
        holders.issue(
            "duplicate-entry",
            f"'{shorten(normal)}' has more than one entry; they are taken together",
            hides=Hides.NO,
            place=Place(file, line),
            subject=normal,
        )
        yield


def missing_primaries(
    holders: Holders, unresolved: Mapping[str, Sequence[tuple[Place, str]]]
) -> Iterator[None]:
    """Numbers of primary groups that no group has."""
    for subject, found in sorted(unresolved.items()):
        place, normal = min(found)
        holders.issue(
            "dangling-primary-group",
            f"no group of the export has {subject}, the primary group of {len(found):,} "
            f"account(s), '{shorten(normal)}' among them",
            hides=Hides.UNKNOWN,
            place=place,
            subject=subject,
        )
        yield


def mail_lists(holders: Holders, places: Sequence[Place]) -> None:
    """Says once how many distribution lists there are."""
    if places:
        holders.issue(
            "distribution-lists",
            f"{len(places):,} distribution list(s) are loaded as roles that grant nothing; "
            "the first is here",
            hides=Hides.NO,
            place=min(places),
            subject=None,
        )


def uncertain_locks(holders: Holders, places: Sequence[Place]) -> None:
    """Says once how many locks may have lapsed."""
    if places:
        holders.issue(
            "lock-may-have-lapsed",
            f"{len(places):,} account(s) are locked and count as dormant, but the export does not "
            "say how long a lock lasts; the first is here",
            hides=Hides.UNKNOWN,
            place=min(places),
            subject=None,
        )


def _missing_page(pages: Iterable[tuple[int, int | None, int, int]]) -> int | None:
    """The first number that no page covers, or nothing when the last page is there."""
    covered = 0
    for first, last, _, _ in sorted(pages, key=lambda page: page[0]):
        if first > covered:
            return covered
        if last is None:
            return None
        covered = max(covered, last + 1)
    return covered
