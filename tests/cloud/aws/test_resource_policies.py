"""Policies of resources in the shapes in which people have them, and which were not read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sod_analyzer.cloud.aws import resource_policies
from sod_analyzer.evaluate import aws
from tests.cloud.aws.kit import NO, ONE, TWO, UNKNOWN, YES, Small, allow
from tests.cloud.aws.test_organization import exports

HOME = "eu-west-1"
BOOKS, LOGS = "arn:aws:s3:::acme.books", "arn:aws:s3:::acme.logs"
KEY = f"arn:aws:kms:{HOME}:{ONE}:key/k-1"
QUEUE = f"arn:aws:sqs:{HOME}:{ONE}:orders"
TOPIC = f"arn:aws:sns:{HOME}:{ONE}:news"
SECRET = f"arn:aws:secretsmanager:{HOME}:{ONE}:secret:db-AbCdEf"
PAY = f"arn:aws:lambda:{HOME}:{ONE}:function:pay"
OPEN = {"Version": "2012-10-17", "Statement": [allow("s3:GetObject", to={"AWS": TWO})]}
TEXT = json.dumps(OPEN)


def pulled() -> dict[str, Any]:
    """What each call printed for one account with one region in use."""
    at = f"{ONE}/{HOME}"
    return {
        f"{ONE}/describe-regions.json": {"Regions": [{"RegionName": HOME}]},
        f"{ONE}/list-buckets.json": {"Buckets": [{"Name": "acme.books"}, {"Name": "acme.logs"}]},
        f"{ONE}/get-bucket-policy/acme.books.json": {"Policy": TEXT},
        f"{ONE}/get-bucket-policy/acme.logs.json": {"Policy": None},
        f"{at}/list-keys.json": {"Keys": [{"KeyId": "k-1", "KeyArn": KEY}]},
        f"{at}/get-key-policy/k-1.json": {"Policy": TEXT, "PolicyName": "default"},
        f"{at}/list-functions.json": {"Functions": [{"FunctionArn": PAY}]},
        f"{at}/get-policy/pay.json": {"Policy": TEXT, "RevisionId": "1"},
        f"{at}/list-secrets.json": {"SecretList": [{"ARN": SECRET, "Name": "db"}]},
        f"{at}/get-resource-policy/db.json": {"ARN": SECRET, "ResourcePolicy": TEXT},
        f"{at}/list-queues.json": {"QueueUrls": [f"https://sqs.{HOME}.example/{ONE}/orders"]},
        f"{at}/get-queue-attributes/orders.json": {
            "Attributes": {"QueueArn": QUEUE, "Policy": TEXT}
        },
        f"{at}/list-topics.json": {"Topics": [{"TopicArn": TOPIC}]},
        f"{at}/get-topic-attributes/news.json": {"Attributes": {"TopicArn": TOPIC, "Policy": TEXT}},
    }


WITH_POLICIES = [KEY, PAY, BOOKS, SECRET, TOPIC, QUEUE]
ALL = {"s3", "kms", "lambda", "secretsmanager", "sqs", "sns"}


def read(found: dict[str, Any]) -> resource_policies.ResourcePolicies:
    return resource_policies.read(sorted(found.items()))


def test_what_the_calls_printed_is_read_whole() -> None:
    found = read(pulled())

    assert found.problems == ()
    assert sorted(found.policies) == sorted(WITH_POLICIES)
    assert found.owners == {BOOKS: ONE, LOGS: ONE}
    assert found.read_services == ALL
    for policy in found.policies.values():
        assert [each.principals.aws for each in policy.statements if each.principals] == [(TWO,)]


@pytest.mark.parametrize(
    "export",
    [
        [{"Resource": BOOKS, "Policy": TEXT, "Account": ONE}, {"Resource": KEY, "Policy": OPEN}],
        {BOOKS: TEXT, KEY: OPEN},
    ],
    ids=["records", "by ARN"],
)
def test_records_and_objects_are_read_and_make_no_service_whole(export: Any) -> None:
    found = read({"policies.json": export})

    assert found.problems == ()
    assert sorted(found.policies) == [KEY, BOOKS]
    assert found.owners == ({BOOKS: ONE} if isinstance(export, list) else {})
    assert found.read_services == set()


@pytest.mark.parametrize(
    ("left_out", "service", "arn"),
    [
        (f"{ONE}/get-bucket-policy/acme.logs.json", "s3", LOGS),
        (f"{ONE}/{HOME}/get-key-policy/k-1.json", "kms", KEY),
        (f"{ONE}/{HOME}/get-queue-attributes/orders.json", "sqs", QUEUE),
    ],
)
def test_a_policy_that_was_not_read_is_missing_and_not_none(
    left_out: str, service: str, arn: str
) -> None:
    some = pulled()
    del some[left_out]

    found = read(some)

    assert found.problems == (f"{arn}: it is listed and its policy was not read",)
    assert found.policies[arn].damaged
    assert found.read_services == ALL - {service}


def test_a_region_a_list_a_page_or_an_account_that_is_missing_leaves_services_unread() -> None:
    region, listing, page, further = pulled(), pulled(), pulled(), pulled()
    region[f"{ONE}/describe-regions.json"]["Regions"].append({"RegionName": "us-east-1"})
    del listing[f"{ONE}/list-buckets.json"]
    page[f"{ONE}/{HOME}/list-keys.json"]["NextMarker"] = "more"
    further[f"{TWO}/list-buckets.json"] = {"Buckets": []}

    assert read(region).read_services == {"s3"}
    assert read(listing).read_services == ALL - {"s3"}
    assert read(page).read_services == ALL - {"kms"}
    assert read(further).read_services == {"s3"}
    unsaid = {name: each for name, each in pulled().items() if "regions" not in name}
    assert read(unsaid).read_services == {"s3"}
    told = resource_policies.read(sorted(unsaid.items()), regions=[HOME])
    assert told.read_services == ALL


@pytest.mark.parametrize(
    ("export", "said"),
    [
        ([{"Resource": "books", "Policy": {}}], "Resource is 'books', no ARN"),
        ([{"Resource": 4}], "Resource is 4, not a text"),
        ([{"Resource": KEY}], f"{KEY} has no Policy"),
        ({"Users": []}, "it holds no policies of resources"),
        ({KEY: "{"}, f"{KEY}: '{{' is no JSON"),
        ([5], "5 is no object"),
        ({"Keys": [{"KeyId": "x"}]}, "KeyArn is missing"),
    ],
)
def test_what_is_wrong_is_said(export: Any, said: str) -> None:
    assert any(said in text for text in read({"p.json": export}).problems)


def test_a_policy_that_differs_is_not_sure() -> None:
    found = read({"a.json": {BOOKS: OPEN}, "b.json": {BOOKS: {**OPEN, "Id": "x"}}})

    assert found.policies[BOOKS].damaged
    assert any("is there twice and differs" in text for text in found.problems)


def answer(found: resource_policies.ResourcePolicies, resource: str) -> aws.Decision:
    asked = aws.load(exports(TWO), resource_policies=found, catalogue=Small())
    return asked.decide(f"arn:aws:iam::{TWO}:user/ann", "s3:GetObject", f"{resource}/x")


def test_decisions_rest_on_what_was_read() -> None:
    lacking = pulled()
    del lacking[f"{ONE}/get-bucket-policy/acme.books.json"]

    assert answer(read(pulled()), BOOKS).answer is YES
    assert answer(read(pulled()), LOGS).answer is NO  # another account's, and nobody lets it in
    assert answer(read(lacking), BOOKS).answer is UNKNOWN


_JSON = st.recursive(
    st.none() | st.integers() | st.text(max_size=4),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["Resource", "Policy", "Attributes", "Keys", "KeyArn", "Buckets", "arn:x"]
            ),
            inner,
            max_size=3,
        )
    ),
    max_leaves=8,
)


@given(_JSON, st.sampled_from(["x.json", f"{ONE}/{HOME}/get-key-policy/k.json"]))
def test_nothing_that_is_json_makes_it_fail(export: Any, name: str) -> None:
    found = read({name: export})

    assert all(arn.startswith("arn:") or policy.damaged for arn, policy in found.policies.items())
