"""Faults in what becomes of AWS accounts: their import, and the decisions of their policies."""

from __future__ import annotations

from tests.fault_kit import Fault, in_module

_WORLD = "tests/e2e/test_aws.py"
_PEOPLE = "tests/e2e/test_aws_people.py"

AWS: tuple[Fault, ...] = (
    *in_module(
        "cloud/aws/tags.py",
        "tests/cloud/aws/test_escalation.py",
        (
            "only-conditions-ask-for-tags",
            'if any("${" in text and _OF_TAGS in text.lower() for text in texts):',
            "if not texts:",
        ),
    ),
    *in_module(
        "cloud/aws/reaching.py",
        "tests/cloud/aws/test_reaching.py",
        (
            "variables-reach-their-own-names-alone",
            'return Glob.parse(_VARIABLE.sub("*", text))',
            "return Glob.parse(text)",
        ),
        (
            "what-cannot-be-read-reaches-nothing",
            "            if policy.damaged:\n                return None",
            "            if policy.damaged:\n                continue",
        ),
        (
            "all-but-some-reaches-these",
            "if each.resources is None or each.resources.negated:",
            "if each.resources is None:",
        ),
        (
            "no-resource-lets-anybody-near",
            "if not names or self._has_policy(resources):",
            "if not names:",
        ),
        ("roles-let-nobody-in-by-name", "name in ASSUMING", "name in ()"),
        (
            "what-keys-say-is-known",
            'or name.partition(":")[0] in self._needed',
            'and name.partition(":")[0] in self._needed',
        ),
        (
            "no-resource-is-near-none",
            "return _is_of_none(glob) or _meets(glob, resources)",
            "return _meets(glob, resources)",
        ),
        (
            "actions-on-no-resource-fit-nowhere",
            "if not self._catalogue.arns_of(name))",
            "if self._catalogue.arns_of(name) is None)",
        ),
        (
            "a-service-has-one-kind-of-resource",
            "found.setdefault(of, []).append((_kind(arn, partition), frozenset(names)))",
            "found.setdefault(of, [(_kind(arn, partition), frozenset(names))])",
        ),
    ),
    *in_module(
        "cloud/aws/rights.py",
        "tests/cloud/aws/test_reaching.py",
        (
            "not-everybody-may-ask-who-one-is",
            "return self._named(OF_ALL)",
            "return frozenset()",
        ),
    ),
    *in_module(
        "importers/aws/load.py",
        _WORLD,
        (
            "accounts-share-a-system",
            "return self._systems.get(number, self._builder.spec.system)",
            "return self._builder.spec.system",
        ),
        (
            "lists-of-logins-alone-are-taken",
            "if isinstance(each, Mapping) and any(key in each for key in LISTS):",
            "if isinstance(each, Mapping):",
        ),
    ),
    *in_module(
        "importers/aws/importer.py",
        _WORLD,
        ("several-accounts-are-one", "if len(nameless) > 1:", "if len(nameless) > 9:"),
    ),
    *in_module(
        "importers/aws/parts.py",
        _WORLD,
        (
            "an-organisation-is-passed-over",
            "        if found is not None:\n            return found",
            "        if found is not None:\n            return Part.NOTES",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        "tests/e2e/test_clusters.py",
        (
            "who-takes-a-role-of-pods-is-known",
            "if arn not in given and any(",
            "if arn in given and any(",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        _WORLD,
        (
            "what-anybody-may-do-rests-on-the-first-one",
            "target.principal if _is_anybody(move.who) else move.who,",
            "move.who,",
        ),
        (
            "what-depends-is-sure",
            'condition = None if sure else "what the statement that allows it demands"',
            "condition = None",
        ),
        ("a-change-is-none", "own=move.changes > 0", "own=False"),
        (
            "gains-are-another-context",
            "        if node[0] is NodeKind.ROLE:\n            kind = GrantKind.ATTACHED\n",
            "",
        ),
        (
            "unread-policies-are-not-said",
            '            self._issue("unread-policies", system, number, text)',
            "            pass",
        ),
    ),
    *in_module(
        "catalogue/by_policy.py",
        _WORLD,
        (
            "unknown-is-no",
            ", Answer.UNKNOWN: Truth.UNKNOWN}",
            "}",
        ),
        (
            "conditional-is-sure",
            "return _SURE.get(answer, Truth.NO)",
            "return Truth.YES if answer is Answer.CONDITIONAL else _SURE.get(answer, Truth.NO)",
        ),
    ),
    *in_module(
        "catalogue/decided.py",
        _WORLD,
        (
            "a-placement-is-not-asked",
            "there = self._least(there, right, selector, asked, placement.environment)",
            "there = min(there, Truth.YES)",
        ),
        (
            "an-account-is-every-account",
            "everywhere = right.system == system and policies.everywhere(right, selector)",
            "everywhere = policies.everywhere(right, selector)",
        ),
    ),
    *in_module(
        "cloud/aws/rights.py",
        _WORLD,
        (
            "a-limit-leaves-nothing",
            "                    found &= self._union(policies)",
            "                    found = frozenset()",
        ),
        (
            "denied-somewhere-is-denied-everywhere",
            "                elif _everywhere(each):",
            "                else:",
        ),
        (
            "somewhere-is-everywhere",
            "return any(glob.is_everything for glob in area.globs)",
            "return any(area.globs)",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        _WORLD,
        (
            "everybody-has-every-right",
            "self._grant(start, self._anybody(me), GrantKind.ATTACHED, me.arn)",
            (
                "self._grant(start, self._anybody(me), GrantKind.ATTACHED, me.arn)\n"
                "            self._administer(me)\n"
                "            whole = self._node(Holder(administrator(me.account).arn))\n"
                "            self._grant(self._anybody(me), whole, GrantKind.ATTACHED, me.arn)"
            ),
        ),
        (
            "people-are-strangers",
            "led = self.led_to is not None and role.arn in self.led_to",
            "led = False",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        _PEOPLE,
        (
            "people-are-known-wherever-any-were-read",
            "led = self.led_to is not None and role.arn in self.led_to",
            "led = self.led_to is not None and _OF_PEOPLE in role.arn",
        ),
        (
            "whom-else-a-role-of-people-trusts-is-not-said",
            "{text for text in each.principals.aws if self._is_strange(text)}",
            "{text for text in each.principals.aws if self._is_strange(text) and not led}",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        "tests/e2e/test_aws_stopped.py",
        (
            "any-policy-outgrows-a-boundary",
            "if ANY_POLICY in gained and has_all(target):",
            "if ANY_POLICY in gained:",
        ),
    ),
    *in_module(
        "cloud/aws/gains.py",
        "tests/e2e/test_aws_stopped.py",
        (
            "any-policy-outgrows-denies",
            "limits = any(_denies(each) or each.damaged for each in principal.policies)",
            "limits = any(each.damaged for each in principal.policies)",
        ),
    ),
    *in_module(
        "cloud/aws/gains.py",
        "tests/cloud/aws/test_gains.py",
        ("what-cannot-be-read-denies-nothing", "_denies(each) or each.damaged", "_denies(each)"),
        (
            "a-policy-goes-where-one-of-two-goes",
            "if sum(each is policy for each in principal.policies) > inside:",
            "if not inside:",
        ),
        (
            "what-a-joined-group-denies-goes",
            "for each in itself.policies if _has(principal.policies, each)",
            "for each in principal.policies",
        ),
        (
            "groups-are-left-by-their-own-policies-alone",
            "_INLINE_OF_GROUP if inline else _ATTACHED_TO_GROUP",
            "_INLINE_OF_GROUP",
        ),
        (
            "denies-go-with-the-groups-joined-later",
            "    if NO_DENIES in labels:\n",
            "    if NO_DENIES in labels and ANY_POLICY in labels:\n",
        ),
        ("a-deny-allows", "return any(not each.allows", "return any(each.allows"),
    ),
    *in_module(
        "cloud/aws/escalation.py",
        "tests/cloud/aws/test_gains.py",
        (
            "denies-go-for-nothing",
            "key=lambda each: each[1].answer,",
            "key=lambda each: -each[1].answer,",
        ),
        (
            "any-policy-and-no-deny-are-two-changes",
            "yield (ANY_POLICY, *labels), _side_by_side(away, move), full",
            "yield (ANY_POLICY,), _side_by_side(away, move), full",
        ),
    ),
    *in_module(
        "assemble/rights.py",
        "tests/e2e/test_aws_chains.py",
        (
            "a-step-names-one-of-its-actions",
            '" + ".join(move.how)',
            "move.how[0]",
        ),
        (
            "steps-to-everything-rest-on-the-first-one",
            "known = move.who if _is_anybody(target.principal) else target.principal",
            "known = target.principal",
        ),
    ),
    *in_module(
        "cloud/aws/identity_center.py",
        f"tests/cloud/aws/test_identity_center.py {_PEOPLE}",
        (
            "every-role-of-people-is-led-to",
            "for key in found if key in assigned for role",
            "for key in found for role",
        ),
        (
            "a-set-leads-to-its-roles-in-every-account",
            "if key in assigned for role",
            "if key[1] in {each[1] for each in assigned if each} for role",
        ),
    ),
    *in_module(
        "importers/aws/load.py",
        _PEOPLE,
        (
            "roles-that-people-use-are-not-kept",
            "center.led_to(found.principals)",
            "()",
        ),
    ),
    *in_module(
        "detect/subjects.py",
        _WORLD,
        (
            "what-could-be-taken-is-a-role",
            'truths[self._column("kind").among(SELF_GRANTED_ROLE)] = int(Truth.NO)',
            "pass",
        ),
    ),
    *in_module(
        "detect/hygiene.py",
        _WORLD,
        (
            "own-rights-say-who-manages-groups",
            "return np.flatnonzero(~kinds.among(SELF_GRANTED_ROLE)) + first",
            "return np.arange(len(kinds.among(SELF_GRANTED_ROLE))) + first",
        ),
    ),
    *in_module(
        "spark/analysis.py",
        "tests/spark/test_laws.py",
        (
            "who-manages-far-groups-is-not-fetched",
            "            self.lake.fetch_taken(rule.managed.tolist()),\n",
            "",
        ),
    ),
    *in_module(
        "completeness/sources.py",
        _WORLD,
        (
            "a-source-feeds-one-system",
            'return frozenset((row["system"], row["source_id"]) for row in rows)',
            "return frozenset()",
        ),
    ),
)
