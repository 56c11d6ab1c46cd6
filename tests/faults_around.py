"""Faults around the engine: what is read into it."""

from __future__ import annotations

from tests.fault_kit import in_module

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
        "model/batch.py",
        "tests/importers/test_tabular_columns.py",
        (
            "nothing-stated-is-zero",
            "buffers = [None if valid else content, content]",
            "buffers = [None, content]; valid = True",
        ),
    ),
    *in_module(
        "assemble/facts.py",
        "tests/assemble/test_by_the_book.py",
        (
            "many-cases-share-their-numbers",
            "np.uint16 if self._count <= 2**16 else np.int32",
            "np.uint16",
        ),
    ),
    *in_module(
        "assemble/ids.py",
        "tests/assemble/test_by_the_book.py",
        (
            "ids-of-one-memory-are-the-same",
            "if known is None or not _within(ids, known[0]):",
            "if known is None or len(ids) > len(known[0]):",
        ),
    ),
    *in_module(
        "assemble/pairs.py",
        "tests/assemble/test_by_the_book.py",
        (
            "equal-pairs-across-blocks-differ",
            "again[0] = before is not None and pair[0] == before",
            "again[0] = False",
        ),
        (
            "what-is-told-stays-where-it-stood",
            'np.take(given, rows, out=found[place], mode="clip")',
            'np.take(given, np.sort(rows), out=found[place], mode="clip")',
        ),
    ),
    *in_module(
        "assemble/merge.py",
        "tests/assemble/test_by_the_book.py",
        (
            "last-of-several-rows-counts",
            "if count - np.count_nonzero(absent) < len(keys):",
            "if count < 0:",
        ),
        (
            "only-the-last-piece-states-it",
            "begin, end = (begin if end else at - len(chunk)), at",
            "begin, end = at - len(chunk), at",
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
            "target = self.instance(key, each.namespace)",
            "target = self.instance(key, key[0])",
        ),
        (
            "resource-names-are-ignored",
            'yield right.local, f"{place}/{right.name}" if right.name else place',
            "yield right.local, place",
        ),
        (
            "aggregated-roles-are-ignored",
            "for lender in lenders(role, self._authority.cluster_roles) if role.selectors else ():",
            "for lender in lenders(role, self._authority.cluster_roles)[:0]:",
        ),
        (
            "masters-are-like-everyone",
            "if self._is_new(MASTERS):",
            "if self._is_new(MASTERS) and not masters:",
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
        (
            "only-every-other-row-is-looked-at",
            "return np.flatnonzero(shared.take(places)) + start",
            "return np.flatnonzero(shared.take(places))[::2] + start",
        ),
        (
            "suspects-stand-at-the-beginning",
            "return Alike(rows[found.rows], found.first, found.exact)",
            "return found",
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
        "importers/tabular/statements.py",
        "tests/importers/test_tabular_arrays.py",
        (
            "records-stay-while-nodes-are-put-in-order",
            "ordered[codes - low] = records",
            "ordered[...] = records",
        ),
    ),
    *in_module(
        "importers/tabular/days.py",
        "tests/importers/test_tabular_arrays.py",
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

AROUND = (*_INPUT, *_IMPORTERS)
