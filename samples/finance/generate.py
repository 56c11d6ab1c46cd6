"""Makes the finance sample in this folder, and writes down what must be found in it.

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

from desk import plants, settings, tables, truth  # noqa: E402  found beside this file
from desk.world import World  # noqa: E402  found beside this file


def make_world() -> World:
    """The group with everything planted in it."""
    world = World()
    plants.plant_payables(world)
    plants.plant_ledger(world)
    plants.plant_treasury(world)
    plants.plant_islands(world)
    plants.plant_it(world)
    plants.hire_the_rest(world)
    return world


def make_files() -> dict[str, bytes]:
    """Every file of the sample by its path in the folder.

    Raises:
        ValueError: a plant is not what the world says.
    """
    world = make_world()
    found = truth.Truth(world).answer()
    excused = {
        (plant.rule, plant.who, plant.place)
        for plant in world.plants
        if plant.verdict == "mitigated"
    }
    for key in excused:
        found[key] = "mitigated"
    wrong = [
        f"{plant.title}: {who} is {found.get((plant.rule, who, plant.place), 'clear')}"
        for plant in world.plants
        for who, verdict in ((plant.who, plant.verdict), (plant.near, plant.near_verdict))
        if found.get((plant.rule, who, _spot(plant, who)), "clear") != verdict
    ]
    if wrong:
        raise ValueError("\n".join(wrong))
    expected = {
        "rules": truth.ALL_RULES,
        "people": sorted(world.people),
        "findings": [[*key, verdict] for key, verdict in sorted(found.items())],
        "plants": [
            {
                "title": plant.title,
                "rule": plant.rule,
                "who": [plant.who, _spot(plant, plant.who), plant.verdict],
                "near_miss": [plant.near, _spot(plant, plant.near), plant.near_verdict],
            }
            for plant in world.plants
        ],
    }
    documents = {
        "sod.yaml": settings.sod_yaml(),
        "catalogue.yaml": settings.CATALOGUE_YAML,
        "rules.yaml": settings.rules_yaml(),
        "mitigations.yaml": settings.mitigations_yaml(world),
        "README.md": settings.readme(world),
        "EXPECTED.json": _lines(expected),
    }
    files = {**tables.exports(world), **{path: text.encode() for path, text in documents.items()}}
    return dict(sorted(files.items()))


def _spot(plant: object, who: str) -> str:
    """A rule that counts people has places for subjects."""
    return who if who in truth.APPLICATIONS else str(getattr(plant, "place"))  # noqa: B009 - any plant


def _lines(expected: dict[str, list[object]]) -> str:
    """JSON with one line for each finding and plant, so that a change shows where it is."""
    parts = [
        f"{json.dumps(key)}: [\n" + ",\n".join(json.dumps(each) for each in value) + "\n]"
        for key, value in expected.items()
    ]
    return "{\n" + ",\n".join(parts) + "\n}\n"


def main() -> None:
    """Write the files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=HERE, help="folder to write to")
    folder: Path = parser.parse_args().out
    for path, content in make_files().items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)


if __name__ == "__main__":
    main()
