"""Faults of the engine: graph, reach, catalogue, verdicts, paths."""

from __future__ import annotations

from tests.fault_kit import in_module

_GRAPH = (
    *in_module(
        "graph/edges.py",
        "tests/engine/test_edges.py",
        (
            "expired-grant-counts",
            'put(pc.less(grants.column("valid_until"), day), Flag.OUT_OF_TIME)',
            'put(pc.less(grants.column("valid_until"), day), Flag(0))',
        ),
        (
            "future-grant-counts",
            'put(pc.greater(grants.column("valid_from"), day), Flag.OUT_OF_TIME)',
            'put(pc.greater(grants.column("valid_from"), day), Flag(0))',
        ),
        (
            "last-day-of-validity-is-left-out",
            'pc.less(grants.column("valid_until"), day)',
            'pc.less_equal(grants.column("valid_until"), day)',
        ),
        (
            "first-day-of-validity-is-left-out",
            'pc.greater(grants.column("valid_from"), day)',
            'pc.greater_equal(grants.column("valid_from"), day)',
        ),
        (
            "dormant-account-counts",
            "asleep[holder[some]] | asleep[target[some]]",
            "asleep[holder[some]] & asleep[target[some]]",
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
            'put(grants.column("conditional"), Flag.CONDITIONAL)',
            'put(grants.column("conditional"), Flag(0))',
        ),
        (
            "eligible-is-held",
            'put(grants.column("eligible"), Flag.ELIGIBLE)',
            'put(grants.column("eligible"), Flag(0))',
        ),
        (
            "could-become-counts-as-held",
            'put(grants.column("self_granted"), Flag.SELF_GRANTED)',
            'put(grants.column("self_granted"), Flag(0))',
        ),
        (
            "undecided-link-counts-as-held",
            'put(grants.column("undecided"), Flag.UNDECIDED)',
            'put(grants.column("undecided"), Flag(0))',
        ),
        (
            "parallel-grants-are-one-whatever-their-conditions",
            "for column in (target, kind, flags):",
            "for column in (target, kind):",
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
        "tests/engine/test_masks.py",
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
            "adding = self._flow(allowed & ~self.edges.becomes())",
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
            "return {system: _Index(rows) for system, rows in self.placements.items()}",
            (
                "rows = [p for all_ in self.placements.values() for p in all_]\n"
                "        return {system: _Index(rows) for system in self.placements}"
            ),
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
            "while at < len(self._texts) and self._texts[at].startswith(below):",
            "while at < 0:",
        ),
        (
            "right-reaches-whatever-begins-alike",
            'below = resource + "/"',
            "below = resource",
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
        "tests/engine/test_places.py tests/engine/test_judge.py",
        (
            "applications-are-all-alike",
            "key = (system, self.atlas.environments_at(place.key, system))",
            "key = (system, frozenset[str | None]())",
        ),
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
            "found[:, here] |= ways[:, spot[here]] & self._reaching(system)[:, place[here]]",
            "found[:, here] |= ways[:, spot[here]] & np.uint64(0)",
        ),
        (
            "one-organisation-covers-every-application",
            "found[:, here] |= ways[:, spot[here]] & self._reaching(system)[:, place[here]]",
            "found[:, here] |= ways[:, spot[here]]",
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
        "explain/trails.py",
        "tests/engine/test_walks.py",
        (
            "many-walks-take-the-last-of-equally-near",
            "first[1:] = row[1:] != row[:-1]",
            "first[:-1] = row[1:] != row[:-1]",
        ),
        (
            "many-walks-hide-what-is-taken",
            "self._note(state[mine[row]], edge, onto, own=True)",
            "self._note(state[mine[row]], edge, onto, own=False)",
        ),
    ),
    *in_module(
        "explain/walks.py",
        "tests/engine/test_walks.py",
        (
            "parts-of-many-walks-come-from-anywhere",
            "lost = rows if loose else rows[place[rows] == engine.unmapped]",
            "lost = rows",
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

_BULK = (
    *in_module(
        "evaluate/bulk.py",
        "tests/engine/test_masks.py",
        (
            "what-is-taken-is-forgotten",
            "counts |= seen.takable[useful]",
            "counts |= seen.takable[useful] & False",
        ),
        (
            "memberships-count-whatever-they-carry",
            "rows = rows[(self.takable if taking else self.allowed)[rows]]",
            "rows = rows[self.takable[rows]] if taking else rows",
        ),
        (
            "parts-meet-if-one-is-there",
            "met = has_all(mask, mask_of(way.parts, self.n_parts))",
            "met = has_all(mask, mask_of(way.parts[:1], self.n_parts))",
        ),
        (
            "parts-of-two-systems-never-meet",
            "distinct(covering[1:][covering[1:] == covering[:-1]])",
            "distinct(covering[:0])",
        ),
    ),
    *in_module(
        "evaluate/net.py",
        "tests/engine/test_masks.py",
        (
            "bots-of-bots-are-nobodys",
            "return core, people[leads[self.edges.target[people]]]",
            "return core[:0], people[leads[self.edges.target[people]]]",
        ),
    ),
    *in_module(
        "evaluate/tracing.py",
        "tests/engine/test_masks.py",
        (
            "first-hop-costs-nothing",
            "np.minimum.reduceat(distance, starts) + 1",
            "np.minimum.reduceat(distance, starts)",
        ),
        (
            "a-chain-of-bots-is-followed-once",
            "found = distinct(np.concatenate([found, frontier]))",
            "found, frontier = distinct(np.concatenate([found, frontier])), frontier[:0]",
        ),
    ),
    *in_module(
        "graph/masks.py",
        "tests/engine/test_masks.py",
        (
            "changed-masks-stand-at-other-keys",
            "return key[kept], mask[:, kept]",
            "return key[: len(kept)], mask[:, kept]",
        ),
        (
            "last-of-several-groups-wins",
            "merged = np.stack([np.bitwise_or.reduceat(word, starts) for word in mask])",
            "merged = mask[:, starts]",
        ),
        (
            "second-word-is-dropped",
            "return max(1, -(-columns // _BITS))",
            "return 1",
        ),
        (
            "cells-of-the-first-block-alone",
            "            found.append(hits + start)\n",
            "            found.append(hits)\n",
        ),
        (
            "the-last-holder-is-cut-in-two",
            'end = int(np.searchsorted(holder, holder[end - 1], side="right"))\n        yield',
            "yield",
        ),
        (
            "cells-of-some-in-every-place",
            "found.append(key[has(self.mask[:, cell], wanted) & places[key % self.n_places]])",
            "found.append(key[has(self.mask[:, cell], wanted)])",
        ),
        (
            "busy-places-alone-count",
            "return np.asarray(self.dense.any(axis=(0, 1)) | sparse)",
            "return np.asarray(self.dense.any(axis=(0, 1)) | (sparse & False))",
        ),
    ),
    *in_module(
        "detect/judge.py",
        "tests/engine/test_judge.py",
        (
            "only-the-first-rule-names-those-who-are-looked-at",
            "narrow = self._of(holder).of(distinct(np.concatenate(subjects)))",
            "narrow = self._of(holder).of(distinct(subjects[0]))",
        ),
    ),
)

ENGINE = (*_GRAPH, *_BULK, *_EVALUATE, *_CATALOGUE, *_DETECT, *_EXPLAIN)
