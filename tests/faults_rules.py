"""Faults of what judges rules: subjects, gates, exclusions, headcounts, checks."""

from __future__ import annotations

from tests.fault_kit import in_module

RULES = (
    *in_module(
        "detect/judge.py",
        "tests/engine/test_judge.py",
        (
            "missing-source-looks-clean",
            "self.unknown_systems = frozenset(unknown_systems)",
            "self.unknown_systems = frozenset()",
        ),
    ),
    *in_module(
        "detect/combination.py",
        "tests/engine/test_judge.py",
        (
            "scope-is-ignored",
            "ScopeKind.APPLICATION: (PlaceKind.APPLICATION, PlaceKind.UNMAPPED),",
            "ScopeKind.APPLICATION: (PlaceKind.ANYWHERE,),",
        ),
        (
            "resource-scope-is-system-scope",
            "ScopeKind.RESOURCE: (PlaceKind.RESOURCE,),",
            "ScopeKind.RESOURCE: (PlaceKind.SYSTEM,),",
        ),
        (
            "system-scope-is-anywhere",
            "ScopeKind.SYSTEM: (PlaceKind.SYSTEM,),",
            "ScopeKind.SYSTEM: (PlaceKind.ANYWHERE,),",
        ),
        (
            "any-two-duties-break-a-rule",
            "enough = legs.sum(axis=1) >= self.count",
            "enough = legs.sum(axis=1) >= min(self.count, 2)",
        ),
        (
            "n-of-m-needs-one-more",
            "enough = legs.sum(axis=1) >= self.count",
            "enough = legs.sum(axis=1) >= min(self.count + 1, len(rule.duties))",
        ),
        (
            "dead-duty-looks-clean",
            "blanks[row, self.places] = True",
            "blanks[row, self.places] = False",
        ),
        (
            "unknown-is-clear",
            "maybe = maybe[~among(maybe, sure)]",
            "maybe = maybe[:0]",
        ),
        (
            "unmapped-is-a-violation",
            "sure = sure[sure % n_places != self.engine.unmapped]",
            "sure = sure[sure % n_places >= 0]",
        ),
        (
            "only-who-covers-everything-is-looked-at",
            "asked = ~(everything if known is None else known.all)",
            "asked = everything if known is None else known.all",
        ),
        (
            "whole-system-does-not-reach-unmapped",
            "further.append(np.flatnonzero((covers > 0) & asked)",
            "further.append(np.flatnonzero((covers < 0) & asked)",
        ),
        (
            "everything-is-a-row-per-application",
            "everywhere = np.flatnonzero(known.all & self.judged)\n        sure",
            "everywhere = np.flatnonzero(known.all & ~known.all)\n        sure",
        ),
    ),
    *in_module(
        "detect/combination.py",
        "tests/engine/test_kinds.py",
        (
            "gate-clears-a-person",
            "verdict = np.where(broken & ~alone, Verdict.GATED.rank, verdict)",
            "verdict = np.where(broken, Verdict.GATED.rank, verdict)",
        ),
        (
            "gate-clears-nothing",
            "verdict = np.where(broken & ~alone, Verdict.GATED.rank, verdict)",
            "verdict = np.where(broken & ~broken, Verdict.GATED.rank, verdict)",
        ),
        (
            "doubtful-subject-is-a-violation",
            "verdict = np.where(violation & doubtful, Verdict.NOT_EVALUABLE.rank, verdict)",
            "verdict = np.where(violation & ~violation, Verdict.NOT_EVALUABLE.rank, verdict)",
        ),
        (
            "exclusion-that-is-over-counts",
            "if e.until is None or day <= e.until",
            "if e.until is None or day or e.until",
        ),
        (
            "last-day-of-an-exclusion-is-left-out",
            "if e.until is None or day <= e.until",
            "if e.until is None or day < e.until",
        ),
        (
            "exclusion-of-a-person-is-for-everyone",
            "fits &= certain[subject]",
            "fits &= certain[subject] | True",
        ),
        (
            "exclusion-of-a-place-is-for-every-place",
            "fits &= named[spot]",
            "fits &= named[spot] | True",
        ),
        (
            "what-is-excluded-is-not-counted",
            "for row in np.flatnonzero(fits & stays)",
            "for row in np.flatnonzero(fits & ~fits)",
        ),
        (
            "tiers-of-a-rule-are-ignored",
            "or atlas.tiers[place.key] in rule.only_tiers",
            "or atlas.tiers[place.key] or rule.only_tiers",
        ),
        (
            "long-grants-are-no-longer-than-short-ones",
            "longer_than=rule.count if rule.kind is RuleKind.MAX_GRANT_HOURS else None",
            "longer_than=None",
        ),
        (
            "roles-bring-no-parts-together",
            "roles=rule.holder is Holder.ROLE",
            "roles=False",
        ),
    ),
    *in_module(
        "detect/subjects.py",
        "tests/engine/test_judge.py tests/engine/test_kinds.py",
        (
            "workload-is-judged",
            "return self.kinds.among(IdentityClass.WORKLOAD)",
            "return self.kinds.among()",
        ),
        (
            "vendor-is-not-judged",
            "return self.kinds.among(IdentityClass.WORKLOAD)",
            "return self.kinds.among(IdentityClass.WORKLOAD, IdentityClass.VENDOR)",
        ),
        (
            "leaver-is-dropped",
            "truths[self.workloads] = int(Truth.NO)",
            (
                'truths[[w or s == "leaver" for w, s in zip(self.workloads, '
                'self._of_people("status"), strict=True)]] = int(Truth.NO)'
            ),
        ),
        (
            "account-without-a-person-is-dropped",
            "truths[self.workloads] = int(Truth.NO)",
            (
                'truths[[w or s == "unknown" for w, s in zip(self.workloads, '
                'self._of_people("status"), strict=True)]] = int(Truth.NO)'
            ),
        ),
        (
            "unknown-department-is-another-department",
            "np.array([*known, int(Truth.UNKNOWN)], dtype=np.int8)",
            "np.array([*known, int(Truth.NO)], dtype=np.int8)",
        ),
        (
            "one-narrowing-is-enough",
            "np.min([everyone, *truths], axis=0)",
            "np.max([everyone * 0, *truths], axis=0)",
        ),
        (
            "those-allowed-are-the-ones-judged",
            "int(Truth.YES) - self.fits(rule.allowed)",
            "self.fits(rule.allowed)",
        ),
        (
            "controlling-an-allowed-account-is-having-it",
            "counts = counts & (edges.kind == _HOLDS)",
            "counts = counts & (edges.kind >= 0)",
        ),
        (
            "doubtful-link-to-a-role-is-none",
            "possible = self._reaching(named, kind, possible=True)",
            "possible = sure",
        ),
        (
            "leaver-keeps-the-lights-on",
            "return self.known_people & self.statuses.among(Status.ACTIVE)",
            "return self.known_people | self.statuses.among(Status.ACTIVE)",
        ),
        (
            "account-without-a-person-is-a-person",
            "return people & ~self.statuses.among(Status.UNKNOWN)",
            "return people | ~self.statuses.among(Status.UNKNOWN)",
        ),
    ),
    *in_module(
        "detect/headcount.py",
        "tests/engine/test_kinds.py",
        ("most-is-too-many", "broken = found > rule.count if", "broken = found >= rule.count if"),
        ("least-is-too-few", "else worst < rule.count", "else worst <= rule.count"),
        (
            "who-may-be-a-person-is-forgotten",
            "doubtful = worst > rule.count if",
            "doubtful = found > rule.count if",
        ),
        (
            "unread-system-holds-nobody",
            "unread = self._unread(place)",
            "unread: list[str] = []",
        ),
        (
            "team-may-be-too-small",
            "if found is not None and found < rule.count:",
            "if found is not None and found < rule.count - 1:",
        ),
        (
            "what-nobody-can-do-passes",
            "elif found is None:\n            verdict = Verdict.NOT_EVALUABLE",
            "elif found is None:\n            verdict = Verdict.CLEAR",
        ),
        (
            "conditional-right-keeps-the-lights-on",
            "return replace(PLAIN, alone=True)",
            "return replace(rule_lens(self.rule), alone=True)",
        ),
        (
            "team-has-everyone",
            "if more != have and (more not in best or _shorter(option, best[more])):",
            "if more != have and (more not in best or not _shorter(option, best[more])):",
        ),
    ),
    *in_module(
        "detect/hygiene.py",
        "tests/engine/test_kinds.py",
        (
            "login-that-sleeps-still-works",
            "if self._asleep[account]:",
            "if not self._asleep.size:",
        ),
        ("unused-limit-is-a-day-short", "if unused > limit:", "if unused >= limit:"),
        (
            "never-used-is-used",
            "elif made is None or (self.edges.as_of - made).days > limit:",
            "elif made is not None and (self.edges.as_of - made).days > limit:",
        ),
        (
            "robot-without-an-owner-is-minded",
            "~(machine & (owned | minded[span]))",
            "~machine",
        ),
        (
            "check-without-facts-is-clean",
            "DORMANT_PRIVILEGED and not self._privileged.any():",
            "DORMANT_PRIVILEGED and not len(self._privileged):",
        ),
        ("managing-a-group-needs-no-membership", "if own is not None:", "if taking:"),
    ),
    *in_module(
        "catalogue/columns.py",
        "tests/engine/test_kinds.py",
        (
            "whatever-is-allowed-still-counts",
            "if but and any(other.environment in (None, wanted) for other in but):",
            "if but and any(other.environment in () for other in but):",
        ),
        (
            "allowed-elsewhere-is-allowed-everywhere",
            "*(meets_environment(o.environment, environment).opposite for o in but),",
            "*(Truth.NO for o in but),",
        ),
        (
            "allowed-in-some-places-is-certain-in-all",
            "if but and resource == WHOLE_SYSTEM:",
            "if but and resource == WHOLE_SYSTEM and not but:",
        ),
    ),
    *in_module(
        "catalogue/actions.py",
        "tests/engine/test_kinds.py",
        (
            "wildcard-lies-within-anything",
            "    if wildcard and action == EVERY_ACTION:\n        return False\n    # A",
            "    if wildcard and action == EVERY_ACTION:\n        return True\n    # A",
        ),
    ),
    *in_module(
        "graph/edges.py",
        "tests/engine/test_kinds.py",
        (
            "a-day-is-no-hours",
            "np.maximum(span + _DAY, 0), ENDLESS)",
            "np.maximum(span, 0), ENDLESS)",
        ),
        ("two-days-are-certain", "np.maximum(span - _DAY + 1, 0)", "np.maximum(span + _DAY, 0)"),
        (
            "grant-without-an-end-is-short",
            "return np.where(ends, least, ENDLESS)",
            "return np.where(ends, least, 0)",
        ),
    ),
    *in_module(
        "detect/hygiene.py",
        "tests/engine/test_review.py",
        (
            "whoever-could-take-it-over-answers-for-it",
            "now = self.edges.allowed(~(Flag.OUT_OF_TIME | Flag.SELF_GRANTED))",
            "now = self.edges.allowed(~Flag.OUT_OF_TIME)",
        ),
        (
            "whoever-assumes-it-does-not-answer",
            "kinds = (GrantKind.ASSUMES, GrantKind.CONTROLS, GrantKind.USES)",
            "kinds = (GrantKind.CONTROLS, GrantKind.USES)",
        ),
        (
            "robots-answer-for-each-other",
            "fresh = target[answered[holder] & ~minded[target]]",
            "fresh = target[~minded[target]]",
        ),
        (
            "robots-of-robots-are-nobodys",
            "            answered[fresh] = True\n",
            "",
        ),
    ),
)
