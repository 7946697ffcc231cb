"""STS and IAM: moto, with trust policies and the simulation of permissions added."""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.iam.responses import IamResponse
from moto.sts.responses import TokenResponse

from skyclust_sandbox.aws.accounts import find_role, may_assume
from skyclust_sandbox.aws.cloud import AwsCloud, cloud_of
from skyclust_sandbox.aws.wire import Refusal, Refused, access_key_of
from skyclust_sandbox.faults import FaultKind


class SandboxSts(TokenResponse):
    """The Security Token Service API."""

    def get_access_key(self) -> str:
        """Return the caller's access key id, which may have any form."""
        return access_key_of(self.headers.get("Authorization", "")) or ""

    def assume_role(self) -> ActionResult:
        """Return temporary keys of a role that exists and trusts the caller.

        AWS replies AccessDenied in both other cases, so that roles cannot be guessed.
        """
        arn = self._get_param("RoleArn")
        role = find_role(arn)
        if role is None or not may_assume(role, self._get_param("ExternalId")):
            caller = self.backend.get_caller_identity(self.get_access_key(), self.region)[1]
            denied = f"User: {caller} is not authorized to perform: sts:AssumeRole on resource: "
            raise Refused(Refusal("AccessDenied", denied + arn, 403))
        return super().assume_role()


class SandboxIam(IamResponse):
    """The Identity and Access Management API."""

    cloud: AwsCloud

    def setup_class(self, request: Any, *arguments: Any, **named: Any) -> None:
        """Read the request."""
        super().setup_class(request, *arguments, **named)
        self.cloud = cloud_of(request.environ)

    def get_access_key(self) -> str:
        """Return the caller's access key id, which may have any form."""
        return access_key_of(self.headers.get("Authorization", "")) or ""

    def simulate_principal_policy(self) -> ActionResult:
        """Return which actions are allowed: all but those that a permanent fault denies."""
        source = self._get_param("PolicySourceArn")
        if not self._exists(source):
            raise Refused(Refusal("NoSuchEntity", f"Entity {source} cannot be found.", 404))
        results = [
            {
                "EvalActionName": action,
                "EvalResourceName": "*",
                "EvalDecision": "explicitDeny" if self._denied(action) else "allowed",
            }
            for action in self._get_param("ActionNames", [])
        ]
        return ActionResult({"EvaluationResults": results, "IsTruncated": False})

    def _exists(self, arn: str) -> bool:
        return find_role(arn) is not None or any(
            user.arn == arn for user in self.backend.users.values()
        )

    def _denied(self, action: str) -> bool:
        operation = action.partition(":")[2]
        return any(
            standing.fault.kind is FaultKind.DENY
            and standing.fault.probability == 1
            and standing.fault.region is None
            and standing.fault.matches(operation, self.region, self.get_access_key())
            for standing in self.cloud.conditions.faults.standing()
        )
