"""Faults of what is read besides IAM, and of the pull that writes it."""

from __future__ import annotations

from tests.fault_kit import Fault, in_module

_ORGANIZATION = "tests/cloud/aws/test_organization.py tests/cloud/aws/test_organization_laws.py"

PULL: tuple[Fault, ...] = (
    *in_module(
        "cloud/aws/organization.py",
        _ORGANIZATION,
        (
            "organisation-missing-content-is-no-policy",
            "            return Policy.missing(name)\n        form",
            "            return Policy(name)\n        form",
        ),
        (
            "organisation-unknown-targets-are-none",
            "                targets = known\n",
            "                targets = set()\n",
        ),
        (
            "organisation-lost-account-is-free",
            'return Level("a level that the export does not name", (unknown,), (unknown,))',
            'return Level("a level that the export does not name", (_OFF,), ())',
        ),
        (
            "organisation-managing-account-is-bound",
            "Account(number, tuple(made), number == management)",
            "Account(number, tuple(made), management=False)",
        ),
        (
            "organisation-switched-off-policies-limit",
            "        if not on[SCP]:\n",
            "        if False:\n",
        ),
        (
            "organisation-targets-that-come-first-are-of-no-kind",
            "        listed.kind = listed.kind or kind  # its targets may have come first\n",
            "",
        ),
        (
            "organisation-levels-from-below",
            "        return tuple(reversed(chain))",
            "        return tuple(chain)",
        ),
        (
            "organisation-unread-policies-are-none",
            'kinds[SCP] = [Policy.missing(f"service control policies of {name}")]',
            "kinds[SCP] = [_OFF]",
        ),
    ),
    *in_module(
        "cloud/aws/pages.py",
        _ORGANIZATION,
        (
            "pages-missing-page-is-not-said",
            "    return any(cut) or any(export.get(key) for key in _GOES_ON)",
            "    return any(cut)",
        ),
    ),
    *in_module(
        "cloud/aws/inventory.py",
        "tests/cloud/aws/test_inventory.py",
        (
            "inventory-one-region-is-all-of-them",
            "and all(self.lists.get(",
            "and any(self.lists.get(",
        ),
        (
            "inventory-cut-list-is-whole",
            "whole = len(self.pages.problems) == before and not self._cut(where)",
            "whole = True",
        ),
        (
            "inventory-names-of-projects-are-all-there-is-to-know",
            "                unsure |= keys\n",
            "                pass\n",
        ),
        (
            "inventory-instance-without-a-known-role-is-passed-over",
            "                unsure.add((owner, EC2))\n",
            "                pass\n",
        ),
        (
            "inventory-commands-run-in-any-container",
            ' and each.get("enableExecuteCommand") is True:',
            ":",
        ),
        (
            "inventory-stacks-that-are-gone-run",
            '_GONE = ("DELETE_COMPLETE", "terminated")',
            "_GONE = ()",
        ),
    ),
    *in_module(
        "cloud/aws/escalation.py",
        "tests/cloud/aws/test_inventory.py",
        (
            "escalation-inventory-is-decided-on-anything",
            "            if launch.itself:\n",
            "            if False:\n",
        ),
        (
            "escalation-what-is-not-there-may-run",
            "if known is not None and known.covers(role.account, launch.service):",
            "if False:",
        ),
        (
            "escalation-inventory-that-was-not-read-says-no",
            "if known is not None and known.covers(role.account, launch.service):",
            "if known is not None:",
        ),
    ),
    *in_module(
        "cloud/aws/credentials.py",
        "tests/cloud/aws/test_credentials.py",
        (
            "credentials-dates-without-a-zone-are-taken",
            "        if found.tzinfo is None:\n",
            "        if False:\n",
        ),
        (
            "credentials-what-is-not-supported-is-no",
            "        if value in _NONE:\n            return None\n        if value.lower()",
            "        if value in _NONE:\n            return False\n        if value.lower()",
        ),
        (
            "credentials-keys-that-are-off-are-on",
            "return Key(slot, active is not False, rotated, used)",
            "return Key(slot, True, rotated, used)",
        ),
        (
            "credentials-short-rows-are-dropped-in-silence",
            "            elif len(row) != len(header):\n                pages.say(",
            "            elif len(row) != len(header):\n                str(",
        ),
    ),
    *in_module(
        "cloud/aws/resource_policies.py",
        "tests/cloud/aws/test_resource_policies.py",
        (
            "resources-listed-without-a-policy-have-none",
            'Policy.missing(arn, "it is listed and its policy was not read")',
            "Policy(arn)",
        ),
        (
            "resources-one-region-is-all-of-them",
            'regions = {""} if service == "s3" else used',
            'regions = {""} if service == "s3" else {"eu-west-1"}',
        ),
        (
            "resources-that-differ-are-the-first",
            "            self.torn.add(arn)\n",
            "            pass\n",
        ),
        (
            "resources-buckets-have-no-owner",
            '                    self.owners[f"arn:aws:s3:::{arn}"] = account\n',
            "                    pass\n",
        ),
    ),
    *in_module(
        "cloud/aws/identity_center.py",
        "tests/cloud/aws/test_identity_center.py",
        (
            "people-of-groups-use-nothing",
            "{Use(person, role, each.holder, sure, each) for person in members}",
            "set[Use]()",
        ),
        (
            "roles-of-other-paths-are-reserved",
            'role/aws-reserved/sso\\.amazonaws\\.com/(?:[^/]+/)*"',
            'role/(?:[^/]+/)*"',
        ),
        (
            "role-of-one-name-is-sure-to-be-it",
            "                sure = len(candidates) == 1\n",
            "                sure = True\n",
        ),
        (
            "role-is-of-no-account",
            "there.setdefault((account_in(arn), found[1]), []).append(arn)",
            'there.setdefault(("", found[1]), []).append(arn)',
        ),
        (
            "members-that-were-not-read-are-none",
            "            elif each.group and each.holder not in self.members:\n",
            "            elif False:\n",
        ),
    ),
    *in_module(
        "pull/calls.py",
        "tests/cloud/aws/test_pull.py",
        (
            "pull-first-page-alone",
            "            if client.can_paginate(method):\n",
            "            if False:\n",
        ),
        (
            "pull-anything-may-be-called",
            "        if operation not in READ_ONLY.get(service, frozenset()):\n",
            "        if False:\n",
        ),
        (
            "pull-does-not-wait",
            '"max_attempts": 10',
            '"max_attempts": 1',
        ),
        (
            "pull-what-is-denied-is-not-said",
            "            (self.denied if code in _DENIED else self.failed).append(refused)\n",
            "            del refused\n",
        ),
        (
            "pull-changes-something",
            'frozenset({"GetJobs"})',
            'frozenset({"GetJobs", "UpdateJob"})',
        ),
    ),
    *in_module(
        "pull/folder.py",
        "tests/cloud/aws/test_pull.py",
        (
            "pull-keeps-whatever-is-there",
            "return {key: kept(answer[key], below) for key,",
            "return dict(answer) or {key: kept(answer[key], below) for key,",
        ),
        (
            "pull-writes-into-full-folders",
            "any(path.iterdir())",
            "False",
        ),
        (
            "pull-names-lead-elsewhere",
            "    if _PLAIN.fullmatch(name):",
            "    if name:",
        ),
    ),
    *in_module(
        "pull/aws.py",
        "tests/cloud/aws/test_pull.py",
        (
            "pull-functions-with-their-variables",
            '     {"Functions": _all("FunctionName", "FunctionArn", "Role")}),\n',
            "     None),\n",
        ),
        (
            "pull-roots-alone",
            'pending += [each["Id"] for each in below',
            '[each["Id"] for each in below',
        ),
    ),
    *in_module(
        "cli/pull.py",
        "tests/cloud/aws/test_pull.py",
        (
            "pull-that-lacks-something-is-done",
            "Exit.DONE if pulled.complete else Exit.INCOMPLETE",
            "Exit.DONE",
        ),
    ),
    *in_module(
        "evaluate/aws.py",
        _ORGANIZATION,
        (
            "organisation-accounts-without-exports-are-not-said",
            "(*organisation.problems, *organisation.compared(exported))",
            "organisation.problems",
        ),
    ),
)
