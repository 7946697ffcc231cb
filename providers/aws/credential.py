"""The credential of one AWS account: its fields and their validation."""

from __future__ import annotations

import re
from typing import ClassVar, Final, Self

from pydantic import Field, SecretStr, field_validator, model_validator

from skyclust.contract import CredentialModel
from skyclust.providerkit.credential_fields import refuse_whitespace, require_match
from skyclust.providerkit.permissions import OperatorPermissions

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference-arns.html
_ROLE_ARN: Final = re.compile(r"arn:aws[a-z-]*:iam::\d{12}:role/[\w+=,.@/-]+")
# https://docs.aws.amazon.com/STS/latest/APIReference/API_AssumeRole.html, ExternalId
_EXTERNAL_ID: Final = re.compile(r"[\w+=,.@:/-]{2,1224}", re.ASCII)
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
_EXPORT: Final = re.compile(
    r"s3://(?P<bucket>[a-z0-9][a-z0-9.-]{1,61}[a-z0-9])/(?P<path>[\w!.*'()-]+(/[\w!.*'()-]+)*)",
    re.ASCII,
)
_ACCOUNT: Final = re.compile(r"\d{12}", re.ASCII)
_REGION: Final = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")


class AwsCredential(CredentialModel):
    """Keys, a profile, or neither (the worker's own identity); a role may be assumed on top.

    Field names are the SDK's own. Keys and a profile exclude each other, so that the identity is
    never ambiguous.
    """

    # STS shows the external id to the owner of the assumed role (CloudTrail).
    destination_fields: ClassVar[frozenset[str] | None] = frozenset({"endpoint", "role_arn"})

    access_key_id: str | None = Field(
        default=None,
        title="Access key ID",
        description="The public part of an access key, for example AKIA... or ASIA...",
    )
    secret_access_key: SecretStr | None = Field(
        default=None,
        title="Secret access key",
        description="The secret part of the access key.",
    )
    session_token: SecretStr | None = Field(
        default=None,
        title="Session token",
        description="Only for temporary keys (ASIA...). They end after hours and are not renewed.",
    )
    profile: str | None = Field(
        default=None,
        title="Profile",
        description="Name of a profile in the AWS files of the machine that runs the worker,"
        " in place of keys.",
    )
    role_arn: str | None = Field(
        default=None,
        title="Role ARN",
        description="Role to assume with the keys, the profile or, without both, the worker's own"
        " identity: arn:aws:iam::123456789012:role/skyclust. Renewed by itself.",
    )
    external_id: SecretStr | None = Field(
        default=None,
        title="External ID",
        description="The external id that the role's trust policy demands.",
    )
    region: str | None = Field(
        default=None,
        title="Default region",
        description="Where account-wide requests are sent, for example for its regions."
        " Empty: the profile's region, else us-east-1. Set it for China and GovCloud.",
    )

    cost_export: str | None = Field(
        default=None,
        title="Cost export",
        description="Where AWS Data Exports deliver FOCUS rows:"
        " s3://bucket/prefix/export-name. Empty: costs are read from Cost Explorer.",
    )
    cost_export_region: str | None = Field(
        default=None,
        title="Region of the cost export",
        description="Region of the bucket of the export. Empty: the default region.",
    )
    cost_billing_account: str | None = Field(
        default=None,
        title="Billing account",
        description="Account whose bill it is: that of the organization's management account."
        " Empty: the account of the export or of the credential.",
    )
    cost_calls_limit: int = Field(
        default=100,
        ge=1,
        le=10_000,
        title="Most calls of Cost Explorer",
        description="Calls of Cost Explorer that one run may make. AWS charges 0.01 USD for each.",
    )
    metrics_limit: int = Field(
        default=20_000,
        ge=4,
        le=10_000_000,
        title="Most metrics of CloudWatch",
        description="Metrics that one run may read, four for each instance. AWS charges 0.01 USD"
        " for 1,000.",
    )

    _whitespace = field_validator("access_key_id", "secret_access_key", "session_token")(
        refuse_whitespace
    )

    @field_validator("role_arn")
    @classmethod
    def _check_role_arn(cls, value: str | None) -> str | None:
        message = "is not the ARN of a role (arn:aws:iam::123456789012:role/name)"
        return require_match(value, _ROLE_ARN, message)

    @field_validator("external_id")
    @classmethod
    def _check_external_id(cls, value: SecretStr | None) -> SecretStr | None:
        # STS would repeat a malformed external id in its error message.
        message = "has 2 to 1224 letters, digits or characters of _+=,.@:/-"
        return require_match(value, _EXTERNAL_ID, message)

    @field_validator("cost_export")
    @classmethod
    def _check_cost_export(cls, value: str | None) -> str | None:
        message = "is not the address of an export (s3://bucket/prefix/export-name)"
        return require_match(value and value.rstrip("/"), _EXPORT, message)

    @field_validator("cost_billing_account")
    @classmethod
    def _check_billing_account(cls, value: str | None) -> str | None:
        return require_match(value, _ACCOUNT, "is not the id of an account (12 digits)")

    @field_validator("region", "cost_export_region")
    @classmethod
    def _check_region(cls, value: str | None) -> str | None:
        return require_match(value, _REGION, "is not the name of a region (eu-central-1)")

    @model_validator(mode="after")
    def _check_one_identity(self) -> Self:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("access_key_id and secret_access_key belong together: give both")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("session_token is of use only together with an access key")
        if self.profile is not None and self.access_key_id is not None:
            raise ValueError("give an access key or a profile, not both")
        if self.external_id is not None and self.role_arn is None:
            raise ValueError("external_id is of use only together with role_arn")
        if self.endpoint is not None and self.access_key_id is None:
            raise ValueError(
                "an endpoint needs an access key: requests that the worker's own identity or"
                " profile signs go to AWS alone"
            )
        return self

    def export_address(self) -> tuple[str, str] | None:
        """Return the bucket of the export and the export's path in it; None without an export."""
        match = _EXPORT.fullmatch(self.cost_export or "")
        return (match["bucket"], match["path"]) if match else None

    def check_permitted(self, permissions: OperatorPermissions) -> None:
        """Raise ConfigurationError for a profile or worker identity that the operator forbids."""
        if self.profile is not None:
            permissions.require_profile(self.profile)
        elif self.access_key_id is None:
            permissions.require_worker_identity("the AWS identity of the worker")
