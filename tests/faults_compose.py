"""Faults of how answers are put together, told and written."""

from __future__ import annotations

from tests.fault_kit import in_module

COMPOSE = (
    *in_module(
        "compose/statements.py",
        "tests/test_northbank.py",
        (
            "paths-do-not-tell-what-decides",
            "str(said[hop]) if hop in said else name",
            "name",
        ),
        (
            "a-path-for-each-system-tells-nothing",
            "parts = [self._in_any_system(way)] * len(ends)",
            "return []",
        ),
    ),
    *in_module(
        "catalogue/columns.py",
        "tests/test_northbank.py",
        (
            "whole-systems-tell-no-statement",
            "right, selector, places[self._anywhere]\n",
            "right, selector, places[place]\n",
        ),
    ),
    *in_module(
        "catalogue/decided.py",
        "tests/test_northbank.py",
        (
            "what-decides-has-no-conditions",
            "        if decision.conditions:",
            "        if not decision:",
        ),
    ),
    *in_module(
        "catalogue/by_policy.py",
        "tests/e2e/test_doors.py::test_explain_tells_a_condition_only_of_what_has_one",
        (
            "what-is-sure-is-had-under-conditions-too",
            "if answer is Answer.CONDITIONAL else",
            "if answer >= Answer.CONDITIONAL else",
        ),
    ),
    *in_module(
        "report/joined.py",
        "tests/report/test_flat.py",
        (
            "decisions-stand-by-the-hops-in-their-order",
            'rows[numbered(table["hop"])] = ',
            "rows[: table.num_rows] = ",
        ),
    ),
    *in_module(
        "compose/held.py",
        "tests/engine/test_held.py",
        (
            "only-the-last-duty-is-told",
            "mask[number // _BITS, has] |= np.uint64(1 << number % _BITS)",
            "mask[number // _BITS, has] = np.uint64(1 << number % _BITS)",
        ),
        (
            "robots-are-counted-as-people",
            "int((has & judge.judged).sum())",
            "int(has.sum())",
        ),
    ),
    *in_module(
        "store/spilled.py",
        "tests/store/test_spilled.py",
        (
            "table-on-disk-loses-rows",
            "writer.write_table(table.unify_dictionaries())",
            "writer.write_table(table.unify_dictionaries().slice(0, 20))",
        ),
    ),
    *in_module(
        "store/lazily.py",
        "tests/store/test_snapshots.py",
        (
            "changed-table-on-disk-is-believed",
            "if tables_digest(passing, as_of=manifest.as_of) != manifest.digest:",
            "if tables_digest(passing, as_of=manifest.as_of) == manifest.name:",
        ),
    ),
    *in_module(
        "compose/findings.py",
        "tests/engine/test_findings.py",
        (
            "folded-violations-are-not-folded",
            "mine = np.flatnonzero(heads.folded & ~own[heads.rule])",
            "mine = np.flatnonzero(heads.folded & own[heads.rule])",
        ),
        (
            "mildest-place-speaks-for-all",
            "rank = verdict * len(Severity) + (len(Severity) - 1 - severity)",
            "rank = verdict * len(Severity) + severity",
        ),
    ),
    *in_module(
        "compose/ids.py",
        "tests/engine/test_findings.py",
        (
            "finding-id-depends-on-the-paths",
            "lead = heads.rule * len(KINDS) + kind",
            "lead = np.bincount(gathered.spots.finding) % len(starts)",
        ),
        (
            "finding-id-depends-on-who-else-is-there",
            "pieces.append(names.subject_keys.key.take(pa.array(offset)))",
            "pieces.append(pa.array(offset).cast(pa.string()))",
        ),
    ),
    *in_module(
        "compose/steps.py",
        "tests/engine/test_findings.py tests/engine/test_columns.py",
        (
            "source-record-off-by-one",
            'record = taken(grants.column("record"), rows)\n',
            'record = pc.add(taken(grants.column("record"), rows), 1)\n',
        ),
        (
            "last-record-speaks-for-an-edge",
            "rows = edges.rows_at(first)",
            "rows = edges.rows_at(behind - 1)",
        ),
        (
            "days-of-a-hop-are-forgotten",
            "special = np.flatnonzero(((flags != 0) | self.own | dated) & ~several)",
            "special = np.flatnonzero(((flags != 0) | self.own) & ~several)",
        ),
        (
            "further-records-are-told-twice",
            "fresh[1:] = (step[1:] != step[:-1]) | ~again",
            "fresh[1:] = True",
        ),
    ),
    *in_module(
        "compose/finding_tables.py",
        "tests/engine/test_columns.py",
        (
            "hop-names-its-leg-as-it-was-found",
            "leg[here] = mine[row]",
            "leg[here] = self.order.leg[mine][row]",
        ),
    ),
    *in_module(
        "report/ties.py",
        "tests/report/test_canonical.py",
        (
            "hop-may-count-rows-from-the-end",
            "if len(found) and not (found.min() >= 0 and found.max() < rows):",
            "if len(found) and not found.max() < rows:",
        ),
        (
            "two-hops-may-stand-in-one-place",
            "if len(runs(of_hop[order], part[order], hop[order])) < len(order):",
            "if not len(order):",
        ),
        (
            "leg-may-lack-the-hops-that-it-says",
            "if not np.array_equal(has, said):",
            "if (has & ~said).any():",
        ),
    ),
    *in_module(
        "report/numbering.py",
        "tests/report/test_canonical.py tests/report/test_writers.py",
        (
            "equal-edges-have-two-numbers",
            "starts = runs(*(column[order] for column in columns))",
            "starts = np.arange(len(order))",
        ),
        (
            "number-is-the-row-of-a-table",
            "self.number[rows] = np.cumsum(fresh, dtype=np.int32) - 1",
            "self.number[rows] = rows",
        ),
        (
            "parts-of-a-leg-run-together",
            "lead[1:] += part[1:] == part[:-1]",
            "lead[1:] += 1",
        ),
        (
            "nodes-stand-as-they-come",
            "order = order_by(kind, ranks(ids.texts)[name])",
            "order = order_by(kind)",
        ),
    ),
    *in_module(
        "report/joined.py",
        "tests/report/test_writers.py",
        (
            "hop-has-the-record-of-another",
            "*(Column(name, edges[name], ties.edge) for name in EDGES.names),",
            "*(Column(name, edges[name], ties.edge[::-1]) for name in EDGES.names),",
        ),
    ),
    *in_module(
        "report/reading.py",
        "tests/report/test_canonical.py",
        (
            "tables-that-say-something-else-are-read",
            "if digest_of(tables) != digest:",
            "if not digest_of(tables):",
        ),
    ),
    *in_module(
        "compose/trace.py",
        "tests/engine/test_findings.py tests/engine/test_columns.py",
        (
            "record-of-one-hop-off-by-one",
            "self._record[first].as_py()\n",
            "self._record[first].as_py() + 1\n",
        ),
        ("last-record-speaks-for-one-hop", "first = int(rows[0])", "first = int(rows[-1])"),
        (
            "gates-not-evaluated-is-not-said",
            "if system in known and unread in",
            "if system in known and not known and unread in",
        ),
    ),
    *in_module(
        "compose/places.py",
        "tests/engine/test_findings.py",
        ("tier-is-ignored", "return rule.severity_of(tier)", "return rule.severity"),
        (
            "everything-has-the-mildest-severity",
            "return max((rule.severity_of(t) for t in tiers)",
            "return min((rule.severity_of(t) for t in tiers)",
        ),
    ),
    *in_module(
        "compose/engines.py",
        "tests/engine/test_findings.py",
        (
            "unmapped-resource-is-no-gap",
            "for system, resource in sorted(engine.columns.unmapped):",
            "for system, resource in sorted(engine.columns.unmapped)[:0]:",
        ),
        (
            "unknown-environment-is-no-gap",
            "for system, resource in would_be.open_environments(engine):",
            "for system, resource in would_be.open_environments(engine)[:0]:",
        ),
        (
            "dead-duty-is-no-gap",
            "for duty in ruleset.duties:\n        # What",
            "for duty in ruleset.duties[:0]:\n        # What",
        ),
    ),
    *in_module(
        "compose/report.py",
        "tests/engine/test_findings.py",
        (
            "no-conflicts-though-input-is-incomplete",
            "elif not open_ and completeness.complete:",
            "elif not open_:",
        ),
        (
            "no-conflicts-though-something-is-not-evaluable",
            "elif not open_ and completeness.complete:",
            "elif completeness.complete:",
        ),
        (
            "folded-violations-are-counted-twice",
            'unfolded = broken.filter(pc.is_null(broken["folded_under"]))',
            "unfolded = broken",
        ),
    ),
    *in_module(
        "compose/would_be.py",
        "tests/engine/test_findings.py",
        ("dormant-list-is-empty", "replace(lens, dormant=True)", "replace(lens, dormant=False)"),
        (
            "could-become-list-is-empty",
            "if lens.means is not Means.SELF_GRANT:",
            "if lens.means is None:",
        ),
    ),
    *in_module(
        "compose/people.py",
        "tests/engine/test_findings.py",
        (
            "not-judged-is-no-conflict",
            "outcome = np.where(judged, _OPEN, _NOT_JUDGED)",
            "outcome = np.where(judged, _OPEN, _OPEN)",
        ),
    ),
    *in_module(
        "compose/rule_rows.py",
        "tests/engine/test_findings.py",
        (
            "rule-nobody-can-judge-is-evaluated",
            "if not result.not_evaluable:",
            "if not result.not_evaluable or result:",
        ),
    ),
    *in_module(
        "graph/packed.py",
        "tests/engine/test_packed.py",
        (
            "edges-to-what-was-marked-late-are-missed",
            "return not np.array_equal(self._seen, reaches[self.packed.target[self.back]])",
            "return False",
        ),
        (
            "groups-in-groups-are-not-followed-back",
            "if len(self.inner) and len(found):",
            "if len(self.inner) and not len(found):",
        ),
        (
            "part-of-the-edges-names-other-rows",
            "rows = np.searchsorted(known, stated).astype(np.int32)",
            "rows = np.searchsorted(known, stated[::-1]).astype(np.int32)",
        ),
    ),
    *in_module(
        "evaluate/part.py",
        "tests/engine/test_packed.py",
        (
            "rights-of-a-part-keep-their-codes",
            "Engine(snapshot, columns.among(nodes), numbered)",
            "Engine(snapshot, columns, numbered)",
        ),
    ),
    *in_module(
        "store/lazily.py",
        "tests/store/test_lazily.py",
        ("table-is-not-held-against-the-manifest", "if sha256 != self._sha256:", "if False:"),
        (
            "rows-are-read-in-the-order-of-the-file",
            ".take(pa.array(back))\n        return self._ascending",
            "\n        return self._ascending",
        ),
    ),
    *in_module(
        "pipeline/stored.py",
        "tests/e2e/test_stored.py",
        (
            "reach-of-another-day-is-used",
            '"as_of": day.isoformat(),',
            '"as_of": snapshot.as_of.isoformat(),',
        ),
        (
            "verdict-under-other-settings-is-used",
            'if not same or about.get("settings") != _of_settings(space.folder):',
            "if not same:",
        ),
        ("verdict-under-other-rules-is-used", 'same = about.get("own") is True', "same = True"),
        (
            "arrays-that-lead-outside-are-used",
            "if count and not (values.min() >= 0 and values.max() < limit):",
            "if count and not values.max() < limit:",
        ),
        (
            "edges-that-are-not-all-there-are-stored",
            'if edges.n_rows != snapshot["grants"].num_rows:',
            "if not len(edges):",
        ),
    ),
    *in_module(
        "compose/answers.py",
        "tests/engine/test_questions.py tests/engine/test_packed.py",
        ("leaver-stands-among-the-active", "            (LEAVER, leaver),\n", ""),
        (
            "undecided-answer-looks-decided",
            "return UNDECIDED in self.rows.counts",
            "return None in self.rows.counts",
        ),
        (
            "only-if-is-forgotten-for-the-first-lens",
            "only_if = ~plain[self.found.lens]",
            "only_if = plain[self.found.lens] & False",
        ),
        (
            "rows-of-a-page-are-those-of-the-first",
            "return self._order[start : start + count]",
            "return self._order[:count]",
        ),
        (
            "path-begins-at-somebody-else",
            "node[first[:-1]] = self.subject[owner]",
            "node[first[:-1]] = self.subject[owner[::-1]]",
        ),
        (
            "source-is-that-of-the-first-hop",
            "last = self.edge[self.first[1:] - 1]",
            "last = self.edge[self.first[:-1]]",
        ),
    ),
    *in_module(
        "compose/questions.py",
        "tests/engine/test_questions.py",
        (
            "who-can-forgets-the-undecided",
            "lenses = [*narrowings(asked), replace(asked, possible=True)]",
            "lenses = [*narrowings(asked)]",
        ),
        (
            "no-though-a-source-is-missing",
            '"answer": "unknown" if blind else "no"',
            '"answer": "no"',
        ),
        (
            "asked-environment-is-ignored",
            "wanted = question.environment\n",
            "wanted = question.environment and None\n",
        ),
        (
            "asked-application-is-ignored",
            "return atlas.number[Place(PlaceKind.APPLICATION, application)]",
            "return atlas.number[Place(PlaceKind.ANYWHERE, PLACE_ANYWHERE)]",
        ),
    ),
    *in_module(
        "pipeline/judging.py",
        "tests/engine/test_whole_job.py",
        (
            "unread-systems-are-not-passed-on",
            "        unknown_systems=unknown,\n",
            "        unknown_systems=(),\n",
        ),
        (
            "gaps-of-the-engine-are-not-passed-on",
            "check_input(config, snapshot, day, further=further, reconciliation=reconciled)",
            "check_input(config, snapshot, day, reconciliation=reconciled)",
        ),
    ),
    *in_module(
        "report/literal.py",
        "tests/report/test_workbook.py",
        (
            "texts-may-be-markup",
            "self._xml_inline_string(string, None, attributes)",
            "super()._xml_rich_inline_string(string, attributes)",
        ),
    ),
    *in_module(
        "report/workbook/rows.py",
        "tests/report/test_rows.py",
        (
            "texts-with-blanks-at-an-end-lose-them",
            "if not pc.any(special).as_py():",
            "if special is not None:",
        ),
        (
            "large-numbers-are-written-digit-by-digit",
            "return _each(values, self.rest)",
            "return self.around(values.cast(pa.string()))",
        ),
        (
            "rows-without-cells-are-rows",
            "if all(values.null_count for values in columns):",
            "if not columns:",
        ),
    ),
    *in_module(
        "pipeline/writing.py",
        "tests/e2e/test_writing.py",
        (
            "file-that-another-thread-cannot-write-is-not-missed",
            "            second.result()\n",
            "",
        ),
        (
            "files-go-on-after-one-could-not-be-written",
            "            finally:\n                self._begin_no_more()\n            second",
            "            finally:\n                pass\n            second",
        ),
    ),
    *in_module(
        "compose/small_teams.py",
        "tests/engine/test_papers.py",
        (
            "teams-are-counted-again-for-every-rule",
            "known = self._counted.get((holding.lens, duty))",
            "known = self._counted.get((holding.lens, ''))",
        ),
        (
            "team-is-large-if-any-duty-was-looked-at",
            "if not (at_least[places] < rule.count).any():",
            "if at_least[places].any():",
        ),
    ),
    *in_module(
        "pipeline/checking.py",
        "tests/engine/test_whole_job.py",
        (
            "what-a-missing-directory-feeds-looks-known",
            "if feed in unknown} - unknown",
            "if feed in unknown} - unknown - {fed for fed, _ in feeds}",
        ),
    ),
)
