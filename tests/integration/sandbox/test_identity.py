"""Authentication in the sandbox AWS: keys, roles and permissions."""

from __future__ import annotations

import json
import urllib.error
import urllib.request

import pytest

from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.sandbox.aws import client, refusal

pytestmark = pytest.mark.integration


def test_the_keys_belong_to_their_accounts(aws_sandbox: Sandbox) -> None:
    for key, account in (
        (aws_sandbox.access_key, aws_sandbox.account),
        (aws_sandbox.other_access_key, aws_sandbox.other_account),
    ):
        caller = client("sts", aws_sandbox.endpoint, key=key).get_caller_identity()
        assert caller["Account"] == account
        assert caller["Arn"] == f"arn:aws:iam::{account}:user/skyclust"


def test_an_unknown_key_is_refused_with_the_error_code_of_each_service(
    aws_sandbox: Sandbox,
) -> None:
    ec2, sts, elb = (
        client(service, aws_sandbox.endpoint, key="AKIAIOSFODNN7EXAMPLE")
        for service in ("ec2", "sts", "elbv2")
    )
    assert refusal(ec2.describe_instances) == ("AuthFailure", 401)
    assert refusal(sts.get_caller_identity) == ("InvalidClientTokenId", 403)
    assert refusal(elb.describe_load_balancers) == ("InvalidClientTokenId", 403)


def test_a_call_without_a_signature_is_refused(aws_sandbox: Sandbox) -> None:
    url = f"{aws_sandbox.endpoint}/?Action=DescribeInstances&Version=2016-11-15"
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(url, timeout=10)
    with caught.value as reply:
        assert reply.code == 403
        assert b"MissingAuthenticationToken" in reply.read()


def test_accounts_do_not_see_each_other(aws_estate: Sandbox) -> None:
    other = client("ec2", aws_estate.endpoint, key=aws_estate.other_access_key)
    assert other.describe_instances()["Reservations"] == []


def assume(sandbox: Sandbox, *, external_id: str, role: str = "skyclust") -> dict[str, str]:
    arn = f"arn:aws:iam::{sandbox.other_account}:role/{role}"
    sts = client("sts", sandbox.endpoint)
    reply = sts.assume_role(RoleArn=arn, RoleSessionName="tests", ExternalId=external_id)
    credentials: dict[str, str] = reply["Credentials"]
    return credentials


def test_a_role_is_assumed_with_its_external_id(aws_sandbox: Sandbox) -> None:
    temporary = assume(aws_sandbox, external_id=aws_sandbox.external_id)
    caller = client(
        "sts",
        aws_sandbox.endpoint,
        key=temporary["AccessKeyId"],
        session_token=temporary["SessionToken"],
    ).get_caller_identity()
    assert caller["Account"] == aws_sandbox.other_account
    assert caller["Arn"].endswith(":assumed-role/skyclust/tests")


def test_a_wrong_external_id_and_an_unknown_role_get_the_same_denial(aws_sandbox: Sandbox) -> None:
    sts = client("sts", aws_sandbox.endpoint)
    arn = f"arn:aws:iam::{aws_sandbox.other_account}:role/"
    parameters = {"RoleSessionName": "tests", "ExternalId": aws_sandbox.external_id}
    denied = ("AccessDenied", 403)
    wrong = {**parameters, "ExternalId": "another"}
    assert refusal(sts.assume_role, RoleArn=f"{arn}skyclust", **wrong) == denied
    without = {"RoleSessionName": "tests"}
    assert refusal(sts.assume_role, RoleArn=f"{arn}skyclust", **without) == denied
    assert refusal(sts.assume_role, RoleArn=f"{arn}nobody", **parameters) == denied


def test_a_created_role_follows_its_trust_policy(aws_sandbox: Sandbox) -> None:
    iam = client("iam", aws_sandbox.endpoint, region="us-east-1", key=aws_sandbox.other_access_key)
    statement = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName="open", AssumeRolePolicyDocument=json.dumps(policy))
    assert assume(aws_sandbox, external_id="whatever", role="open")["AccessKeyId"]


def test_temporary_keys_need_their_session_token(aws_sandbox: Sandbox) -> None:
    temporary = assume(aws_sandbox, external_id=aws_sandbox.external_id)
    for token in (None, "another"):
        sts = client("sts", aws_sandbox.endpoint, key=temporary["AccessKeyId"], session_token=token)
        assert refusal(sts.get_caller_identity) == ("InvalidClientTokenId", 403)


def test_a_deactivated_key_is_refused(aws_sandbox: Sandbox) -> None:
    iam = client("iam", aws_sandbox.endpoint, region="us-east-1")
    key = iam.create_access_key(UserName="skyclust")["AccessKey"]["AccessKeyId"]
    sts = client("sts", aws_sandbox.endpoint, key=key)
    assert sts.get_caller_identity()["Account"] == aws_sandbox.account
    iam.update_access_key(UserName="skyclust", AccessKeyId=key, Status="Inactive")
    assert refusal(sts.get_caller_identity) == ("InvalidClientTokenId", 403)


def test_simulated_permissions_follow_the_faults_in_force(aws_sandbox: Sandbox) -> None:
    iam = client("iam", aws_sandbox.endpoint, region="us-east-1")

    def decisions() -> dict[str, str]:
        reply = iam.simulate_principal_policy(
            PolicySourceArn=f"arn:aws:iam::{aws_sandbox.account}:user/skyclust",
            ActionNames=["ec2:RunInstances", "ec2:DescribeInstances"],
        )
        return {
            result["EvalActionName"]: result["EvalDecision"]
            for result in reply["EvaluationResults"]
        }

    assert set(decisions().values()) == {"allowed"}
    aws_sandbox.inject(Fault(kind=FaultKind.DENY, action="RunInstances"))
    assert decisions() == {"ec2:RunInstances": "explicitDeny", "ec2:DescribeInstances": "allowed"}
    nobody = {"PolicySourceArn": "arn:aws:iam::1:user/nobody", "ActionNames": ["ec2:RunInstances"]}
    assert refusal(iam.simulate_principal_policy, **nobody) == ("NoSuchEntity", 404)
