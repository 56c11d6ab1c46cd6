"""Whom a question finds: all that is known before anybody is told of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sod_analyzer.evaluate.lens import Lens
from sod_analyzer.graph.closure import Keys


@dataclass(frozen=True, slots=True)
class Found:
    """Whom a question finds, and by which lens. Parallel arrays."""

    subject: Keys  # codes of identities
    lens: Keys  # number in `lenses`
    lenses: Sequence[Lens]
