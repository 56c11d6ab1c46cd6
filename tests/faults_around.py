"""Faults around the engine: what is read into it, and how its answers are told."""

from __future__ import annotations

from tests.fault_kit import in_module

_COMPOSE = (
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
            "rows = edges.rows[edges.first[self.edge]].astype(np.int64)",
            "rows = edges.rows[edges.first[self.edge + 1] - 1].astype(np.int64)",
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
        "compose/answers.py",
        "tests/engine/test_questions.py",
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
            "return self._first_in_order(start + count)[start:]",
            "return self._first_in_order(start + count)[:count]",
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
            "check_input(config, snapshot, day, further=further)",
            "check_input(config, snapshot, day)",
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

_INPUT = (
    *in_module(
        "identity/link.py",
        "tests/identity/test_link.py",
        (
            "alias-file-is-ignored",
            "aliases=linker.aliases.get(account.account, ()),",
            "aliases=(),",
        ),
        (
            "link-clash-takes-the-first",
            "named = {claim.identity for claim in claims}",
            (
                "claims = sorted(claims, key=_claim_order)[:1]\n"
                "    named = {claim.identity for claim in claims}"
            ),
        ),
        (
            "recycled-address-links",
            "if len(named) == 1 and not strange:",
            "if len(named) == 1:",
        ),
        (
            "undecided-link-has-no-edge",
            "for name in answer.identities:",
            "for name in () if undecided else answer.identities:",
        ),
        (
            "undecided-link-is-a-plain-edge",
            "tables.holds(account, name, undecided=undecided)",
            "tables.holds(account, name)",
        ),
    ),
    *in_module(
        "identity/evidence.py",
        "tests/identity/test_link.py",
        ("shared-address-links", "if len(owners) == 1:", "if owners:"),
        (
            "zeros-of-employee-ids-are-dropped",
            'return (text or "").strip()\n\n\ndef folded',
            'return (text or "").strip().lstrip("0")\n\n\ndef folded',
        ),
    ),
    *in_module(
        "identity/federation.py",
        "tests/identity/test_federation.py",
        (
            "group-federation-is-reversed",
            '(NodeKind.ROLE, other), (NodeKind.ROLE, row["role"])',
            '(NodeKind.ROLE, row["role"]), (NodeKind.ROLE, other)',
        ),
        (
            "group-without-members-is-silent",
            'if others or row["role"] in filled or',
            "if name or",
        ),
    ),
    *in_module(
        "assemble/merge.py",
        "tests/assemble/test_assemble.py",
        ("disabled-anywhere-wins", '"enabled": Pick.HIGHEST', '"enabled": Pick.LOWEST'),
        ("workload-anywhere-wins", '"kind": Pick.LOWEST,', '"kind": Pick.HIGHEST,'),
    ),
    *in_module(
        "completeness/gaps.py",
        "tests/completeness",
        ("accepted-gap-never-expires", "if given.until < as_of:", "if given.until is None:"),
        (
            "accepted-gap-covers-any-number",
            "if given.most is not None and found > given.most:",
            "if given.most is not None and found < 0:",
        ),
    ),
    *in_module(
        "completeness/sources.py",
        "tests/completeness",
        (
            "control-total-is-ignored",
            "if not stated or unread or expected in {parsed, distinct}:",
            "if not stated or unread or parsed >= 0:",
        ),
        ("stale-source-is-fresh", "if age > max_skew_days:", "if age > 999 + max_skew_days:"),
        (
            "system-without-source-is-known",
            'unknown[name] = "no source"',
            "unknown.pop(name, None)",
        ),
        (
            "failed-source-is-known",
            'unknown.setdefault(source["system"], f"source {source_id} is {state}")',
            'unknown.get(source["system"])',
        ),
    ),
    *in_module(
        "completeness/check.py",
        "tests/completeness",
        (
            "what-may-hide-a-conflict-is-no-gap",
            "is_gap = gap.hides is not Hides.NO and",
            "is_gap = gap.hides is Hides.YES and",
        ),
    ),
)

_IMPORTERS = (
    *in_module(
        "importers/ldif/memberships.py",
        "tests/importers/ldif",
        (
            "primary-group-is-dropped",
            'for value in entry.all("gidnumber"):',
            'for value in entry.all("gidnumber")[:0]:',
        ),
        (
            "primary-group-of-the-domain-is-dropped",
            'for value in entry.all("primarygroupid"):',
            'for value in entry.all("primarygroupid")[:0]:',
        ),
        (
            "member-of-is-dropped",
            (
                "for value in entry.all(name):\n                at = Place(file, value.line)\n"
                "                if backwards"
            ),
            (
                "for value in entry.all(name)[:0]:\n                at = Place(file, value.line)\n"
                "                if backwards"
            ),
        ),
    ),
    *in_module(
        "importers/ldif/holders.py",
        "tests/importers/ldif",
        (
            "name-is-compared-as-written",
            "normal = normalise(text)\n        except DnError as error:\n            self.issue(",
            (
                "normal = normalise(text) and text\n        except DnError as error:\n"
                "            self.issue("
            ),
        ),
        (
            "nested-group-is-dropped",
            "if known.is_group:\n            holders.append",
            "if known.is_group and known.is_account:\n            holders.append",
        ),
        (
            "dangling-member-is-silent",
            'self._dangle(normal, group, place, "is not in the export")',
            "del place",
        ),
    ),
    *in_module(
        "importers/ldif/accounts.py",
        "tests/importers/ldif",
        ("disabled-bit-is-not-read", "_UAC_DISABLED = 0x2\n", "_UAC_DISABLED = 0x4\n"),
    ),
    *in_module(
        "importers/github/nodes.py",
        "tests/importers/test_github.py",
        (
            "archived-repository-can-be-changed",
            "ARCHIVED if repository.archived else role.actions",
            "role.actions",
        ),
        ("base-permission-is-dropped", "if new and base is not None:", "if new and base is role:"),
        (
            "owner-is-not-unrestricted",
            "entitlement(EVERY_ACTION, WHOLE_SYSTEM, wildcard=True)",
            "entitlement(EVERY_ACTION, WHOLE_SYSTEM, wildcard=False)",
        ),
    ),
    *in_module(
        "importers/github/load.py",
        "tests/importers/test_github.py",
        (
            "child-team-does-not-inherit",
            "self._grant(node, higher, GrantKind.MEMBER, origin)",
            "del node, higher",
        ),
        (
            "parent-team-inherits",
            "self._grant(node, higher, GrantKind.MEMBER, origin)",
            "self._grant(higher, node, GrantKind.MEMBER, origin)",
        ),
        (
            "pending-invitation-counts",
            'role = text_at(record, "role")\n        if text_at(record, "state") == "pending":',
            'role = text_at(record, "role")\n        if text_at(record, "state") == "gone":',
        ),
    ),
    *in_module(
        "importers/kubernetes/load.py",
        "tests/importers/test_kubernetes.py",
        (
            "two-clusters-are-merged",
            'node: Node = (NodeKind.ROLE, f"{self._system}:{node_id}")',
            'node: Node = (NodeKind.ROLE, f"k8s-prod:{node_id}")',
        ),
        (
            "role-of-any-namespace-is-bound",
            "key = (None if cluster_wide else each.namespace, each.role_name)\n",
            (
                "key = next((k for k in self._roles if k[1] == each.role_name and "
                "(k[0] is None) == cluster_wide), (None, each.role_name))\n"
            ),
        ),
        (
            "cluster-role-bound-in-a-namespace-holds-everywhere",
            "target = self._instance(key, each.namespace)",
            "target = self._instance(key, key[0])",
        ),
        (
            "resource-names-are-ignored",
            'yield right.local, f"{place}/{right.name}" if right.name else place',
            "yield right.local, place",
        ),
        (
            "aggregated-roles-are-ignored",
            "for lender in lenders(role, self._cluster_roles) if role.selectors else ():",
            "for lender in lenders(role, self._cluster_roles)[:0]:",
        ),
        (
            "masters-are-like-everyone",
            "if masters is not None and self._is_new(MASTERS):",
            "if masters is not None and self._is_new(MASTERS) and key == masters:",
        ),
    ),
    *in_module(
        "importers/tabular/csv_file.py",
        "tests/importers/test_tabular_csv.py",
        ("csv-line-off-by-one", "line = place.started + 1\n", "line = place.started + 2\n"),
    ),
    *in_module(
        "importers/tabular/blocks.py",
        "tests/importers/test_tabular_blocks.py",
        (
            "alike-in-what-is-wanted-is-repeated",
            "if similar.exact and not rest:",
            "if similar.exact:",
        ),
    ),
    *in_module(
        "importers/tabular/blocks_text.py",
        "tests/importers/test_tabular_blocks.py",
        (
            "block-line-off-by-one",
            "return Cut(before + 1, count, block)",
            "return Cut(before, count, block)",
        ),
        (
            "quotes-in-pairs-are-plain",
            "return np.concatenate([spots[~fits], spots[single]])",
            "return spots[single]",
        ),
        ("lone-return-is-plain", "if _RETURN in block:", "if _RETURN in block[:0]:"),
    ),
    *in_module(
        "importers/tabular/blocks_codes.py",
        "tests/importers/test_tabular_blocks.py",
        ("one-text-has-two-codes", "mixed[lengths == 0] = 0\n", "mixed[lengths == 0] = 1\n"),
    ),
    *in_module(
        "importers/tabular/blocks_repeats.py",
        "tests/importers/test_tabular_blocks.py",
        (
            "last-of-repeated-records-stays",
            "return rows[order[1:][same]]",
            "return rows[order[:-1][same]]",
        ),
    ),
    *in_module(
        "importers/tabular/excel.py",
        "tests/importers/test_tabular_excel.py",
        ("sheet-row-off-by-one", "yield (number, *_texts(", "yield (number + 1, *_texts("),
    ),
    *in_module(
        "importers/json_text.py",
        "tests/importers/test_github.py",
        ("element-off-by-one", "in enumerate(values):", "in enumerate(values, start=1):"),
        (
            "equal-elements-count-twice",
            "            seen.add(digest)\n",
            "            seen.add(b'')\n",
        ),
    ),
    *in_module(
        "importers/ldif/reader.py",
        "tests/importers/ldif/test_reader.py",
        (
            "ldif-line-off-by-one",
            "Value(text, ended.line, ended.options)",
            "Value(text, ended.line + 1, ended.options)",
        ),
    ),
    *in_module(
        "importers/tabular/engine.py",
        "tests/importers/test_tabular_columns.py",
        (
            "first-value-of-a-cell-only",
            "values = texts[name].values\n",
            "values = texts[name].values[:1]\n",
        ),
    ),
    *in_module(
        "importers/tabular/words.py",
        "tests/importers/test_tabular_mapping.py",
        (
            "first-word-of-a-cell-only",
            "if (counts > 1).any() else None",
            "if (counts > 99).any() else None",
        ),
    ),
    *in_module(
        "importers/tabular/statements.py",
        "tests/importers/test_tabular_columns.py",
        (
            "one-statement-per-node",
            "other = np.flatnonzero(common[group] != codes)",
            "other = np.flatnonzero(common[group] != codes)[:0]",
        ),
        (
            "last-record-states-it",
            "found[codes[::-1]] = np.arange(len(codes) - 1, -1, -1, dtype=np.int32)",
            "found[codes] = np.arange(len(codes), dtype=np.int32)",
        ),
    ),
    *in_module(
        "importers/tabular/parquet_file.py",
        "tests/importers/test_parquet.py",
        (
            "parquet-row-off-by-one",
            "yield Block(job.columns, tuple(cells), rows + 1)",
            "yield Block(job.columns, tuple(cells), rows)",
        ),
        (
            "parquet-looks-at-no-other-column",
            "others = job.others if job.used else job.others[1:]",
            "others = job.others[:0]",
        ),
    ),
    *in_module(
        "importers/tabular/days.py",
        "tests/importers/test_tabular_columns.py",
        ("thirtieth-of-february", "(day <= after - first)", "(day <= after - first + 1)"),
    ),
    *in_module(
        "importers/hr/columns.py",
        "tests/importers/test_hr.py",
        ("leaver-is-active", "known.index(Status.LEAVER)", "known.index(Status.ACTIVE)"),
    ),
    *in_module(
        "importers/hr/records.py",
        "tests/importers/test_hr_columns.py",
        ("leaver-is-active-by-record", "return Status.LEAVER\n", "return Status.ACTIVE\n"),
    ),
)

AROUND = (*_COMPOSE, *_INPUT, *_IMPORTERS)
