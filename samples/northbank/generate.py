"""Makes the sample bank in this folder, and writes down what must be found in it.

Run it with any Python from 3.11 on; it needs nothing else. `--out` writes somewhere else.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
if str(HERE) not in sys.path:
    sys.path.insert(0, str(HERE))

# ruff: noqa: E402  found beside this file
from maker import (
    aws_files,
    clusters,
    crowd,
    directory,
    hub,
    plants,
    plants_aws,
    plants_systems,
    register,
    settings,
    tables,
    truth,
)
from maker.world import World


def make_world(*, as_approved: bool = False) -> World:
    """The bank with everything planted in it."""
    world = World(as_approved=as_approved)
    plants.plant_people(world)
    plants_systems.plant_systems(world)
    crowd.hire_crowd(world)
    clusters.add_service_accounts(world)
    plants_aws.plant_aws(world)
    return world


def make_files(*, as_approved: bool = False) -> dict[str, bytes]:
    """Every file of the sample by its path in the folder, but for what people signed.

    As it was when they signed it, the bank has neither expected answers nor a page.
    """
    world = make_world(as_approved=as_approved)
    files: dict[str, bytes] = {}
    counts: dict[str, dict[str, int]] = {}
    for write in (
        tables.write_tables,
        directory.write_directory,
        hub.write_github,
        clusters.write_clusters,
        aws_files.write_aws,
    ):
        written, told = write(world)
        files |= written
        counts |= told
    files["sod.yaml"] = settings.SOD_YAML.encode()
    files["catalogue.yaml"] = settings.catalogue(world).encode()
    files["mitigations.yaml"] = register.write_register(world)
    if as_approved:
        return dict(sorted(files.items()))
    files["README.md"] = settings.readme(world).encode()
    expected = truth.expected(world, counts)
    files["EXPECTED.json"] = _lines(expected).encode()
    return dict(sorted(files.items()))


def _lines(expected: dict[str, object]) -> str:
    """JSON with one line per person and per plant, so that a change shows where it is."""
    parts = []
    for key, value in sorted(expected.items()):
        parts.append(f"{json.dumps(key)}: {_block(value)}")
    return "{\n" + ",\n".join(parts) + "\n}\n"


def _block(value: object) -> str:
    if isinstance(value, dict) and value:
        rows = [f"{json.dumps(key)}: {_compact(inner)}" for key, inner in sorted(value.items())]
        return "{\n" + ",\n".join(rows) + "\n}"
    if isinstance(value, list) and value:
        return "[\n" + ",\n".join(_compact(inner) for inner in value) + "\n]"
    return _compact(value)


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    parser.add_argument(
        "--as-approved",
        action="store_true",
        help="the bank as it was when the papers in approvals/ were signed",
    )
    chosen = parser.parse_args()
    folder: Path = chosen.out
    for path, content in make_files(as_approved=chosen.as_approved).items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


if __name__ == "__main__":
    main()
