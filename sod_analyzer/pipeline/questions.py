"""Questions about a written folder."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np

from sod_analyzer.catalogue.columns import Columns
from sod_analyzer.catalogue.places import Atlas
from sod_analyzer.compose.questions import Asker, Question
from sod_analyzer.evaluate.reach import Engine
from sod_analyzer.explain.names import Names
from sod_analyzer.graph.edges import Edges, compile_edges
from sod_analyzer.graph.packed import Packed, with_own_grants
from sod_analyzer.model.finding import Completeness
from sod_analyzer.model.ruleset import Ruleset
from sod_analyzer.pipeline.duties import Duties
from sod_analyzer.pipeline.spaces import Space
from sod_analyzer.pipeline.stored import InputVerdict, read_reach


@dataclass(frozen=True, slots=True)
class Basis:
    """What answers rest on: the edges of a day, what the input leaves open, and what to say."""

    as_of: date
    packed: Packed
    duties: Duties | Ruleset
    verdict: InputVerdict
    notes: tuple[str, ...]  # of what was not stored, and so computed

    @property
    def completeness(self) -> Completeness:
        """Whether the input allows a clean bill."""
        return self.verdict.completeness


def basis_of(space: Space, *, as_of: date | None = None) -> Basis:
    """What answers about a folder rest on: as an analysis stored it, else computed.

    Cost: what is stored is only looked at; computing it takes every grant, and the settings.

    Raises:
        StoreError: what is stored is damaged.
    """
    day = as_of or space.snapshot.as_of
    stored = read_reach(space, day)
    edges: Edges | None = None
    packed, verdict = stored.packed, stored.verdict
    if packed is None:
        edges = compile_edges(space.snapshot, as_of=day)
        packed = Packed.of(edges)
    if verdict is None:
        from sod_analyzer.pipeline import checking  # noqa: PLC0415 - when nothing is stored

        edges = edges or packed.only(np.arange(len(packed)), space.snapshot)
        found = checking.input_for(space.config, space.ruleset, space.snapshot, edges)
        verdict = checking.verdict_of(space.config, found)
    return Basis(day, packed, stored.duties or space.ruleset, verdict, stored.notes)


def ask(
    space: Space, question: Question, *, as_of: date | None = None, basis: Basis | None = None
) -> Asker:
    """Whoever answers a question about a folder."""
    basis = basis or basis_of(space, as_of=as_of)
    return Asker(
        space.snapshot,
        basis.duties,
        basis.packed,
        question,
        unknown_systems=basis.verdict.unknown_systems,
    )


def access_of(space: Space, who: str, basis: Basis) -> tuple[str, list[dict[str, object]]]:
    """A person's name, and every right the person comes to now, sorted.

    Raises:
        QueryError: nobody is called that, or several people are.
    """
    from sod_analyzer.compose.persons import Few, access, find_identity  # noqa: PLC0415 - here only

    snapshot, packed = space.snapshot, basis.packed
    code = find_identity(Names(snapshot), who)
    edges = with_own_grants(packed.only(packed.onward(code), snapshot))
    engine = Engine(edges.snapshot, Columns(snapshot, (), Atlas(snapshot)), edges)
    names = Few(engine, code)
    return names.name(code), access(engine, names, code)
