"""Faults in what the access rules of Argo CD decide, and in patterns of other tools."""

from __future__ import annotations

from tests.fault_kit import Fault, in_module

_CASES = "tests/cloud/argocd/test_policy.py"

ARGOCD: tuple[Fault, ...] = (
    *in_module(
        "cloud/expressions.py",
        "tests/cloud/test_expressions.py",
        ("globs-go-by-lines", 'return regex("(?s)" +', 'return regex("" +'),
        ("a-set-that-is-not-is-one", "{'^' if negated else ''}", ""),
        ("braces-hold-one-text", '_WITHIN = {",": "|"', '_WITHIN = {",": ","'),
        ("a-backslash-is-one", 'self._take() if c == "\\\\" else c))', "c))"),
        ("patterns-are-as-long-as-they-like", "    if len(text) > MAX_LENGTH:", "    if not text:"),
    ),
    *in_module(
        "cloud/argocd/lines.py",
        _CASES,
        ("blanks-before-values-count", "skipinitialspace=True", "skipinitialspace=False"),
        (
            "a-rule-without-effect-is-passed-over",
            "    if len(tokens) != wanted:\n        return Lines(refused=",
            "    if len(tokens) != wanted:\n        return Lines(warnings=",
        ),
        (
            "lines-of-another-kind-are-passed-over",
            "    if wanted is None:\n        return Lines(refused=",
            "    if wanted is None:\n        return Lines(warnings=",
        ),
        (
            "any-effect-denies",
            "known.get(effect, Effect.NEITHER)",
            "known.get(effect, Effect.DENY)",
        ),
        (
            "further-policies-are-not-read",
            'key.startswith("policy.")',
            'key.startswith("policies.")',
        ),
    ),
    *in_module(
        "cloud/argocd/policy.py",
        _CASES,
        (
            "a-deny-stops-every-group",
            "            if best.answer is Answer.YES:\n",
            "            if best.answer is Answer.YES or best.rule is not None:\n",
        ),
        (
            "the-first-rule-decides",
            "            allowed = allowed or rule\n",
            "            allowed = allowed or rule\n            break\n",
        ),
        ("roles-have-no-roles", "_DEPTH = 10", "_DEPTH = 1"),
        (
            "everybody-has-no-role",
            "asked = [(Layer.DEFAULT, self.everybody)] if self.everybody else []",
            "asked: list[tuple[Layer, str]] = []",
        ),
        (
            "roles-of-projects-are-asked-everywhere",
            'return first if request.resource in OF_PROJECTS and slash else ""',
            'return "shop" if first and slash else ""',
        ),
        (
            "projects-are-no-objects-of-their-own",
            "    if request.resource == _PROJECTS:\n        return request.object\n",
            "",
        ),
        (
            "groups-of-rules-alone-are-asked",
            "if layer is Layer.GROUP and not through and subject not in self._members:",
            "if layer is Layer.DEFAULT and not through and subject not in self._members:",
        ),
        ("expressions-match-the-whole", "compiled.search(text) if", "compiled.fullmatch(text) if"),
        (
            "an-application-is-its-resources",
            "or self.inherits is False:",
            "or self.inherits is None:",
        ),
        (
            "projects-that-were-not-read-have-no-roles",
            "() if self.all_projects or not project else",
            "() if project else",
        ),
        (
            "projects-that-are-damaged-have-no-roles",
            "            return known.refused\n",
            "            return ()\n",
        ),
    ),
    *in_module(
        "cloud/argocd/instance.py",
        _CASES,
        (
            "admin-is-never-switched-off",
            "if name == _ADMIN and self.has_admin is False:",
            "if not name:",
        ),
        ("nobody-needs-to-sign-in", "if self.is_open is False:", "if self.is_open is True:"),
        (
            "rules-that-were-not-read-say-no",
            "if self.has_rules or found.answer is Answer.YES:",
            "if found is not None:",
        ),
        (
            "what-everybody-may-is-known-without-rules",
            'return self._known(self.policy.decide("", (), request))',
            'return self.policy.decide("", (), request)',
        ),
        ("groups-of-projects-are-none", 'texts_at(role, "groups")', 'texts_at(role, "group")'),
        (
            "a-role-does-not-see-its-project",
            'Rule(subject, "projects", "get"',
            'Rule(subject, "x", "get"',
        ),
        (
            "of-two-instances-the-last-one-counts",
            "if name in self._values:",
            "if name not in self._values:",
        ),
        (
            "objects-without-a-name-are-nothing",
            "        self._cut = True\n",
            "        self._cut = False\n",
        ),
        (
            "applications-own-their-resources-by-default",
            'settings.get(_INHERITANCE, "true") == "false"',
            'settings.get(_INHERITANCE, "false") == "false"',
        ),
    ),
)
