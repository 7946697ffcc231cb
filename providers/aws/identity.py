"""The identity of a credential, and the required permissions that it lacks."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from providers.aws.errors import aws_errors
from skyclust.errors import InvalidRequest, PermissionDenied, SkyClustError
from skyclust.model.identity import Identity

if TYPE_CHECKING:
    from providers.aws.client import AwsClients

NEEDED_PERMISSIONS: Final = (
    "ec2:AttachVolume",
    "ec2:CreateSnapshots",
    "ec2:CreateTags",
    "ec2:CreateVolume",
    "ec2:DeleteSnapshot",
    "ec2:DeleteTags",
    "ec2:DeleteVolume",
    "ec2:DescribeAddresses",
    "ec2:DescribeImages",
    "ec2:DescribeInstanceTypeOfferings",
    "ec2:DescribeInstanceTypes",
    "ec2:DescribeInstances",
    "ec2:DescribeRegions",
    "ec2:DescribeSecurityGroups",
    "ec2:DescribeSnapshots",
    "ec2:DescribeSubnets",
    "ec2:DescribeVolumes",
    "ec2:DescribeVpcs",
    "ec2:DetachVolume",
    "ec2:GetConsoleOutput",
    "ec2:ModifyInstanceAttribute",
    "ec2:RebootInstances",
    "ec2:ReleaseAddress",
    "ec2:RunInstances",
    "ec2:StartInstances",
    "ec2:StopInstances",
    "ec2:TerminateInstances",
    "elasticloadbalancing:DescribeLoadBalancers",
    "elasticloadbalancing:DescribeTags",
)
"""The actions that the provider calls, without those for costs and metrics, which are optional. The
policy in docs/providers/aws.md allows exactly these, the ones for costs and metrics, and those of
the verification."""

COST_PERMISSIONS: Final = ("ce:GetCostAndUsage", "s3:GetObject", "s3:ListBucket")
"""What a credential needs that names an export of costs: Cost Explorer for the totals, the bucket
for the rows. One that names a billing account alone needs the first. They are not
verified of other credentials: most read the inventory, and another one the bill."""

# Well-formed ids of no instance and no image; with DryRun EC2 changes nothing anyway.
_NO_INSTANCE: Final = "i-00000000000000000"
_NO_IMAGE: Final = "ami-00000000000000000"


def get_identity(clients: AwsClients) -> Identity:
    """Return account and principal, and the missing permissions where AWS reports them.

    Raises AuthenticationFailed when AWS does not accept the credential. Source:
    https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    """
    with aws_errors("identify the credential"):
        caller = clients.sts().get_caller_identity()
        account, principal = caller["Account"], caller["Arn"]
    return Identity(
        provider="aws",
        account=account,
        principal=principal,
        missing_permissions=_missing_permissions(clients, principal),
    )


def _missing_permissions(clients: AwsClients, principal: str) -> tuple[str, ...] | None:
    if principal.endswith(":root"):
        return ()  # the root user has all permissions, and IAM cannot simulate it
    try:
        return _simulate(clients, principal)
    except SkyClustError:
        # The credential may not simulate, or the endpoint has no IAM: try each call.
        return to_missing({**_dry_run(clients), **_try_costs(clients)})


def _cost_permissions(clients: AwsClients, principal: str) -> dict[str, str]:
    """Return the permissions on costs that the credential needs, with the resource of each.

    Policies name the bucket of an export: IAM denies them on any other resource.
    """
    export, partition = clients.cost_export, principal.partition(":")[2].partition(":")[0]
    needed = {}
    if export is not None or clients.billing_account is not None:
        needed["ce:GetCostAndUsage"] = "*"
    if export is not None:
        bucket = f"arn:{partition}:s3:::{export.bucket}"
        needed["s3:ListBucket"] = bucket
        needed["s3:GetObject"] = f"{bucket}/{export.path}/*"
    return needed


def _try_costs(clients: AwsClients) -> Mapping[str, bool | None]:
    """Return for each permission on costs whether it is granted, None when that is unknown.

    A call of Cost Explorer has a price, and which object there is is not known: neither is tried.
    """
    export = clients.cost_export
    allowed: dict[str, bool | None] = {}
    if export is not None or clients.billing_account is not None:
        allowed["ce:GetCostAndUsage"] = None
    if export is not None:
        s3 = clients.s3(export.region)
        allowed["s3:GetObject"] = None
        allowed["s3:ListBucket"] = _is_allowed(
            lambda: s3.list_objects_v2(Bucket=export.bucket, Prefix=f"{export.path}/", MaxKeys=1)
        )
    return allowed


def _simulate(clients: AwsClients, principal: str) -> tuple[str, ...]:
    """Return the required permissions that IAM denies to a principal, those on costs too.

    Source: https://docs.aws.amazon.com/IAM/latest/APIReference/API_SimulatePrincipalPolicy.html
    """
    iam = clients.iam()
    pages = iam.get_paginator("simulate_principal_policy")
    with aws_errors("simulate the permissions of the credential"):
        source = _policy_source(clients, principal)
        to_test: list[tuple[Sequence[str], str]] = [(NEEDED_PERMISSIONS, "*")]
        to_test += [([name], on) for name, on in _cost_permissions(clients, principal).items()]
        results = [
            result
            for names, on in to_test
            for page in pages.paginate(PolicySourceArn=source, ActionNames=names, ResourceArns=[on])
            for result in page.get("EvaluationResults", ())
        ]
    denied = {r["EvalActionName"] for r in results if r["EvalDecision"] != "allowed"}
    return tuple(sorted(denied))


def _policy_source(clients: AwsClients, principal: str) -> str:
    """Return the ARN of the user or role whose policies a principal has.

    The ARN of an assumed role lacks the path of the role, so the ARN is read from IAM.
    """
    _, is_role, session = principal.partition(":assumed-role/")
    if not is_role:
        return principal
    role = session.split("/", maxsplit=1)[0]
    with aws_errors(f"read role {role}"):
        return clients.iam().get_role(RoleName=role)["Role"]["Arn"]


def _dry_run(clients: AwsClients) -> Mapping[str, bool | None]:
    """Return for each permission whether EC2 permits the call, None when that is unknown.

    With DryRun EC2 answers DryRunOperation when the call is permitted, and UnauthorizedOperation
    when it is not. Some calls check the instance or image first. elb has no DryRun, so only its
    read calls are made.
    """
    ec2 = clients.ec2(clients.home_region)
    elbv2 = clients.elbv2(clients.home_region)
    no_instance = [_NO_INSTANCE]
    calls: dict[str, Callable[[], object]] = {
        "ec2:DescribeAddresses": lambda: ec2.describe_addresses(DryRun=True),
        "ec2:DescribeImages": lambda: ec2.describe_images(Owners=["self"], DryRun=True),
        "ec2:DescribeInstances": lambda: ec2.describe_instances(DryRun=True),
        "ec2:DescribeRegions": lambda: ec2.describe_regions(DryRun=True),
        "ec2:DescribeSecurityGroups": lambda: ec2.describe_security_groups(DryRun=True),
        "ec2:DescribeSnapshots": lambda: ec2.describe_snapshots(OwnerIds=["self"], DryRun=True),
        "ec2:DescribeSubnets": lambda: ec2.describe_subnets(DryRun=True),
        "ec2:DescribeVolumes": lambda: ec2.describe_volumes(DryRun=True),
        "ec2:DescribeVpcs": lambda: ec2.describe_vpcs(DryRun=True),
        "ec2:ModifyInstanceAttribute": lambda: ec2.modify_instance_attribute(
            InstanceId=_NO_INSTANCE, InstanceType={"Value": "t3.micro"}, DryRun=True
        ),
        "ec2:RebootInstances": lambda: ec2.reboot_instances(InstanceIds=no_instance, DryRun=True),
        "ec2:RunInstances": lambda: ec2.run_instances(
            MinCount=1, MaxCount=1, ImageId=_NO_IMAGE, InstanceType="t3.micro", DryRun=True
        ),
        "ec2:StartInstances": lambda: ec2.start_instances(InstanceIds=no_instance, DryRun=True),
        "ec2:StopInstances": lambda: ec2.stop_instances(InstanceIds=no_instance, DryRun=True),
        "ec2:TerminateInstances": lambda: ec2.terminate_instances(
            InstanceIds=no_instance, DryRun=True
        ),
        "elasticloadbalancing:DescribeLoadBalancers": lambda: elbv2.describe_load_balancers(
            PageSize=1
        ),
    }
    return {
        permission: _is_allowed(calls[permission]) if permission in calls else None
        for permission in NEEDED_PERMISSIONS
    }


def _is_allowed(call: Callable[[], object]) -> bool | None:
    try:
        with aws_errors("try a call"):
            call()
    except PermissionDenied:
        return False
    except InvalidRequest as error:
        return True if error.code == "DryRunOperation" else None
    except SkyClustError:
        return None
    return True


def to_missing(allowed: Mapping[str, bool | None]) -> tuple[str, ...] | None:
    """Return the permissions known to be missing; None when none are, but some are unknown."""
    missing = tuple(sorted(name for name, is_allowed in allowed.items() if is_allowed is False))
    if not missing and None in allowed.values():
        return None
    return missing
