"""The identity and permissions of credentials; assumed roles and their renewal."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import botocore.credentials
import pytest

from providers.aws.authentication import open_session
from providers.aws.client import client_config
from providers.aws.credential import AwsCredential
from providers.aws.provider import AwsProvider
from skyclust.errors import AuthenticationFailed, PermissionDenied
from skyclust.model.resource import ResourceKind
from skyclust_sandbox.faults import Fault, FaultKind
from tests.fixtures.sandbox import Sandbox
from tests.integration.aws.conftest import REGION

pytestmark = pytest.mark.integration
Connect = Callable[..., AwsProvider]


@pytest.fixture
def role(aws_sandbox: Sandbox) -> dict[str, str]:
    """Return the fields that name the role of the other account."""
    return {
        "role_arn": f"arn:aws:iam::{aws_sandbox.other_account}:role/{aws_sandbox.role_name}",
        "external_id": aws_sandbox.external_id,
    }


def test_account_and_principal(provider: AwsProvider, aws_sandbox: Sandbox) -> None:
    identity = provider.verify()
    assert identity.account == aws_sandbox.account
    assert identity.principal == f"arn:aws:iam::{aws_sandbox.account}:user/skyclust"
    assert identity.missing_permissions == ()


def test_a_role_is_assumed_in_another_account(
    connect: Connect, aws_sandbox: Sandbox, role: dict[str, str]
) -> None:
    identity = connect(**role).verify()
    assert identity.account == aws_sandbox.other_account
    assert identity.principal.endswith(":assumed-role/skyclust/skyclust")
    assert identity.missing_permissions == ()


@pytest.mark.parametrize("external_id", ["wrong-external-id", ""])
def test_a_wrong_external_id_is_refused_and_not_repeated(
    connect: Connect, role: dict[str, str], external_id: str
) -> None:
    provider = connect(**{**role, "external_id": external_id})
    with pytest.raises(PermissionDenied, match="sts:AssumeRole") as refused:
        provider.verify()
    assert "external-id" not in str(refused.value)
    with pytest.raises(PermissionDenied):
        list(provider.list_resources(REGION, ResourceKind.INSTANCE))


def test_a_role_is_renewed_before_it_expires(
    credential: AwsCredential,
    aws_sandbox: Sandbox,
    role: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given = {**credential.model_dump(exclude_unset=True), **role}
    session = open_session(AwsCredential.model_validate(given), client_config(1))
    credentials: Any = session.get_credentials()
    first = credentials.get_frozen_credentials()
    assert credentials.get_frozen_credentials() == first
    assert aws_sandbox.calls()["AssumeRole"] == 1

    # The role lasts an hour; botocore renews it a quarter of an hour before its end.
    def later() -> datetime:
        return datetime.now(UTC) + timedelta(minutes=46)

    credentials._time_fetcher = later
    monkeypatch.setattr(botocore.credentials, "_local_now", later)
    renewed = credentials.get_frozen_credentials()
    assert renewed.access_key != first.access_key
    assert aws_sandbox.calls()["AssumeRole"] == 2


def test_denied_calls_are_missing_permissions(provider: AwsProvider, aws_sandbox: Sandbox) -> None:
    aws_sandbox.inject(
        Fault(kind=FaultKind.DENY, action="TerminateInstances"),
        Fault(kind=FaultKind.DENY, action="DescribeVolumes"),
    )
    missing = provider.verify().missing_permissions
    assert missing == ("ec2:DescribeVolumes", "ec2:TerminateInstances")


def test_without_the_simulation_each_call_is_tried(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(
        Fault(kind=FaultKind.DENY, action="SimulatePrincipalPolicy"),
        Fault(kind=FaultKind.DENY, action="StopInstances"),
    )
    assert provider.verify().missing_permissions == ("ec2:StopInstances",)


def test_permissions_on_costs_are_looked_for_where_the_credential_names_costs(
    connect: Connect, provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(
        Fault(kind=FaultKind.DENY, action="GetCostAndUsage"),
        Fault(kind=FaultKind.DENY, action="GetObject"),
    )
    assert provider.verify().missing_permissions == ()
    billing = connect(cost_billing_account=aws_sandbox.account)
    assert billing.verify().missing_permissions == ("ce:GetCostAndUsage",)
    exported = connect(cost_export="s3://company-billing/exports/focus")
    assert exported.verify().missing_permissions == ("ce:GetCostAndUsage", "s3:GetObject")


def test_a_bucket_that_may_not_be_listed_is_tried_without_the_simulation(
    connect: Connect, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(
        Fault(kind=FaultKind.DENY, action="SimulatePrincipalPolicy"),
        Fault(kind=FaultKind.DENY, action="ListObjectsV2"),
    )
    exported = connect(cost_export="s3://company-billing/exports/focus")
    assert exported.verify().missing_permissions == ("s3:ListBucket",)
    assert "GetCostAndUsage" not in aws_sandbox.calls()


def test_permissions_that_a_dry_run_cannot_check_are_unknown(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DENY, action="SimulatePrincipalPolicy"))
    assert provider.verify().missing_permissions is None


def test_verifying_changes_nothing(provider: AwsProvider, aws_sandbox: Sandbox) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DENY, action="SimulatePrincipalPolicy"))
    provider.verify()
    for kind in (ResourceKind.INSTANCE, ResourceKind.DISK):
        assert [r for page in provider.list_resources(REGION, kind) for r in page] == []


def test_an_expired_key_is_reported_in_every_region(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.EXPIRE))
    for call in (
        provider.verify,
        provider.regions,
        lambda: list(provider.list_resources(REGION, ResourceKind.LOAD_BALANCER)),
        lambda: provider.find_instances(REGION, "t-1"),
    ):
        with pytest.raises(AuthenticationFailed):
            call()


@pytest.mark.parametrize("kind", [ResourceKind.INSTANCE, ResourceKind.LOAD_BALANCER])
def test_a_region_that_is_not_enabled_is_a_denied_permission(
    provider: AwsProvider, kind: ResourceKind
) -> None:
    assert "af-south-1" not in provider.regions()
    with pytest.raises(PermissionDenied, match="af-south-1 is not enabled"):
        list(provider.list_resources("af-south-1", kind))


def test_a_wrong_key_is_reported_in_every_region(connect: Connect) -> None:
    wrong = connect(access_key_id="AKIAWRONG")
    for region in (REGION, "af-south-1", "us-east-1"):
        with pytest.raises(AuthenticationFailed):
            list(wrong.list_resources(region, ResourceKind.DISK))


def test_a_denied_region_does_not_affect_other_regions(
    provider: AwsProvider, aws_sandbox: Sandbox
) -> None:
    aws_sandbox.inject(Fault(kind=FaultKind.DENY, region="us-west-2"))
    with pytest.raises(PermissionDenied):
        list(provider.list_resources("us-west-2", ResourceKind.SUBNET))
    assert list(provider.list_resources("us-west-1", ResourceKind.SUBNET))
