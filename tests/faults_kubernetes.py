"""Faults in how a Kubernetes cluster decides, and in what rights of it lead to."""

from __future__ import annotations

from tests.fault_kit import Fault, in_module

_CASES = "tests/cloud/kubernetes/test_decide.py"
_STEPS = "tests/cloud/kubernetes/test_moves.py"
_EDGES = "tests/importers/test_kubernetes_becoming.py"

#: Each of the rules K1 to K8 and K10 switched off.
_DECIDE = in_module(
    "cloud/kubernetes/decide.py",
    _CASES,
    (
        "k1-bindings-hold-everywhere",
        "if bound.place is not None and (request.url or bound.place != request.namespace):",
        "if bound.place is not None and request.url:",
    ),
    (
        "k1-nodes-have-namespaces",
        "        if outside_namespaces(verb, group, resource):",
        "        if False:",
    ),
    (
        "k1-missing-bindings-say-no",
        "if kind not in kinds",
        "if kind not in kinds and not kinds",
    ),
    (
        "k2-roles-are-looked-up-anywhere",
        "        return each.namespace, each.role_name\n    return None",
        "        return None, each.role_name\n    return None",
    ),
    (
        "k2-a-cluster-role-binding-names-a-role",
        'if each.role_kind == "Role" and each.namespace is not None:',
        'if each.role_kind == "Role":',
    ),
    (
        "k3-verbs-do-not-matter",
        "    if not {ANY, request.verb} & {*rule.verbs}:",
        "    if not rule.verbs:",
    ),
    (
        "k3-groups-do-not-matter",
        "    if not {ANY, request.group} & {*rule.groups}:",
        "    if not rule.groups:",
    ),
    (
        "k3-a-resource-has-its-parts",
        'asked = {ANY, f"{request.resource}/{request.sub}" if request.sub else request.resource}',
        "asked = {ANY, request.resource}",
    ),
    (
        "k3-parts-of-any-resource-are-none",
        'asked.add(f"{ANY}/{request.sub}")',
        "asked.add(ANY)",
    ),
    (
        "k4-names-do-not-matter",
        "return not rule.names or request.name in rule.names",
        "return True",
    ),
    (
        "k4-what-names-nothing-is-named",
        "return not rule.names or request.name in rule.names",
        "return not rule.names or not request.name or request.name in rule.names",
    ),
    (
        "k5-urls-are-prefixes",
        "    return written.endswith(ANY) and asked.startswith(written.rstrip(ANY))",
        "    return asked.startswith(written.rstrip(ANY))",
    ),
    (
        "k5-bindings-of-namespaces-grant-urls",
        "if bound.place is not None and (request.url or bound.place != request.namespace):",
        "if bound.place is not None and not request.url and bound.place != request.namespace:",
    ),
    (
        "k6-groups-are-logins",
        "groups = [(name, self._groups) for name in caller.every_group]",
        "groups = [(name, self._logins) for name in caller.every_group]",
    ),
    (
        "k6-service-accounts-have-no-default-namespace",
        "    namespace = subject.namespace or each.namespace\n",
        "    namespace = subject.namespace\n",
    ),
    (
        "k7-nobody-signed-in",
        "    groups = (AUTHENTICATED, UNAUTHENTICATED)\n",
        "    groups: tuple[str, ...] = ()\n",
    ),
    (
        "k7-service-accounts-are-people",
        '    return (*groups, SERVICE_ACCOUNTS, f"{SERVICE_ACCOUNTS}:{namespace}")',
        "    return groups",
    ),
    (
        "k7-superusers-need-a-binding",
        "        if MASTERS in caller.groups:\n            said",
        "        if MASTERS in caller.groups and caller.login == MASTERS:\n            said",
    ),
    (
        "k8-nobody-lends",
        "                if role.selectors\n",
        "                if role.selectors and role.name == role.kind\n",
    ),
    (
        "k10-what-is-gone-is-unknown",
        "        needed += sorted({each.role_kind for each in dangling})",
        '        needed += sorted(f"{each.role_kind} " for each in dangling)',
    ),
    (
        "k10-what-is-gone-is-not-said",
        "            for each in dangling\n        )\n        records",
        "            for each in dangling[:0]\n        )\n        records",
    ),
)

#: Rules K9 and K11, and every other step.
_MOVES = in_module(
    "cloud/kubernetes/moves.py",
    _STEPS,
    (
        "k9-bindings-need-no-bind",
        "            if not bind.any:\n                continue",
        "            bind = _Found(None)",
    ),
    (
        "k9-bind-needs-no-bindings",
        "        if not (created.unnamed or changed.any):\n            return",
        "        created = _Found(None, unnamed=True)",
    ),
    (
        "k9-roles-need-no-escalate",
        "and _named(changed.names, name) and _named(escalate.names, name):",
        "and _named(changed.names, name):",
    ),
    (
        "k9-escalate-writes-roles",
        "if each.exists and _named(changed.names, name) and",
        "if each.exists and",
    ),
    (
        "k9-any-binding-can-be-joined",
        "keys = [key for key in keys if self._in_bindings(key, place, changed.names)]",
        "keys = [key for key in keys if key]",
    ),
    (
        "k9-the-strongest-is-in-every-binding",
        "            keys = self._bindable(kind, bind.names, place)\n",
        "            keys = self._strongest(self._bindable(kind, bind.names, place), place)\n",
    ),
    (
        "k9-everything-gains-more",
        "            if every_right(self.held, place):\n                continue\n",
        "",
    ),
    (
        "k11-namespaces-reach-the-cluster",
        '        bindings = "rolebindings" if place else "clusterrolebindings"',
        '        bindings = "rolebindings"',
    ),
    (
        "k11-rights-hold-outside-their-namespace",
        '            if each.place not in {"", place}:\n                continue\n',
        "",
    ),
    (
        "named-pods-can-be-made",
        '            if found.unnamed:\n                yield self._any(place, f"create',
        '            if found.any:\n                yield self._any(place, f"create',
    ),
    (
        "pods-that-nobody-read-are-there",
        'condition = "a pod that may be entered runs as it"',
        'condition = ""',
    ),
    (
        "tokens-are-read-unseen",
        "        if not read.any:\n            return\n",
        "",
    ),
    (
        "groups-need-nobody",
        "if groups.any and (logins.any or accounts.any):",
        "if groups.any:",
    ),
    (
        "certificates-approve-themselves",
        "if asked.unnamed and approved.any and (",
        "if asked.unnamed and (",
    ),
    (
        "superusers-are-like-any-group",
        "for name in [MASTERS] if names is None or MASTERS in names else sorted(names):",
        "for name in [] if names is None or MASTERS in names else sorted(names):",
    ),
    (
        "any-signer-signs-people",
        "(signed.names is None or _SIGNER in signed.names)",
        "signed.any",
    ),
)
_BECOMING = in_module(
    "importers/kubernetes/becoming.py",
    _EDGES,
    (
        "plain-roles-are-not-rewritten",
        "return held if any(map(escalates, held)) else [",
        "return [",
    ),
    ("two-roles-are-one", "            self._combine(caller)\n", "            pass\n"),
    (
        "steps-are-sure",
        "            conditional=bool(condition),",
        "            conditional=False,",
    ),
    ("changes-are-nobodys", "            self_granted=own,", "            self_granted=False,"),
    ("divided-rights-are-nobodys", "        self._divide()\n", ""),
    (
        "superusers-are-no-service-accounts",
        "self._step(node, self._state(_ANYBODY, origin), GrantKind.ATTACHED, [origin], _AS_THEM)",
        "self._superusers(node, origin)",
    ),
)
_OBJECTS = in_module(
    "cloud/kubernetes/objects.py",
    _STEPS,
    (
        "any-secret-is-a-token",
        "account = text_at(notes, _TOKEN_OF) if token else None",
        "account = text_at(notes, _TOKEN_OF)",
    ),
    (
        "pods-have-no-default-account",
        'return Thing(kind, name, namespace, stated or "default", origin)',
        "return Thing(kind, name, namespace, stated, origin)",
    ),
)

_CLUSTERS = (
    *in_module(
        "assemble/together.py",
        "tests/assemble/test_together.py",
        (
            "one-of-several-is-enough",
            "found &= self._same_people(having) if logins else having",
            "found |= self._same_people(having) if logins else having",
        ),
        (
            "open-memberships-are-sure",
            "rows = self._adds & self._sure if sure else self._adds",
            "rows = self._adds",
        ),
        (
            "what-one-could-join-one-is-in",
            "self._valid = valid & ~own",
            "self._valid = valid",
        ),
        (
            "anybodys-login-is-anybodys",
            "found[target[people[holder]]] = True",
            "found[target] = True",
        ),
        (
            "what-makes-up-a-role-is-kept",
            '"policies": policies.filter(pc.invert(mine)),',
            '"policies": policies,',
        ),
    ),
    *in_module(
        "assemble/clusters.py",
        "tests/assemble/test_clusters.py",
        (
            "pods-need-no-tags",
            "    if association.tagged:\n        tagged =",
            "    if not association:\n        tagged =",
        ),
        (
            "sessions-have-tags-in-any-case",
            "    if association.tagged:\n        return",
            "    if association:\n        return",
        ),
        (
            "the-policy-of-an-association-limits-nothing",
            "    if association.limited:",
            "    if not association:",
        ),
        (
            "trust-is-not-asked",
            "            if said.answer is not Answer.NO:\n                yield",
            "            if said is not None:\n                yield",
        ),
        (
            "any-issuer-is-the-clusters",
            "for role in trusting.get(host_of(workload.issuer), ()):",
            "for role in [each for some in trusting.values() for each in some]:",
        ),
        (
            "unknown-issuers-are-known",
            "answer = min(said.answer, Answer.CONDITIONAL)",
            "answer = said.answer",
        ),
        (
            "paths-of-roles-matter",
            "else plain.get(link.said)",
            "else None",
        ),
        (
            "refused-links-are-not-said",
            "            elif role.arn == named:",
            "            elif False:",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        "tests/e2e/test_clusters.py",
        (
            "links-are-kept-as-policies",
            "policies = table.filter(pc.invert(is_link))",
            "policies = table",
        ),
        (
            "entries-lead-out-of-clusters",
            "holder, target = (there, here) if found.into_cluster else (here, there)",
            "holder, target = (here, there)",
        ),
        (
            "clusters-that-were-read-are-strangers",
            "if not self._signs(text) and",
            "if text and",
        ),
    ),
    *in_module(
        "importers/kubernetes/load.py",
        "tests/e2e/test_clusters.py",
        (
            "policies-of-eks-hold-everywhere",
            "for place in each.namespaces or (None,):",
            "for place in (None,):",
        ),
    ),
)

KUBERNETES: tuple[Fault, ...] = (*_DECIDE, *_MOVES, *_BECOMING, *_OBJECTS, *_CLUSTERS)
