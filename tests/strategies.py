"""Random worlds: few systems, few resources, many ways to get there."""

from __future__ import annotations

from datetime import date, timedelta

from hypothesis import strategies as st

from sod_analyzer.model.ruleset import Duty, Selector
from tests.world import TODAY, Edge, World, duty

SYSTEMS = ("x-prod", "x-test", "x-some", "y")
RESOURCES = ("ra", "rb", "ra/x", "rs", "un", "*")
ACTIONS = ("c", "d", "v", "*")
PLACEMENTS = (
    ("app-a", "x-prod", "ra", None),
    ("app-a", "x-prod", "rs", None),
    ("app-b", "x-prod", "rs", None),
    ("app-b", "x-prod", "rb", None),
    ("app-a", "x-test", "ra", None),
    ("app-b", "x-some", "rb", "prod"),
    ("app-a", "x-some", "ra", None),
    ("app-a", "y", "ra", "prod"),
    ("app-b", "y", "rb", None),
)
ENTITLEMENTS = {
    f"e:{system}:{action}@{resource}": (system, action, resource, action == "*")
    for system in SYSTEMS
    for action in ACTIONS
    for resource in RESOURCES
}

_C = Selector("x", ("c",))
_D_PROD = Selector("x", ("d",), environment="prod")
_D_Y = Selector("y", ("d", "c"))
_V_ANY = Selector("x", ("v",), any_scope=True)
_V = Selector("x", ("v",))
DUTIES: dict[str, Duty] = {
    d.duty_id: d
    for d in (
        duty("commit", [_C]),
        duty("deploy", [_D_PROD], [_D_Y]),
        duty("launch", [_D_PROD, _V_ANY]),
        duty("both", [_C, _V], [_D_Y]),
    )
}

identities = st.integers(0, 2).map(lambda n: f"i{n}")
accounts = st.integers(0, 4).map(lambda n: f"a{n}")
roles = st.integers(0, 4).map(lambda n: f"r{n}")
entitlements = st.sampled_from(sorted(ENTITLEMENTS)) | st.sampled_from(
    sorted(n for n in ENTITLEMENTS if n.endswith(("@*", "@un")))
)
days = st.none() | st.integers(-2, 2).map(lambda n: TODAY + timedelta(days=n))


@st.composite
def edges(draw: st.DrawFn, *, flags: bool = True) -> Edge:
    """Any edge the model allows."""
    shape = draw(st.sampled_from(["ia", "ar", "ae", "rr", "re", "aa+", "aa", "ra", "re", "ae"]))
    pick = {"i": identities, "a": accounts, "r": roles, "e": entitlements}
    holder, target = draw(pick[shape[0]]), draw(pick[shape[1]])
    becoming = shape in ("ia", "aa", "ra")

    def rarely() -> bool:
        return flags and draw(st.integers(0, 5)) == 0

    start: date | None = draw(days) if rarely() else None
    end: date | None = draw(days) if rarely() else None
    return Edge(
        holder,
        target,
        becoming,
        conditional=rarely(),
        eligible=rarely(),
        self_granted=rarely(),
        undecided=shape == "ia" and rarely(),
        valid_from=start,
        valid_until=end,
    )


#: Who has which account to begin with; without it, most worlds reach nobody.
BACKBONE = (
    Edge("i0", "a0", becoming=True),
    Edge("i0", "a1", becoming=True),
    Edge("i1", "a2", becoming=True),
    Edge("i2", "a3", becoming=True),
)
#: Rights that exist in every world, so that no duty is dead; nobody need hold them.
ALWAYS = ("e:x-prod:c@rb", "e:x-prod:d@rb", "e:x-prod:v@rb", "e:y:d@rb")
#: A role that is everything everywhere; whoever comes to it covers all.
OWNER = tuple(Edge("r4", f"e:{system}:*@*") for system in SYSTEMS)


@st.composite
def worlds(draw: st.DrawFn, *, flags: bool = True) -> World:
    """Up to some thirty edges; now and then a disabled account."""
    used = draw(st.lists(edges(flags=flags), min_size=3, max_size=28))
    asleep = draw(st.frozensets(accounts, max_size=1)) if flags else frozenset()
    used = [*BACKBONE, *used] if draw(st.integers(0, 4)) else used
    if draw(st.booleans()):
        used = [*OWNER, Edge(draw(accounts), "r4"), *used]
    named = set(ALWAYS) | {n for e in used for n in (e.holder, e.target) if n[0] == "e"}
    nodes = ("i0", "i1", "i2", "a0", *asleep)
    return World(
        systems={
            "x-prod": ("x", "prod"),
            "x-test": ("x", "test"),
            "x-some": ("x", None),
            "y": ("y", "prod"),
        },
        placements=PLACEMENTS,
        entitlements={n: ENTITLEMENTS[n] for n in named},
        edges=used,
        nodes=nodes,
        disabled=asleep,
    )
