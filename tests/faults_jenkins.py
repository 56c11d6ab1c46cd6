"""Faults in what matrices and roles of Jenkins decide, and in how their files are read."""

from __future__ import annotations

from tests.fault_kit import Fault, in_module

_CASES = "tests/cloud/jenkins/test_decide.py"

JENKINS: tuple[Fault, ...] = (
    *in_module(
        "cloud/jenkins/rights.py",
        _CASES,
        (
            "optional-rights-are-an-administrator's",
            "if right not in _BY_THEMSELVES and seen != ADMINISTER:",
            "if seen != ADMINISTER:",
        ),
        ("dangerous-rights-are-granted", "if right in _DANGEROUS:", "if right in ():"),
        ("who-configures-does-not-replay", '"Run/Replay": CONFIGURE,', ""),
        (
            "jobs-make-administrators",
            'group not in {"Overall", "Agent", "Cloud", "Role Based Strategy"}',
            'group not in {"Agent", "Cloud", "Role Based Strategy"}',
        ),
    ),
    *in_module(
        "cloud/jenkins/decide.py",
        _CASES,
        (
            "what-anybody-may-nobody-else-may",
            "        yield Entry(Kind.NAME, ANONYMOUS)\n",
            "        if not self.signs_in:\n            yield Entry(Kind.NAME, ANONYMOUS)\n",
        ),
        ("nobody-is-authenticated", "(AUTHENTICATED, *self.groups)", "self.groups"),
        (
            "everybody-is-authenticated",
            "        if self.signs_in:\n            for group",
            "        if self:\n            for group",
        ),
        (
            "names-are-groups",
            "if who.kind is not Kind.EITHER and who.kind is not entry.kind:",
            "if who.kind is Kind.EITHER and who.kind is entry.kind:",
        ),
        (
            "case-makes-another-name",
            "return Answer.CONDITIONAL if who.name.casefold() == entry.name.casefold() else",
            "return Answer.CONDITIONAL if who.name == entry.name else",
        ),
        (
            "jobs-count-beside-one-matrix",
            "if known.strategy is Strategy.MATRIX or (job is None and agent is None):",
            "if job is None and agent is None:",
        ),
        (
            "folders-have-no-entries",
            'parent = job.rpartition("/")[0]',
            'parent = ""',
        ),
        (
            "everything-is-inherited",
            "        if own.inherits is Inherits.PARENT:\n",
            "        if own.inherits:\n",
        ),
        (
            "nothing-of-the-instance-is-inherited",
            "        if own.inherits is not Inherits.NOTHING:\n            return top\n",
            "",
        ),
        (
            "administrators-are-shut-out",
            '        return _found(self._instance.matrix, caller, ADMINISTER, Layer.GLOBAL, "")\n',
            "        return _NO\n",
        ),
        (
            "damaged-entries-are-none",
            "    if matrix.damaged:\n",
            '    if matrix.damaged and where == "":\n',
        ),
        (
            "a-pattern-is-of-a-part",
            "regex(role.pattern).fullmatch(name)",
            "regex(role.pattern).search(name)",
        ),
        (
            "a-pattern-that-is-not-understood-is-of-nothing",
            "    except (PatternError, UnicodeEncodeError):\n        return Answer.CONDITIONAL",
            "    except (PatternError, UnicodeEncodeError):\n        return Answer.NO",
        ),
        ("a-macro-is-a-role", 'if role.name.startswith("@"):', 'if role.name.startswith("?"):'),
        (
            "roles-of-jobs-are-everywhere",
            "_of_roles(known.agent_roles, caller",
            "_of_roles(known.item_roles, caller",
        ),
        (
            "who-does-not-sign-in-may-do-everything",
            "may = caller.signs_in or reads",
            "may = True or reads",
        ),
        (
            "who-configures-changes-no-entries",
            "            yield CONFIGURE, job\n",
            "            yield ADMINISTER, job\n",
        ),
        (
            "folders-change-jobs-that-inherit-nothing",
            "if own is not None and own.inherits is not Inherits.PARENT:",
            "if own is None:",
        ),
        (
            "one-matrix-is-changed-in-jobs",
            "if strategy is not Strategy.PROJECT_MATRIX or not is_of_items(right):",
            "if not is_of_items(right):",
        ),
        (
            "who-changes-roles-gains-nothing",
            '                yield "Role Based Strategy/ItemRoles", None\n',
            "                yield ADMINISTER, None\n",
        ),
    ),
    *in_module(
        "cloud/jenkins/read.py",
        _CASES,
        (
            "agents-inherit-nothing",
            "inherits = Inherits.GLOBAL if is_node else Inherits.PARENT",
            "inherits = Inherits.NOTHING if is_node else Inherits.PARENT",
        ),
        (
            "older-files-inherit-everything",
            '(element.findtext("blocksInheritance") or "").strip() == "true"',
            '(element.findtext("blocksInheritance") or "").strip() == "yes"',
        ),
        (
            "names-end-at-a-colon",
            '(text if kind is None else rest).partition(":")',
            '(text if kind is None else rest).rpartition(":")',
        ),
        (
            "security-is-always-on",
            '(root.findtext("useSecurity") or "").strip() == "false"',
            '(root.findtext("useSecurity") or "").strip() == "no"',
        ),
        (
            "who-does-not-sign-in-may-read",
            'if strategy is Strategy.SIGNED_IN and denied != "true":',
            "if strategy is Strategy.SIGNED_IN:",
        ),
        (
            "templates-add-to-roles",
            "rights = self._templates.get(role.template, frozenset())",
            "rights = rights | self._templates.get(role.template, frozenset())",
        ),
        (
            "the-last-strategy-counts",
            "if self._strategy is not None and self._strategy[0] is not strategy:",
            "if self._strategy is None:",
        ),
        (
            "entries-that-are-none-are-passed-over",
            '            self._damaged(path, f"element {record}: expected',
            '            self.problems.append(f"element {record}: expected',
        ),
        (
            "jobs-have-the-names-of-their-last-folder",
            "        at -= 2\n",
            "        break\n",
        ),
        (
            "one-damaged-job-hides-all",
            "        if job is not None:\n            self._items[job] = Matrix(",
            '        if job is None:\n            self._items[""] = Matrix(',
        ),
    ),
)
