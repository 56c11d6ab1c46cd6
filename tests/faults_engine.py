"""Faults of the engine: graph, reach, catalogue, verdicts, paths."""

from __future__ import annotations

from tests.fault_kit import in_module

_GRAPH = (
    *in_module(
        "graph/edges.py",
        "tests/engine/test_edges.py",
        (
            "expired-grant-counts",
            '~(compared("valid_from", later=True) | compared("valid_until", later=False))',
            '~compared("valid_from", later=True)',
        ),
        (
            "future-grant-counts",
            '~(compared("valid_from", later=True) | compared("valid_until", later=False))',
            '~compared("valid_until", later=False)',
        ),
        (
            "last-day-of-validity-is-left-out",
            "pc.greater if later else pc.less\n",
            "pc.greater if later else pc.less_equal\n",
        ),
        (
            "first-day-of-validity-is-left-out",
            "pc.greater if later else pc.less\n",
            "pc.greater_equal if later else pc.less\n",
        ),
        (
            "dormant-account-counts",
            "(asleep[holder] | asleep[target]) * int(Flag.DORMANT)",
            "(asleep[holder] & asleep[target]) * int(Flag.DORMANT)",
        ),
        ("disabled-account-counts", "pc.or_(disabled, over)", "pc.or_(over, over)"),
        ("expired-account-counts", "pc.or_(disabled, over)", "pc.or_(disabled, disabled)"),
        (
            "last-day-of-an-account-is-left-out",
            'pc.less(accounts.column("expires_on")',
            'pc.less_equal(accounts.column("expires_on")',
        ),
        (
            "condition-is-forgotten",
            'column("conditional") * int(Flag.CONDITIONAL)',
            'column("conditional") * 0',
        ),
        ("eligible-is-held", 'column("eligible") * int(Flag.ELIGIBLE)', 'column("eligible") * 0'),
        (
            "could-become-counts-as-held",
            'column("self_granted") * int(Flag.SELF_GRANTED)',
            'column("self_granted") * 0',
        ),
        (
            "undecided-link-counts-as-held",
            'column("undecided") * int(Flag.UNDECIDED)',
            'column("undecided") * 0',
        ),
        (
            "parallel-grants-are-one-whatever-their-conditions",
            "[c[1:] != c[:-1] for c in columns]",
            "[c[1:] != c[:-1] for c in columns[:3]]",
        ),
    ),
    *in_module(
        "graph/closure.py",
        "tests/engine/test_reach.py",
        (
            "nesting-stops-at-2",
            "frontier = self.to_holders(fresh, stride)",
            "frontier = self.to_holders(fresh[: len(fresh) * (now < 3)], stride)",
        ),
        ("longest-distance-stays", "np.lexsort((distance, key))", "np.lexsort((-distance, key))"),
    ),
)

_EVALUATE = (
    *in_module(
        "evaluate/reach.py",
        "tests/engine/test_reach.py",
        (
            "edges-are-reversed",
            "edges.holder[chosen], edges.target[chosen])",
            "edges.target[chosen], edges.holder[chosen])",
        ),
        (
            "becoming-stops-after-one-edge",
            "Layer(parts, onward.spread(finished), finished, none, none)",
            "Layer(parts, _join(finished, onward.step(finished)), finished, none, none)",
        ),
        (
            "parts-meet-across-contexts",
            "adding = self._flow(allowed & ~self.edges.becoming)",
            "adding = self._flow(allowed)",
        ),
        (
            "one-part-finishes-a-way",
            "for part in way.parts:\n            total",
            "for part in way.parts[:1]:\n            total",
        ),
        (
            "any-scope-is-ignored",
            "np.full(self.n_places, anywhere)",
            "np.full(self.n_places, 0 > 1)",
        ),
        (
            "parts-need-not-share-the-scope",
            "np.full(self.n_places, anywhere)",
            "np.full(self.n_places, 1 > 0)",
        ),
        ("parts-ignore-cover", "if holds.any():", "if holds.any() and self is None:"),
        (
            "own-changes-off-by-one",
            "for _ in range(lens.changes):",
            "for _ in range(lens.changes - 1):",
        ),
        (
            "everything-is-folded-under-unrestricted-access",
            "key = key[np.isin(cells.node, self.columns.whole)]",
            "key = key[np.isin(cells.node, cells.node)]",
        ),
    ),
    *in_module(
        "evaluate/lens.py",
        "tests/engine/test_reach.py",
        (
            "undecided-link-is-dropped",
            "if self.possible:\n            allowed |= Flag.UNDECIDED",
            "if self.possible:\n            allowed |= Flag(0)",
        ),
    ),
)

_CATALOGUE = (
    *in_module(
        "catalogue/places.py",
        "tests/engine/test_places.py",
        (
            "first-catalogue-match-only",
            'key=lambda pair: (pair[0], pair[1] or ""),\n                )\n            )',
            'key=lambda pair: (pair[0], pair[1] or ""),\n                )[:1]\n            )',
        ),
        (
            "two-clusters-share-a-catalogue",
            "for p in self.placements.get(system, ())\n                        if places(",
            "for rows in self.placements.values() for p in rows if places(",
        ),
        (
            "environment-is-ignored",
            "if wanted is None or wanted == actual:",
            "if wanted is None or actual is not None:",
        ),
        (
            "prod-and-test-are-swapped",
            "if wanted is None or wanted == actual:",
            'if wanted is None or {wanted, actual} == {"prod", "test"}:',
        ),
        (
            "unknown-environment-is-another-one",
            "return Truth.UNKNOWN if actual is None else Truth.NO",
            "return Truth.NO",
        ),
        (
            "unknown-environment-is-the-wanted-one",
            "return Truth.UNKNOWN if actual is None else Truth.NO",
            "return Truth.YES if actual is None else Truth.NO",
        ),
        (
            "catalogue-environment-is-ignored",
            'row["environment"] or (system.environment if system else None)',
            "(system.environment if system else None)",
        ),
        (
            "system-out-of-scope-is-judged",
            "known is None or not known.in_scope or known",
            "known is None or known",
        ),
        (
            "system-of-a-selector-is-ignored",
            "return selector.system is None or matches(selector.system, system)",
            "return True",
        ),
        (
            "product-of-a-selector-is-ignored",
            " or known.product != selector.product:",
            ":",
        ),
        (
            "resource-of-a-selector-is-ignored",
            "if wanted is None or resource == WHOLE_SYSTEM:",
            "if wanted is None or resource:",
        ),
        (
            "right-does-not-reach-what-lies-below-it",
            'or p.resource.startswith(resource + "/")\n                    },',
            "\n                    },",
        ),
        (
            "right-reaches-whatever-begins-alike",
            'or p.resource.startswith(resource + "/")\n                    },',
            "or p.resource.startswith(resource)\n                    },",
        ),
    ),
    *in_module(
        "catalogue/globs.py",
        "tests/engine/test_places.py",
        (
            "resource-is-not-below-its-parent",
            'while (cut := resource.rfind("/")) > 0:',
            'while (cut := resource.rfind("//")) > 0:',
        ),
        ("glob-stops-at-a-slash", '".*" if c == _ANY', '"[^/]*" if c == _ANY'),
        ("glob-ignores-case", "re.DOTALL)", "re.DOTALL | re.IGNORECASE)"),
        ("glob-matches-a-beginning", ".fullmatch(text) is not None", ".match(text) is not None"),
    ),
    *in_module(
        "catalogue/actions.py",
        "tests/engine/test_places.py",
        (
            "pods-covers-pods-exec",
            "    return verb, resource, group\n",
            '    return verb, resource.partition("/")[0], group\n',
        ),
        (
            "api-group-is-ignored",
            "    return verb, resource, group\n",
            '    return verb, resource, ""\n',
        ),
        (
            "wildcard-of-a-cluster-role-is-literal",
            "all(globs_meet(a, b) for a, b in zip(held, wanted, strict=True))",
            "all(matches(b, a) for a, b in zip(held, wanted, strict=True))",
        ),
    ),
    *in_module(
        "catalogue/columns.py",
        "tests/engine/test_places.py",
        (
            "unmapped-resource-is-dropped",
            "if best is not Truth.NO:\n                self.unmapped",
            "if best > Truth.YES:\n                self.unmapped",
        ),
        ("first-action-only", "for pattern in part.actions\n", "for pattern in part.actions[:1]\n"),
        (
            "first-way-only",
            "for n, way in enumerate(duty.ways, start=1)",
            "for n, way in enumerate(duty.ways[:1], start=1)",
        ),
        (
            "dead-duty-looks-alive",
            "all(self._found[part] for part in self.ways[way].parts)",
            "all(self._found[part] >= 0 for part in self.ways[way].parts)",
        ),
    ),
)

_DETECT = (
    *in_module(
        "detect/holding.py",
        "tests/engine/test_judge.py",
        (
            "cover-is-ignored",
            "held |= among(subject, over) & self.reaches(system, way)[place]",
            "held |= np.isin(subject, over) & (place < 0)",
        ),
        (
            "one-organisation-covers-every-application",
            "held |= among(subject, over) & self.reaches(system, way)[place]",
            "held |= np.isin(subject, over)",
        ),
        ("one-system-is-all-systems", "answer &= over", "answer |= over"),
    ),
)

_EXPLAIN = (
    *in_module(
        "explain/paths.py",
        "tests/engine/test_paths.py",
        (
            "tie-is-broken-by-the-largest-code",
            "for edge in range(int(start), int(stop)):",
            "for edge in reversed(range(int(start), int(stop))):",
        ),
        (
            "longer-path-is-printed",
            "option if best is None else min(best, option)",
            "option if best is None else max(best, option)",
        ),
    ),
    *in_module(
        "explain/forward.py",
        "tests/engine/test_paths.py",
        (
            "own-changes-are-spent-twice",
            "left = lens.changes - context.cost[0]",
            "left = lens.changes",
        ),
        (
            "asking-one-person-forgets-cover",
            "spot.kind is PlaceKind.COVER\n",
            "spot.kind is PlaceKind.RESOURCE\n",
        ),
    ),
    *in_module(
        "explain/all_paths.py",
        "tests/engine/test_paths.py",
        ("first-path-only", "if (part, hops) not in told:", "if not told:"),
    ),
    *in_module(
        "explain/names.py",
        "tests/engine/test_findings.py",
        (
            "two-people-with-one-employee-id-are-one-finding",
            "np.asarray(times[code + 1] == 1)",
            "np.asarray(times[code + 1] >= 1)",
        ),
    ),
)

ENGINE = (*_GRAPH, *_EVALUATE, *_CATALOGUE, *_DETECT, *_EXPLAIN)
