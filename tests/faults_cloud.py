"""Faults of cloud policies: each switches off one rule of AWS, which its name begins with."""

from __future__ import annotations

from tests.fault_kit import Fault, in_module

_CASES = "tests/cloud/aws/test_decide.py tests/cloud/aws/test_asking.py"

CLOUD: tuple[Fault, ...] = (
    *in_module(
        "cloud/aws/decide.py",
        _CASES,
        (
            "a1-denies-in-identity-policies",
            "        Part(Layer.IDENTITY, caller.policies),\n",
            "",
        ),
        (
            "a23-sessions-have-the-tags-of-their-role",
            "return role.trust is None or may_allow(role.trust, _TAGGING)",
            "return False",
        ),
        (
            "a23-every-session-is-tagged",
            "return role.trust is None or may_allow(role.trust, _TAGGING)",
            "return True",
        ),
        (
            "a23-tags-that-are-not-listed-are-open",
            "tags_known=caller.kind in (Kind.LOGIN, Kind.ROLE) and not tagged",
            "tags_known=False",
        ),
        (
            "a23-a-whole-question-leaves-tags-open",
            "is Kind.ROLE and not whole and tags_sessions",
            "is Kind.ROLE and tags_sessions",
        ),
        (
            "a2-session-limits-nothing",
            "limits.append(session)",
            "pass",
        ),
        (
            "a3-one-level-that-allows-is-enough",
            "needed = [Part(Layer.SCP, level.scps) for level in near] if bound else []",
            "needed = [Part(Layer.SCP, level.scps) for level in near[:1]] if bound else []",
        ),
        (
            "a4-managing-account-is-bound",
            "return (() if account.management else account.levels), []",
            "return account.levels, []",
        ),
        (
            "a4-service-linked-roles-are-bound",
            "bound = caller.kind in OWN_POLICIES and not caller.service_linked",
            "bound = caller.kind in OWN_POLICIES",
        ),
        (
            "a5-rcps-are-those-of-the-caller",
            "denies += [Part(Layer.RCP, level.rcps, Named.ACCOUNT) for level in far]",
            "denies += [Part(Layer.RCP, level.rcps, Named.ACCOUNT) for level in near]",
        ),
        (
            "a5-every-service-heeds-rcps",
            "if service in WITH_RCPS and not caller.service_linked:",
            "if not caller.service_linked:",
        ),
        (
            "a6-boundary-limits-nothing",
            "limits.append(Part(Layer.BOUNDARY, _one(caller.boundary)))",
            "pass",
        ),
        (
            "a6-deny-in-a-boundary-is-none",
            "        Part(Layer.BOUNDARY, _one(caller.boundary)),\n",
            "",
        ),
        (
            "a7-role-that-is-named-has-no-boundary",
            "return (own, *itself, (resource(Named.ROLE, Named.ROLE), *limits))",
            "return (own, *itself, (resource(Named.ROLE, Named.ROLE),))",
        ),
        (
            "a7-login-that-is-named-has-a-boundary",
            "itself: list[tuple[Part | Step, ...]] = [(resource(Named.CALLER),)]",
            "itself: list[tuple[Part | Step, ...]] = [(resource(Named.CALLER), *limits)]",
        ),
        (
            "a8-keys-leave-it-to-identity-policies",
            '_NEEDS_RESOURCE = frozenset({"kms"})',
            "_NEEDS_RESOURCE = frozenset()",
        ),
        (
            "a9-trust-in-the-account-is-enough",
            "own = (resource(Named.ACCOUNT, Named.ACCOUNT), *own)",
            "own = (resource(Named.ACCOUNT, Named.ACCOUNT),)",
        ),
        (
            "a10-one-side-is-enough-across-accounts",
            "return ((resource(Named.ACCOUNT), *own),)",
            "return ((resource(Named.ACCOUNT),),)",
        ),
        (
            "a11-who-am-i-can-be-denied",
            "if action.lower() == OF_ALL:",
            'if action.lower() == "sts:nothing":',
        ),
        (
            "a13-works-on-no-resource-and-is-granted-on-one",
            'resource = "*"  # it works',
            'notes.append("")  # it works',
        ),
        (
            "a24-session-says-nothing",
            'absent=["aws:username"], present=["aws:TokenIssueTime"]',
            'absent=["aws:username"]',
        ),
    ),
    *in_module(
        "cloud/aws/steps.py",
        _CASES,
        (
            "a12-case-of-actions-matters",
            "_glob(text).matches(action, fold=True)",
            "_glob(text).matches(action, fold=False)",
        ),
        (
            "a13-case-of-resources-does-not-matter",
            "_glob(text).matches(request.resource)",
            "_glob(text).matches(request.resource, fold=True)",
        ),
        ("a15-not-action-is-action", "return among is not actions.negated", "return among"),
        (
            "a16-not-resource-is-resource",
            "return (answer.without if resources.negated else answer), ()",
            "return answer, ()",
        ),
        (
            "a23-unknown-variable-fits",
            "if filled.unknown:",
            "if not filled.pieces:",
        ),
        (
            "policy-that-is-missing-says-nothing",
            "        if policy.damaged:\n            best",
            "        if False:\n            best",
        ),
    ),
    *in_module(
        "cloud/aws/principals.py",
        _CASES,
        (
            "a17-deny-spares-who-has-a-boundary",
            "if not allows and caller.boundary is not None:",
            "if not allows and caller is None:",
        ),
        (
            "a17-not-principal-is-principal",
            "if not principals.negated:\n        return found",
            "if principals is not None:\n        return found",
        ),
        (
            "a18-statement-without-a-principal-is-about-everyone",
            "if principals is None:\n        return _NOBODY",
            "if principals is None:\n        return Match(Named.CALLER, Answer.YES)",
        ),
        (
            "a19-session-is-named-with-the-path-of-its-role",
            "assumed-role/{caller.name}/",
            "assumed-role{caller.path}{caller.name}/",
        ),
        (
            "a19-ids-name-nobody",
            "if text == caller.arn or (caller.unique_id and text == caller.unique_id):",
            "if text == caller.arn:",
        ),
    ),
    *in_module(
        "cloud/aws/documents.py",
        _CASES,
        (
            "a12-malformed-actions-match",
            'fits = all("!" <= c <= "~" and c not in ",;" for c in action)',
            "action, fits = action.strip(), True",
        ),
        (
            "statement-that-cannot-be-read-is-none",
            "        self.damaged = True\n",
            "        pass\n",
        ),
    ),
    *in_module(
        "cloud/aws/authorization.py",
        _CASES,
        (
            "a26-any-version-is-in-force",
            "policy = versions.pop(default, None)",
            "policy = next(iter(versions.values()), None)",
        ),
        (
            "a25-groups-give-nothing",
            "further = tuple(policy for group in mine for policy in group.policies)",
            "further = ()",
        ),
        (
            "boundary-that-is-missing-is-none",
            'boundary = _attached(_text(limit.get("PermissionsBoundaryArn")), managed)',
            'boundary = managed[""].policy if "" in managed else None',
        ),
        (
            "list-of-names-is-an-export",
            "if not isinstance(export, Mapping) or not any(key in export for key in _LISTS):",
            "if not isinstance(export, Mapping):",
        ),
    ),
    *in_module(
        "cloud/truth.py",
        _CASES,
        (
            "deny-that-may-match-is-none",
            "Answer.CONDITIONAL: Answer.CONDITIONAL,",
            "Answer.CONDITIONAL: Answer.YES,",
        ),
    ),
    *in_module(
        "cloud/aws/patterns.py",
        "tests/cloud/aws/test_patterns.py",
        (
            "too-complex-is-no",
            "            open_ = open_ or found is None\n            without_any",
            "            open_ = open_ and found is None\n            without_any",
        ),
        (
            "patterns-forget-what-is-denied",
            "if area.answer.without >= level:",
            "if area.answer.without is not None:",
        ),
        (
            "patterns-forget-the-organisation",
            "for part in (*parts, *said.needed):",
            "for part in parts:",
        ),
        (
            "patterns-nothing-under-a-condition-where-nothing-is-sure",
            "if found is False and not said.graded:",
            "if found is False:",
        ),
        (
            "patterns-other-accounts-answer-as-ones-own",
            "return Answer.YES if subject.policy.statements else Answer.UNKNOWN",
            "return Answer.NO",
        ),
        (
            "policy-of-a-bucket-is-that-of-others",
            "yield _Region((*inside, mine), self.spared, Subject(account, policy))",
            "yield _Region(inside, self.spared, Subject(account, policy))",
        ),
    ),
    *in_module(
        "cloud/aws/steps.py",
        "tests/cloud/aws/test_patterns.py",
        (
            "variable-that-nobody-knows-is-sure",
            "(open_ if filled.unknown else sure).append(Glob.of(filled.pieces))",
            "sure.append(Glob.of(filled.pieces))",
        ),
        (
            "policy-that-is-missing-denies-nothing-in-patterns",
            "            yield Area(Answer.UNKNOWN, (), negated=True)\n",
            "            pass\n",
        ),
    ),
    *in_module(
        "cloud/languages.py",
        "tests/cloud/test_languages.py",
        (
            "search-that-ended-early-proves-nothing",
            "_TOO_COMPLEX = Witness(Outcome.TOO_COMPLEX)",
            "_TOO_COMPLEX = Witness(Outcome.NOTHING)",
        ),
    ),
    *in_module(
        "cloud/aws/escalation.py",
        "tests/cloud/aws/test_escalation.py",
        (
            "tags-are-a-gain-where-sessions-have-any",
            "(other.kind is Kind.ROLE and tags_sessions(other))",
            "(other.kind is Kind.SERVICE and tags_sessions(other))",
        ),
        (
            "tags-are-a-gain-where-nobody-asks",
            "or not self._asked_for.of(other)",
            "or not self._asked_for",
        ),
        (
            "with-other-tags-one-is-as-before",
            "id(me.boundary), me.any_tags",
            "id(me.boundary), False",
        ),
        (
            "a28-role-is-passed-to-any-service",
            'self._passed[service] = self.context.knowing({"iam:PassedToService": service})',
            "self._passed[service] = self.context",
        ),
        (
            "a28-trust-of-the-role-does-not-matter",
            "return service in self._trusting[role]",
            "return bool(service) and bool(role)",
        ),
        (
            "a29-reserved-roles-are-changed",
            '_RESERVED = ("/aws-service-role/", "/aws-reserved/")',
            '_RESERVED = ("/nothing/",)',
        ),
        (
            "to-assume-a-role-is-a-change",
            "return replace(self._move(me, role, (ASSUME,), [decision]), changes=0)",
            "return self._move(me, role, (ASSUME,), [decision])",
        ),
        (
            "changes-side-by-side-add",
            "                if move.answer >= at_least:\n",
            "                if move.answer >= at_least and not into.changes:\n",
        ),
        (
            "what-runs-already-runs-as-the-role-for-sure",
            "answer=min(move.answer, Answer.CONDITIONAL),",
            "answer=move.answer,",
        ),
        (
            "a26-older-versions-are-never-put-in-force",
            "changed = tuple(version if each is policy else each for each in other.policies)",
            "changed = other.policies",
        ),
        (
            "boundary-stays-whatever-is-done",
            "free = replace(other, boundary=None)",
            "free = other",
        ),
    ),
    *in_module(
        "cloud/aws/asker.py",
        "tests/cloud/aws/test_asker.py",
        (
            "asker-every-resource-is-like-the-first",
            'return named is None or (not named.negated and "*" in named.texts)',
            "return True",
        ),
        (
            "asker-all-but-some-is-all",
            '(not named.negated and "*" in named.texts)',
            'named.negated or "*" in named.texts',
        ),
        (
            "asker-boundaries-are-like-for-every-resource",
            "            yield self.me.boundary\n",
            "            pass\n",
        ),
        (
            "asker-limits-are-like-for-every-resource",
            "            yield from level.scps\n",
            "",
        ),
        (
            "asker-what-a-request-says-is-forgotten",
            'key = (action, "" if alike else resource, told)',
            'key = (action, "" if alike else resource, "")',
        ),
        (
            "asker-trust-is-not-enough-at-home",
            "if role.account != self.me.account and not self.speaks(ASSUME):",
            "if not self.speaks(ASSUME):",
        ),
    ),
    *in_module(
        "cloud/aws/kinds.py",
        "tests/cloud/aws/test_patterns.py",
        (
            "patterns-one-account-is-every-account",
            "glob for glob in globs if _account_of(glob) in (None, account)",
            "globs",
        ),
    ),
    *in_module(
        "cloud/aws/steps.py",
        _CASES,
        (
            "all-services-but-some-are-none",
            "if near.negated or near.texts",
            "if near.texts",
        ),
    ),
    *in_module(
        "cloud/aws/alike.py",
        "tests/cloud/aws/test_alike.py",
        (
            "alike-whoever-asks",
            "self._limits\n            or any(",
            "any(",
        ),
        (
            "alike-own-names-do-not-matter",
            "            or any(personal for _, personal in (*own, *bound))\n",
            "",
        ),
        (
            "alike-policies-of-resources-name-nobody",
            "            or not self._named.isdisjoint(names)\n",
            "",
        ),
        (
            "alike-boundaries-do-not-matter",
            "            tuple(number for number, _ in bound),\n",
            "",
        ),
        (
            "alike-conditions-do-not-matter",
            "        statement.conditions,\n",
            "",
        ),
        (
            "alike-what-cannot-be-read-does-not-matter",
            "(tuple(map(_content, policy.statements)), policy.damaged)",
            "tuple(map(_content, policy.statements))",
        ),
    ),
    *in_module(
        "cloud/aws/steps.py",
        "tests/cloud/aws/test_asker.py",
        (
            "asker-a-variable-names-nobody",
            'or any("${" in text or _glob(text)',
            "or any(_glob(text)",
        ),
        (
            "asker-all-but-some-is-nothing",
            "        or each.resources.negated\n",
            "",
        ),
    ),
    *in_module(
        "evaluate/aws.py",
        "tests/cloud/aws/test_asker.py tests/cloud/aws/test_escalation.py",
        (
            "a-condition-on-the-way-is-forgotten",
            "answer = min(decision.answer, each.answer)",
            "answer = decision.answer",
        ),
    ),
    *in_module(
        "cloud/aws/groups.py",
        "tests/cloud/aws/test_groups.py",
        (
            "kinds-of-resources-are-alike",
            "arns = self._catalogue.arns_of(action)",
            "arns = ()",
        ),
        (
            "what-is-needed-at-once-is-alike",
            "self._catalogue.needed_by(action), said",
            "said",
        ),
        (
            "denies-tell-no-actions-apart",
            "            for allows in (True, False)",
            "            for allows in (True,)",
        ),
        (
            "boundaries-tell-no-actions-apart",
            "            *([] if caller.boundary is None else [caller.boundary]),\n",
            "",
        ),
        (
            "limits-tell-no-actions-apart",
            "            *(scp for level in bound for scp in level.scps),\n",
            "",
        ),
        (
            "resources-tell-no-actions-apart",
            "            *(policy for _, policy in sorted(self._estate.resources.items())),\n",
            "",
        ),
    ),
    *in_module(
        "cloud/aws/rights.py",
        "tests/cloud/aws/test_rights.py",
        (
            "nobody-is-named-by-resources",
            ".named >= Named.ROLE",
            ".named > Named.CALLER",
        ),
        (
            "resources-name-only-callers",
            ".named >= Named.ROLE",
            ".named >= Named.CALLER",
        ),
        (
            "torn-policies-of-resources-name-nobody",
            "found[None] = found.get(None, frozenset()) | of",
            "pass",
        ),
        (
            "what-is-not-among-actions-is-nothing",
            'return self._named("*") - found if statement.actions.negated else found',
            "return found",
        ),
        (
            "organisations-make-no-administrators",
            "if within_organisation and part.layer in _OF_ORGANISATION",
            "if part.layer in ()",
        ),
        (
            "boundaries-make-no-difference",
            "_OF_ORGANISATION = frozenset({Layer.SCP, Layer.RCP})",
            "_OF_ORGANISATION = frozenset({Layer.SCP, Layer.RCP, Layer.BOUNDARY})",
        ),
        (
            "whoever-is-shut-out-has-everything",
            "return not statement.allows and every and _everywhere(statement)",
            "return False",
        ),
        (
            "a-condition-shuts-everybody-out",
            "return not statement.allows and every and _everywhere(statement)",
            "return not statement.allows and every",
        ),
    ),
    *in_module(
        "cloud/aws/patterns.py",
        "tests/cloud/aws/test_together.py",
        (
            "a27-one-resource-is-enough",
            "if others and (level is Answer.YES",
            "if others and False and (level is Answer.YES",
        ),
        (
            "a27-what-is-needed-may-be-left-out",
            '_ALL_NEEDED = frozenset({"ec2", "glue"})',
            "_ALL_NEEDED = frozenset[str]()",
        ),
        (
            "a27-one-answer-is-that-of-all",
            "    if decision.answer <= sought.level:",
            "    if decision.answer <= Answer.YES:",
        ),
        (
            "a27-what-was-not-found-is-allowed",
            "found = tuple(arn for arn in others if arn not in sought.lacking)",
            "found = others",
        ),
        (
            "a27-what-is-under-a-condition-is-allowed",
            "{_FOUND[sought.level]} {listed(found)}",
            "{_FOUND[Answer.YES]} {listed(found)}",
        ),
        (
            "a27-names-are-in-lower-case",
            "_alone(catalogue.spelled(name), others)",
            "_alone(name, others)",
        ),
        (
            "kinds-are-told-apart-by-stars",
            "replace(\n                self, wanted=wanted, spared=spared, only=arn",
            "replace(\n                self, wanted=wanted, spared=(), only=arn",
        ),
    ),
    *in_module(
        "cloud/aws/kinds.py",
        "tests/cloud/aws/test_together.py",
        (
            "a27-a-resource-is-beside-itself",
            "    if like:\n        rest.remove(",
            "    if like and False:\n        rest.remove(",
        ),
        (
            "a27-a-part-is-the-thing",
            "rest.remove(max(like,",
            "rest.remove(min(like,",
        ),
        (
            "a27-a-star-crosses-segments",
            'parts, form = resource.split(":", 5), _form(arn)',
            'parts, form = [resource], [Glob.parse(BLANK.sub("*", arn))]',
        ),
    ),
    *in_module(
        "cloud/aws/decide.py",
        "tests/cloud/aws/test_together.py",
        (
            "a27-what-else-is-needed-is-not-named",
            "    if not needed:\n        return decision\n",
            "    if needed:\n        return decision\n",
        ),
    ),
)
