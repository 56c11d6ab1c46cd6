"""Names of a package that are loaded when somebody asks for them, so that few load much."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib import import_module


def names_of(package: str, homes: Mapping[str, Sequence[str]]) -> Callable[[str], object]:
    """A package's `__getattr__`: it loads the module that a name is at home in.

    `homes` has, by module of the package, the names that the package offers.
    """
    home_of = {name: home for home, names in homes.items() for name in names}

    def found(name: str) -> object:
        # Python asks here for every name that the package lacks, those of its modules included.
        if name not in home_of:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        return getattr(import_module(f"{package}.{home_of[name]}"), name)

    return found
