"""Lists of objects, as the command line and the API of Kubernetes print them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sod_analyzer.cloud.shapes import ShapeError, object_at

#: What the command line of EKS prints one at a time, without a kind.
_OF_EKS = frozenset({"accessEntry", "associatedAccessPolicies", "association", "associations"})


@dataclass(frozen=True, slots=True)
class Listing:
    """The objects of a file, and the kind they have when they do not say.

    `refusal` says why the file is none; `continued`, that the list goes on in another one.
    """

    records: tuple[object, ...]
    kind: str | None = None
    refusal: str | None = None
    continued: bool = False


def listing(values: Iterable[object], kind: str | None) -> Listing:
    """The objects of the values of a file: single ones, lists of them, `List` objects."""
    records: list[object] = []
    continued = False
    for value in values:
        if isinstance(value, list):
            records += value
            continue
        if not isinstance(value, dict):
            return Listing((), refusal="the file does not hold Kubernetes objects")
        stated = value.get("kind")
        if stated == "Status":
            # The server's own words are left out: they may quote the request.
            return Listing((), refusal="the file holds an error of the API server, no objects")
        if "items" not in value:
            if "metadata" not in value and stated is None and not _OF_EKS & value.keys():
                return Listing((), refusal="the file does not hold Kubernetes objects")
            records.append(value)
            continue
        listed = value["items"]
        if listed is not None and not isinstance(listed, list):
            return Listing((), refusal="'items' is no list")
        if isinstance(stated, str) and stated.endswith("List"):
            kind = stated.removesuffix("List") or kind
        continued |= _continued(value)
        records += listed or []
    return Listing(tuple(records), kind, continued=continued)


def _continued(listed: Mapping[str, object]) -> bool:
    try:
        metadata = object_at(listed, "metadata")
    except ShapeError:
        return False
    return bool(metadata.get("continue") or metadata.get("remainingItemCount"))
